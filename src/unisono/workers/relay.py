"""Copies bytes between two transports, under TLS, whose keys cannot be passed on with the socket.

The worker that accepted the connection decrypts, and the one that owns the shard gets one end of a pair of
sockets. That costs a second passage through an event loop each way, and the connection ends with either
worker.
"""

from __future__ import annotations

import asyncio
import socket
from typing import cast

# What may wait in the kernel between the two workers: more would hide a slow reader from the shard's owner.
PAIR_BUFFER_BYTES = 64 * 1024


def make_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets, one for each worker. Raises `OSError`.

    TCP within this machine and not Unix sockets, for which picows sets an option that those do not have.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        here = socket.create_connection(listener.getsockname())
        there, caller = listener.accept()
    if caller != here.getsockname():
        here.close()
        there.close()
        raise OSError("another program of this machine connected in between")
    for end in (here, there):
        end.setblocking(False)  # noqa: FBT003 - the signature of the standard library
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PAIR_BUFFER_BYTES)
    return here, there


class RelayEnd(asyncio.Protocol):
    """One side. What it receives is written to the other, no faster than the other takes it."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._other: RelayEnd | None = None
        # What came before the other side was connected.
        self._early = b""
        # Done once this side is gone.
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        other = self._other
        if other is not None:
            self._transport.write(other.take_early())
            if other.closed.done():
                self._transport.close()

    def connect(self, other: RelayEnd) -> None:
        """Both ways from now on. Called once, on either end."""
        self._other, other._other = other, self

    def take_early(self) -> bytes:
        early, self._early = self._early, b""
        return early

    def close(self) -> None:
        """What was written before is still sent."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        if (other := self._open_other()) is not None:
            other.write(data)
        elif self._other is not None and not self._other.closed.done():
            self._early += data

    def connection_lost(self, _failure: Exception | None) -> None:
        self._transport = None
        if not self.closed.done():
            self.closed.set_result(None)
        if self._other is not None:
            self._other.close()

    def pause_writing(self) -> None:
        if (other := self._open_other()) is not None:
            other.pause_reading()

    def resume_writing(self) -> None:
        if (other := self._open_other()) is not None:
            other.resume_reading()

    def _open_other(self) -> asyncio.Transport | None:
        other = self._other._transport if self._other is not None else None  # noqa: SLF001 - of this class
        return other if other is not None and not other.is_closing() else None
