"""Round trips to neighbours: they tell the uplink's queue, and compare clocks. Pure; local ms.

As web/src/transfer/core/pings.ts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from unisono.peer import ctl
from unisono.peer.constants.transfer import FIRST_PINGS, PING_PERIOD_MS
from unisono.peer.file_state import Effect, Neighbour, PeerAnswered, PeerAsked, SendCtl

BUSY_PING_PERIOD_MS = 1_000.0
# A path that answers later than after so many pings is not worth measuring.
MAX_OPEN_PINGS = 32


class Pings:
    def __init__(self, neighbours: Mapping[str, Neighbour], emit: Callable[[Effect], None]) -> None:
        self._neighbours = neighbours
        self._emit = emit

    def tick(self, local_ms: float) -> None:
        for neighbour in self._neighbours.values():
            is_flowing = bool(neighbour.sending or neighbour.waiting or neighbour.live)
            is_soon = is_flowing or neighbour.ping_id < FIRST_PINGS
            period_ms = BUSY_PING_PERIOD_MS if is_soon else PING_PERIOD_MS
            if neighbour.has_said_hello and local_ms - neighbour.pinged_local_ms >= period_ms:
                self.ping(neighbour, local_ms)
        self._ping_in_turn(local_ms)

    def ping(self, neighbour: Neighbour, local_ms: float) -> None:
        self._emit(PeerAsked(neighbour.user_id))
        neighbour.ping_id += 1
        neighbour.pings[neighbour.ping_id] = local_ms
        neighbour.pings.pop(neighbour.ping_id - MAX_OPEN_PINGS, None)
        neighbour.pinged_local_ms = local_ms
        self._emit(SendCtl(neighbour.user_id, ctl.Ping(neighbour.ping_id)))

    def take(self, neighbour: Neighbour, pong: ctl.Pong, local_ms: float) -> None:
        sent_local_ms = neighbour.pings.pop(pong.id, None)
        if sent_local_ms is None:
            return
        time = pong.time if isinstance(pong.time, ctl.PeerTime) else None
        self._emit(PeerAnswered(neighbour.user_id, sent_local_ms, local_ms, time))

    def _ping_in_turn(self, local_ms: float) -> None:
        """One a tick of those who are being sent to: the pacer needs to know the uplink's queue ten times a
        second.
        """
        sent_to = [each for each in self._neighbours.values() if each.sending or each.waiting]
        longest_ago = min(sent_to, key=lambda each: each.pinged_local_ms, default=None)
        if longest_ago is not None and longest_ago.pinged_local_ms < local_ms:
            self.ping(longest_ago, local_ms)
