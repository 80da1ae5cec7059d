"""Pieces on their way into one bulk channel, cut into chunks: web/src/transfer/net/send-queue.ts.

Refilled by the channel's own `bufferedamountlow`, never by a timer: above the high-water mark it stops, at
half of it the library calls. Local ms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from aiortc.exceptions import InvalidStateError

from unisono.peer import ctl
from unisono.peer.ambient import Clock
from unisono.peer.send_scheduler import SendScheduler

# The mark is what drains in 100 ms, within these bounds: less starves a fast path, more delays `ctl` on a
# slow one. The least is below a piece: one that vanished whole into each of eight channels would count as
# sent seconds before it has left.
BUFFERED_MS = 100.0
MIN_HIGH_WATER_BYTES = 32 * 1024
MAX_HIGH_WATER_BYTES = 512 * 1024
RATE_SMOOTHING = 0.3


class BulkChannel(Protocol):
    """The part of RTCDataChannel that the send queue needs."""

    bufferedAmountLowThreshold: int  # noqa: N815 - as in WebRTC

    @property
    def bufferedAmount(self) -> int: ...  # noqa: N802 - as in WebRTC
    def send(self, data: bytes) -> None: ...


@dataclass
class _Item:
    slot: int
    piece: int
    data: memoryview
    sent: Callable[[], None]
    sent_bytes: int = 0


class SendQueue:
    def __init__(
        self, channel: BulkChannel, clock: Clock, scheduler: SendScheduler, on_broken: Callable[[], None]
    ) -> None:
        """`on_broken`: the channel takes nothing any more, and what was queued is lost with it."""
        self._channel = channel
        self._clock = clock
        self._scheduler = scheduler
        self._on_broken = on_broken
        self._items: deque[_Item] = deque()
        self._high_water_bytes = MIN_HIGH_WATER_BYTES
        self._drain_bytes_per_sec: float | None = None
        # How much was in the channel, and when.
        self._filled: tuple[int, float] | None = None
        self._is_filling = False
        channel.bufferedAmountLowThreshold = self._high_water_bytes // 2

    def add(self, slot: int, piece: int, data: bytes, sent: Callable[[], None]) -> None:
        """Queues one piece; `sent` is called when its last chunk is in the channel."""
        self._items.append(_Item(slot, piece, memoryview(data), sent))
        self.fill()

    def drained(self) -> None:
        """For `bufferedamountlow`."""
        self._measure()
        self.fill()

    def fill(self) -> None:
        """Sends what channel and scheduler have room for; called again by whichever of them had none."""
        if self._is_filling:
            return  # `sent` may add the next piece: the running loop takes it
        self._is_filling = True
        try:
            while self._channel.bufferedAmount < self._high_water_bytes and self._send_next_chunk():
                pass
        finally:
            self._is_filling = False
        self._filled = (self._channel.bufferedAmount, self._clock.local_ms())

    def clear(self) -> None:
        self._scheduler.leave(self)
        self._items.clear()

    def _send_next_chunk(self) -> bool:
        if not self._items:
            return False
        item = self._items[0]
        begin = item.sent_bytes
        end = min(len(item.data), begin + self._scheduler.chunk_bytes)
        if not self._scheduler.admits(self, end - begin):
            return False
        try:
            self._channel.send(
                ctl.encode_chunk(ctl.Chunk(item.slot, item.piece, begin, item.data[begin:end]))
            )
        except (InvalidStateError, ConnectionError):
            self.clear()
            # The scheduler may have called: whoever comes after must not wait for a channel that is closing.
            self._on_broken()
            return False
        item.sent_bytes = end
        if end == len(item.data):
            self._items.popleft()
            item.sent()
        return True

    def _measure(self) -> None:
        if self._filled is None:
            return
        to_bytes, at_local_ms = self._filled
        elapsed_sec = (self._clock.local_ms() - at_local_ms) / 1000
        drained_bytes = to_bytes - self._channel.bufferedAmount
        if elapsed_sec <= 0 or drained_bytes <= 0:
            return
        sample, former = drained_bytes / elapsed_sec, self._drain_bytes_per_sec
        self._drain_bytes_per_sec = sample if former is None else former + RATE_SMOOTHING * (sample - former)
        wished_bytes = int(self._drain_bytes_per_sec * BUFFERED_MS / 1000)
        self._high_water_bytes = min(MAX_HIGH_WATER_BYTES, max(MIN_HIGH_WATER_BYTES, wished_bytes))
        self._channel.bufferedAmountLowThreshold = self._high_water_bytes // 2
