"""Passes connections of other workers' shards on to them, and lets in what they pass on.

    a request for a control channel --our shard--> served here
                                    --another's--> handed over: the socket itself, or under TLS a relay
    the inbox --a connection--> served here, as if it had been accepted here

Knows of a request no more than its first line. What the owner cannot take now is told to come again.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Coroutine, Sequence
from typing import cast

from unisono.log import log_event, log_failure
from unisono.web_server import WebServer
from unisono.workers.handover import receive_connection, send_connection
from unisono.workers.relay import RelayEnd, make_pair
from unisono.workers.routing import shard_of, worker_of

# Connections that are taken out of the inbox in one go: clock probes wait meanwhile.
ADOPTIONS_AT_ONCE = 16

_BUSY_WORDS = b"This server is restarting.\n"
BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(_BUSY_WORDS), _BUSY_WORDS)
)


class Door:
    """Of one worker."""

    def __init__(self, number: int, inboxes: Sequence[socket.socket], out_of_inbox: socket.socket) -> None:
        self._number = number
        self._inboxes = inboxes
        self._out_of_inbox = out_of_inbox
        self._relays: set[RelayEnd] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        # Set while this worker drains and another process has its number: whoever comes is passed on to it.
        self.has_successor = False

    def open(self, server: WebServer) -> None:
        """Lets in whom other workers pass on."""
        asyncio.get_running_loop().add_reader(self._out_of_inbox.fileno(), self._adopt, server)

    def close(self) -> None:
        """Takes nothing out of the inbox any more. Idempotent."""
        asyncio.get_running_loop().remove_reader(self._out_of_inbox.fileno())

    def close_relays(self) -> None:
        """Ends the connections whose TLS ends here and whose swarm lives elsewhere: they come back."""
        for end in list(self._relays):
            end.close()

    def pass_on(
        self, transport: asyncio.BaseTransport, protocol: asyncio.Protocol, head: bytes, peer: str
    ) -> asyncio.Future[None] | None:
        """`visit.PassOn`. The head begins with a whole line."""
        shard = shard_of(head.partition(b"\r\n")[0])
        owner = worker_of(shard or b"", len(self._inboxes))
        if shard is None or (owner == self._number and not self.has_successor):
            return None
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        connection = cast("asyncio.Transport", transport)
        if connection.is_closing():
            gone.set_result(None)
            return gone
        try:
            if connection.get_extra_info("sslcontext") is None:
                self._hand_over(connection, head, owner, peer)
                gone.set_result(None)
            else:
                self._relay(connection, protocol, head, owner, peer, gone)
        except OSError:
            # The owner is just being started and its inbox is full, or there is no descriptor left.
            log_event("handover-failed", worker=owner)
            connection.write(BUSY)
            connection.close()
            gone.set_result(None)
        return gone

    def _hand_over(self, connection: asyncio.Transport, head: bytes, owner: int, peer: str) -> None:
        fd = os.dup(connection.get_extra_info("socket").fileno())
        try:
            # It may lead to a relay, where another worker passed it on before.
            send_connection(self._inboxes[owner], fd, head, peer)
        finally:
            os.close(fd)
        # Not a byte more is read here, and what ends is this process's descriptor alone.
        connection.pause_reading()
        connection.abort()

    def _relay(
        self,
        connection: asyncio.Transport,
        protocol: asyncio.Protocol,
        head: bytes,
        owner: int,
        peer: str,
        gone: asyncio.Future[None],
    ) -> None:
        here, there = make_pair()
        with there:
            try:
                send_connection(self._inboxes[owner], there.fileno(), head, peer)
            except OSError:
                here.close()
                raise
        end, other = RelayEnd(), RelayEnd()
        end.connection_made(connection)
        end.connect(other)
        connection.set_protocol(end)
        self._relays.add(end)
        self._spawn(self._copy(end, other, here, protocol, gone))

    async def _copy(
        self,
        end: RelayEnd,
        other: RelayEnd,
        here: socket.socket,
        protocol: asyncio.Protocol,
        gone: asyncio.Future[None],
    ) -> None:
        """Until the connection is lost, which `protocol` is told."""
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: other, here)
        except OSError:
            here.close()
            end.close()
        try:
            await end.closed
        finally:
            self._relays.discard(end)
            other.close()
            protocol.connection_lost(None)
            if not gone.done():
                gone.set_result(None)

    def _adopt(self, server: WebServer) -> None:
        for _ in range(ADOPTIONS_AT_ONCE):
            try:
                handover = receive_connection(self._out_of_inbox)
            except OSError as failure:
                log_failure("handover-failed", failure)
                return
            if handover is None:
                return
            self._spawn(self._let_in(server, handover.sock, handover.head, handover.peer))

    @staticmethod
    async def _let_in(server: WebServer, sock: socket.socket, head: bytes, peer: str) -> None:
        try:
            await server.adopt(sock, head, peer)
        except OSError:
            sock.close()  # gone meanwhile

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
