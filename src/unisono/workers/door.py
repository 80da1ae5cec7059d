"""The door of a worker: reads the first line of each connection and lets it in here, or passes it on.

    reading the line --page, or our shard--> the server's own protocol
                     --another's shard--> handed over: the socket itself, or under TLS a relay to the owner
                     --silence for request_timeout_sec--> closed

Clock: the event loop's, for waiting only. What a request may be is not decided here: a line that cannot be
understood goes to the server's own protocol, which refuses it in words.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Sequence
from typing import cast

from unisono.log import log_event, log_failure
from unisono.workers.handover import Handover, receive_connection, send_connection
from unisono.workers.relay import RelayEnd, make_pair
from unisono.workers.routing import MOST_LINE_BYTES, shard_of, worker_of

# Connections that are taken out of the inbox in one go: clock probes wait meanwhile.
ADOPTIONS_AT_ONCE = 16

_BUSY_WORDS = b"This server is restarting.\n"
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(_BUSY_WORDS), _BUSY_WORDS)
)

# Makes what serves one connection, told who it is when its socket cannot say.
MakeProtocol = Callable[[str], asyncio.Protocol]


class Doors:
    """All doors of one worker, and its inbox."""

    def __init__(
        self,
        number: int,
        inboxes: Sequence[socket.socket],
        out_of_inbox: socket.socket,
        make_protocol: MakeProtocol,
        request_timeout_sec: float,
    ) -> None:
        self.number = number
        self.request_timeout_sec = request_timeout_sec
        self.make_protocol = make_protocol
        # Set while this worker drains and another process has its number: what comes is passed on to that
        # one.
        self.has_successor = False
        self._inboxes = inboxes
        self._out_of_inbox = out_of_inbox
        self._relays: set[RelayEnd] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        asyncio.get_running_loop().add_reader(self._out_of_inbox.fileno(), self._adopt)

    def stop(self) -> None:
        """Takes nothing out of the inbox any more. Idempotent."""
        asyncio.get_running_loop().remove_reader(self._out_of_inbox.fileno())

    def close_relays(self) -> None:
        """Ends the connections whose TLS ends here and whose swarm lives elsewhere: they come back."""
        for end in list(self._relays):
            end.close()

    @property
    def relays(self) -> int:
        return len(self._relays)

    def owner_of(self, request_line: bytes) -> int | None:
        """The worker to pass this connection on to; None to serve it here."""
        shard = shard_of(request_line)
        if shard is None:
            return None
        owner = worker_of(shard, len(self._inboxes))
        return owner if owner != self.number or self.has_successor else None

    def pass_on(self, transport: asyncio.Transport, head: bytes, owner: int) -> None:
        """Gives a connection away, of which `head` was read; its protocol hears no more of it."""
        transport.pause_reading()
        try:
            if transport.get_extra_info("sslcontext") is None:
                fd = os.dup(transport.get_extra_info("socket").fileno())
                try:
                    send_connection(self._inboxes[owner], fd, head)
                finally:
                    os.close(fd)
                transport.set_protocol(asyncio.Protocol())
                transport.abort()  # the connection itself stays open: the other worker has it
            else:
                self._relay(transport, head, owner)
        except OSError:
            # The owner is just being started and its inbox is full, or there is no descriptor left.
            log_event("handover-failed", worker=owner)
            transport.write(BUSY)
            transport.close()

    def _relay(self, transport: asyncio.Transport, head: bytes, owner: int) -> None:
        here, there = make_pair()
        with there:
            try:
                peer = str((transport.get_extra_info("peername") or ("",))[0])
                send_connection(self._inboxes[owner], there.fileno(), head, peer)
            except OSError:
                here.close()
                raise
        end = RelayEnd()
        end.connection_made(transport)
        transport.set_protocol(end)
        self._spawn(self._connect(transport, end, here))

    async def _connect(self, transport: asyncio.Transport, end: RelayEnd, here: socket.socket) -> None:
        other = RelayEnd()
        other.connect(end)
        self._relays.add(end)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: other, here)
            if not transport.is_closing():
                transport.resume_reading()
            await end.closed
        finally:
            self._relays.discard(end)
            other.close()

    def _adopt(self) -> None:
        """Lets in whom other workers passed on."""
        for _ in range(ADOPTIONS_AT_ONCE):
            try:
                handover = receive_connection(self._out_of_inbox)
            except OSError as failure:  # no descriptor left: what could not be had is closed
                log_failure("handover-failed", failure)
                return
            if handover is None:
                return
            self._spawn(self._let_in(handover))

    async def _let_in(self, handover: Handover) -> None:
        protocol = _Adopted(self.make_protocol(handover.peer), handover.head)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, handover.sock)
        except OSError:
            handover.sock.close()  # gone meanwhile

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Adopted(asyncio.Protocol):
    """Gives a connection that was passed on to what serves it, with what was read of it elsewhere."""

    def __init__(self, server: asyncio.Protocol, head: bytes) -> None:
        self._server = server
        self._head = head

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        enter(cast("asyncio.Transport", transport), self._server, self._head)


class Door(asyncio.Protocol):
    """One connection until its first line is there."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._doors.request_timeout_sec, self._transport.abort)

    def connection_lost(self, _failure: Exception | None) -> None:
        self._stop_timer()

    def data_received(self, data: bytes) -> None:
        self._head += data
        end = self._head.find(b"\r\n")
        if end < 0 and len(self._head) <= MOST_LINE_BYTES:
            return
        transport = cast("asyncio.Transport", self._transport)
        self._stop_timer()
        owner = self._doors.owner_of(self._head[: max(0, end)])
        if owner is None:
            enter(transport, self._doors.make_protocol(""), self._head)
        else:
            self._doors.pass_on(transport, self._head, owner)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def enter(transport: asyncio.Transport, server: asyncio.Protocol, head: bytes) -> None:
    """Puts the server's protocol behind a connection as if it had been there from the start."""
    transport.set_protocol(server)
    server.connection_made(transport)
    server.data_received(head)
