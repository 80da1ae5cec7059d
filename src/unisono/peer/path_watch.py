"""Whether the path to a neighbour still carries anything. Pure; local ms.

aiortc says that a path is lost only after half a minute, and cannot renew it: who waits for that is without
its neighbour for as long. States: heard -> asking (silent for a while: who is asked answers) -> lost. Every
packet of the connection counts, acknowledgements too, so a neighbour whose page is busy is not silent.
"""

from __future__ import annotations

import math
from typing import Literal

# Between pings of a quiet link pass up to five seconds, of either side: any less, and all are asked.
ASK_AFTER_MS = 3_000.0
ASK_PERIOD_MS = 1_000.0
# As long as a page waits: a lift ride or a roaming Wi-Fi heals by itself within 2 s of 5 s of silence.
LOST_AFTER_MS = 7_000.0
# The network is another, so the path is probably gone; what is not, answers by then.
HURRIED_LOST_AFTER_MS = 2_000.0
# Looked at less often than that, this process stood still, and the silence was its own.
MAX_LOOK_PERIOD_MS = 1_000.0

Verdict = Literal["fine", "ask", "lost"]


class PathWatch:
    def __init__(self, local_ms: float) -> None:
        self._packets = -1
        self._heard_local_ms = local_ms
        self._looked_local_ms = local_ms
        self._asked_local_ms: float | None = None
        self._is_hurried = False

    def hurry(self, local_ms: float) -> None:
        """The network is another, or the device slept: asks at once, and waits for less."""
        self._is_hurried = True
        self._heard_local_ms = self._looked_local_ms = local_ms
        self._asked_local_ms = None

    def look(self, packets: int, local_ms: float) -> Verdict:
        """`packets` that the connection has received so far. "ask": send something that is answered."""
        if local_ms - self._looked_local_ms > MAX_LOOK_PERIOD_MS:
            self._heard_local_ms = local_ms
        self._looked_local_ms = local_ms
        if packets != self._packets:
            self._packets = packets
            self._heard_local_ms = local_ms
            if self._asked_local_ms is not None:
                self._asked_local_ms, self._is_hurried = None, False
        silent_ms = local_ms - self._heard_local_ms
        if silent_ms >= (HURRIED_LOST_AFTER_MS if self._is_hurried else LOST_AFTER_MS):
            return "lost"
        asked_ms = math.inf if self._asked_local_ms is None else local_ms - self._asked_local_ms
        if (self._is_hurried or silent_ms >= ASK_AFTER_MS) and asked_ms >= ASK_PERIOD_MS:
            self._asked_local_ms = local_ms
            return "ask"
        return "fine"
