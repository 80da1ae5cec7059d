"""Who may open a WebSocket, and when: one after the other, so that a crowd leaves gaps for clock probes.
Pure; told the time.

    (asks) --refused--> told when to come again, and nothing is kept
           --enter----> waiting --take_due--> let in: whoever opens it now owns its connection
                                --take------> the same, out of turn
                                --give_up---> (none): its turn goes to the next one

Invariants: U1 who waits is counted as a connection of its address from the first moment; `give_up`, or the
end of its session, ends that. U2 the budget of the address is looked at before the queue, so one address
holds up nobody else. U3 nobody waits longer than `longest_upgrade_wait_sec`, as seen on entering. U4 a turn
is used by whoever waits then: who has gone holds none. Clock: `global_us`. The randomness is handed in.
"""

from __future__ import annotations

import math
import random
from collections import deque

from unisono.addresses import AddressBudgets
from unisono.config import Limits
from unisono.errors import PeerError, UnisonoError
from unisono.limits import US_PER_SEC

# Turns that a busy loop was late for are caught up with, as far back as this.
LATE_US = 10_000


class UpgradeRefusedError(UnisonoError):
    """Not now. The status is 429 for what this address did and 503 for what the server cannot; the detail
    goes into the body of the response.
    """

    def __init__(self, status: int, detail: str, retry_after_sec: int) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.retry_after_sec = retry_after_sec


class WaitingUpgrade:
    """One that was let into the queue."""

    __slots__ = ("address", "is_waiting")

    def __init__(self, address: str) -> None:
        self.address = address
        self.is_waiting = True


class UpgradeQueue:
    def __init__(self, limits: Limits, addresses: AddressBudgets, randomness: random.Random) -> None:
        self._addresses = addresses
        self._randomness = randomness
        self._per_sec = limits.handshakes_per_sec
        self._interval_us = US_PER_SEC / limits.handshakes_per_sec
        self._most_waiting = max(1, round(limits.handshakes_per_sec * limits.longest_upgrade_wait_sec))
        self._next_turn_us = 0.0
        self._waiting: deque[WaitingUpgrade] = deque()
        # Who gave up or went out of turn stays in the deque until the turn comes, and is not counted.
        self._waiting_count = 0

    def __len__(self) -> int:
        return self._waiting_count

    def enter(self, address: str, global_us: int) -> WaitingUpgrade:
        """Takes a place; `take_due` returns it, at once if nobody waits. Raises `UpgradeRefusedError`."""
        try:
            self._addresses.check(address, global_us)  # U2
        except PeerError as reason:
            is_whole_server = self._addresses.is_full
            status = 503 if is_whole_server else 429
            raise UpgradeRefusedError(status, reason.detail, self._pause_sec()) from None
        if self._waiting_count >= self._most_waiting:
            # Before the address pays for it.
            raise UpgradeRefusedError(503, "too many come at once", self._pause_sec())  # U3
        if not self._addresses.upgrade(address, global_us):
            detail = "too many connections opened from this network address"
            raise UpgradeRefusedError(429, detail, self._pause_sec())
        self._addresses.connect(address, global_us)  # U1
        waiting = WaitingUpgrade(address)
        self._waiting.append(waiting)
        self._waiting_count += 1
        return waiting

    def give_up(self, waiting: WaitingUpgrade, global_us: int) -> None:
        """The client has gone, or is refused after all. Only for one that `take_due` has not returned."""
        if waiting.is_waiting:
            self.take(waiting)
            self._addresses.disconnect(waiting.address, global_us)

    def take(self, waiting: WaitingUpgrade) -> None:
        """Out of turn, and of nobody else's turn. Only for one that `take_due` has not returned."""
        waiting.is_waiting = False
        self._waiting_count -= 1

    def take_due(self, global_us: int) -> list[WaitingUpgrade]:
        """Those whose turn has come."""
        due: list[WaitingUpgrade] = []
        while self._skip_gone() and self._next_turn_us <= global_us:
            waiting = self._waiting.popleft()
            waiting.is_waiting = False
            self._waiting_count -= 1
            due.append(waiting)
            # Turns that nobody came for are not saved up, or the next crowd would come in one moment.
            self._next_turn_us = max(self._next_turn_us, global_us - LATE_US) + self._interval_us
        return due

    def next_us(self) -> float | None:
        """When to call `take_due` next; None while nobody waits."""
        return self._next_turn_us if self._skip_gone() else None

    def _skip_gone(self) -> bool:
        """Whether somebody waits, who is then the first of the deque (U4)."""
        while self._waiting and not self._waiting[0].is_waiting:
            self._waiting.popleft()
        return bool(self._waiting)

    def _pause_sec(self) -> int:
        """Retry-After: as long as those here take, up to twice at random, so that a crowd spreads."""
        taken_sec = max(1.0, self._waiting_count / self._per_sec)
        return math.ceil(taken_sec * (1 + self._randomness.random()))
