"""The one scheduler through which all bulk of this device leaves: web/src/transfer/net/send-scheduler.ts.

Send queues ask, the pacer decides, and who was refused is called in turn when the time has come. One timer at
most, and only while somebody waits. Local ms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from unisono.peer.ambient import Clock
from unisono.peer.pacer import Pacer

# No loop's timer is finer, and the tokens of a moment are not worth a wake-up.
LEAST_WAIT_MS = 1.0
# Larger ones would only hold up `ctl`: here each packet costs the time, not each message. All take this much.
MOST_CHUNK_BYTES = 32_768


class Timer(Protocol):
    def cancel(self) -> None: ...


class Sender(Protocol):
    def fill(self) -> None:
        """Called when it may try again."""


class SendScheduler:
    def __init__(
        self, pacer: Pacer, clock: Clock, call_after_ms: Callable[[float, Callable[[], None]], Timer]
    ) -> None:
        self.pacer = pacer
        self._clock = clock
        self._call_after_ms = call_after_ms
        # As a set that keeps its order.
        self._waiting: dict[Sender, None] = {}
        self._called: Sender | None = None
        self._timer: Timer | None = None

    @property
    def chunk_bytes(self) -> int:
        return min(MOST_CHUNK_BYTES, self.pacer.chunk_bytes)

    def admits(self, guest: Sender, size_bytes: int) -> bool:
        """Whether the guest may send this much now. If not, it is called; who waits longer goes first."""
        is_turn = not self._waiting or self._called is guest
        if is_turn and self.pacer.take(size_bytes, self._clock.local_ms()):
            return True
        self._waiting[guest] = None
        if self._called is None:
            self._call(self.pacer.wait_ms(size_bytes, self._clock.local_ms()))
        return False

    def record_full(self) -> None:
        """A guest's channel takes nothing more for now."""
        self.pacer.record_use(self._clock.local_ms())

    def leave(self, guest: Sender) -> None:
        self._waiting.pop(guest, None)

    def close(self) -> None:
        """Idempotent."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _call(self, delay_ms: float) -> None:
        if self._timer is None:
            self._timer = self._call_after_ms(max(LEAST_WAIT_MS, delay_ms), self._time_has_come)

    def _time_has_come(self) -> None:
        """Each once, in the order of waiting; who is refused again goes to the end."""
        self._timer = None
        for guest in list(self._waiting):
            self._waiting.pop(guest, None)
            self._called = guest
            guest.fill()
            self._called = None
            if guest in self._waiting:
                break  # nothing left for the others either
        if self._waiting:
            self._call(self.pacer.wait_ms(self.chunk_bytes, self._clock.local_ms()))
