"""So much of one kind of work in a turn of the event loop, the rest in the turns after it, in order.

A loop handles all that it has read before it reads again: of joins that come in one moment all would be
checked first, tens of ms for a hundred, and whoever's clock probe comes meanwhile would wait for it. Between
two turns the loop reads, and answers probes. Clock: none, turns are counted. It does not know the work.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Turns:
    def __init__(self, per_turn: int) -> None:
        self._per_turn = self._left = per_turn
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_next_due = False

    def take(self, work: Callable[[], None]) -> None:
        """Calls `work` now, or in a later turn behind all that wait. What it raises holds nobody else up."""
        self._waiting.append(work)
        self._go_on()

    def _go_on(self) -> None:
        if not self._is_next_due:
            self._is_next_due = True
            asyncio.get_running_loop().call_soon(self._begin)
        while self._waiting and self._left > 0:
            self._left -= 1
            self._waiting.popleft()()

    def _begin(self) -> None:
        self._is_next_due = False
        self._left = self._per_turn
        if self._waiting:
            self._go_on()
