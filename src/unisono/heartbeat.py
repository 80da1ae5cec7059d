"""One timer that asks all control connections for signs of life, some of them at a time.

picows and aiohttp have one for each connection: memory, and a crowd of timers. Clock: the event loop's, for
waiting only.
"""

from __future__ import annotations

import asyncio

from unisono.hub import Hub
from unisono.log import log_failure

# So that the asking never holds up the loop: of 10,000 silent connections 500 are asked at once.
TICK_SEC = 0.5


async def keep_beating(hub: Hub) -> None:
    """Until it is cancelled: calls each session's `beat` every half of `heartbeat_sec`, evenly spread."""
    turns = max(1, round(hub.config.limits.heartbeat_sec / 2 / TICK_SEC))
    turn = 0
    while True:
        await asyncio.sleep(TICK_SEC)
        turn = (turn + 1) % turns
        for session in hub.sessions_of_turn(turn, turns):
            try:
                session.beat()
            except Exception as failure:  # noqa: BLE001 - one connection's trouble is not the others'
                log_failure("beat-failed", failure)
