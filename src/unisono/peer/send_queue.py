"""Pieces on their way into one bulk channel, cut into chunks: web/src/transfer/net/send-queue.ts.

Refilled by the channel's own `bufferedamountlow`, never by a timer. One chunk waits in the channel, not as
much as in a page: aiortc takes messages one after the other, whichever channel they are of, so whatever waits
there delays `ctl`, pings too, and the pacer would take it for a queue of the uplink.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from aiortc.exceptions import InvalidStateError

from unisono.peer import ctl
from unisono.peer.send_scheduler import SendScheduler


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
    def __init__(self, channel: BulkChannel, scheduler: SendScheduler, on_broken: Callable[[], None]) -> None:
        """`on_broken`: the channel takes nothing any more, and what was queued is lost with it."""
        self._channel = channel
        self._scheduler = scheduler
        self._on_broken = on_broken
        self._items: deque[_Item] = deque()
        self._is_filling = False
        channel.bufferedAmountLowThreshold = 0

    def add(self, slot: int, piece: int, data: bytes, sent: Callable[[], None]) -> None:
        """Queues one piece; `sent` is called when its last chunk is in the channel."""
        self._items.append(_Item(slot, piece, memoryview(data), sent))
        self.fill()

    def fill(self) -> None:
        """Sends what channel and scheduler have room for; called again by whichever of them had none: by the
        channel's `bufferedamountlow`, or by the scheduler.
        """
        if self._is_filling:
            return  # `sent` may add the next piece: the running loop takes it
        self._is_filling = True
        try:
            while self._channel.bufferedAmount == 0 and self._send_next_chunk():
                pass
        finally:
            self._is_filling = False
        if self._items and self._channel.bufferedAmount > 0:
            # Where the channel is slower than the rate nobody is ever refused, and the rate is in use.
            self._scheduler.record_full()

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
