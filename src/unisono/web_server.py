"""One port: pages on aiohttp, control channels on picows, and the timer that asks those for signs of life.

`adopt` takes a connection that somebody else accepted and began to read. Whoever starts it must `close` it.
Knows no message and no signal.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from unisono.app import make_app
from unisono.connection import Carriers, Connection
from unisono.heartbeat import keep_beating
from unisono.hub import Hub
from unisono.sockets import OpenSocket
from unisono.static import WebApp
from unisono.visit import PassOn, Readiness

# Peers of one room come back together; the kernel holds them until the loop accepts.
BACKLOG = 512

# How often those whose responses wait are looked at in the time they have.
LOOKS_PER_LIMIT = 4

# Requests for files that are still being sent when the server stops.
LAST_REQUESTS_SEC = 2.0


class WebServer:
    """Made by `start`."""

    def __init__(
        self,
        hub: Hub,
        runner: web.AppRunner,
        carriers: Carriers,
        tls: ssl.SSLContext | None,
        plain: Mapping[OpenSocket, asyncio.Transport],
    ) -> None:
        """`plain`: those that aiohttp carries."""
        self._runner = runner
        self._carriers = carriers
        self._tls = tls
        # As for a request: from accepting a connection on.
        self._tls_limit_sec = hub.config.limits.request_timeout_sec if tls is not None else None
        self._listener: asyncio.Server | None = None
        self._beating = asyncio.create_task(keep_beating(hub))
        limit_sec = hub.config.limits.response_timeout_sec
        self._cutting = asyncio.create_task(_cut_who_reads_nothing(plain, limit_sec))

    @classmethod
    async def start(
        cls,
        hub: Hub,
        web_app: WebApp,
        readiness: Readiness,
        tls: ssl.SSLContext | None = None,
        pass_on: PassOn | None = None,
    ) -> WebServer:
        """Listens nowhere yet."""
        sockets: dict[asyncio.BaseProtocol, OpenSocket] = {}
        runner = web.AppRunner(
            make_app(hub, web_app, readiness, sockets, pass_on),
            access_log=None,  # it would hold addresses
            handle_signals=False,
            shutdown_timeout=LAST_REQUESTS_SEC,
            keepalive_timeout=hub.config.limits.request_timeout_sec,
        )
        await runner.setup()
        pages = runner.server
        assert pages is not None  # noqa: S101 - made by setup
        plain: dict[OpenSocket, asyncio.Transport] = {}
        make_pages = _counted(pages, sockets, plain)
        paths = {path.encode() + b"/v1/control" for path in ("", hub.config.public_path)}
        return cls(hub, runner, Carriers(hub, readiness, make_pages, paths, pass_on), tls, plain)

    def make_protocol(self, already_read: bytes = b"", peer: str = "") -> asyncio.Protocol:
        """For one accepted connection, of which these bytes were read before."""
        return Connection(self._carriers, already_read, peer)

    async def listen(self, sock: socket.socket) -> None:
        """On a bound socket."""
        self._listener = await asyncio.get_running_loop().create_server(
            self.make_protocol,
            sock=sock,
            ssl=self._tls,
            backlog=BACKLOG,
            ssl_handshake_timeout=self._tls_limit_sec,
        )

    async def adopt(self, sock: socket.socket, already_read: bytes, peer: str = "") -> None:
        """A connection that another process accepted and decrypted. `peer`: who it is; the socket may lead to
        a relay.
        """
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: self.make_protocol(already_read, peer), sock)

    def stop_listening(self) -> None:
        """Who is connected stays. Idempotent."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def close(self) -> None:
        """Ends what aiohttp carries; control channels are sent away by `serve` before. Idempotent."""
        self.stop_listening()
        self._beating.cancel()
        self._cutting.cancel()
        await self._runner.cleanup()


async def _cut_who_reads_nothing(plain: Mapping[OpenSocket, asyncio.Transport], limit_sec: float) -> None:
    """Until it is cancelled. aiohttp waits without a limit for whoever asks on and on and reads nothing, and
    a transport that is closed waits for its last bytes to be read.
    """
    looks: dict[OpenSocket, int] = {}
    while True:
        await asyncio.sleep(limit_sec / LOOKS_PER_LIMIT)
        looks = {
            counted: looks.get(counted, 0) + 1
            for counted, transport in plain.items()
            if counted.is_plain and transport.get_write_buffer_size() > 0
        }
        for counted, seen in looks.items():
            if seen > LOOKS_PER_LIMIT:
                plain[counted].abort()


def _counted(
    pages: web.Server,
    sockets: dict[asyncio.BaseProtocol, OpenSocket],
    plain: dict[OpenSocket, asyncio.Transport],
) -> Callable[[OpenSocket, asyncio.Transport], asyncio.Protocol]:
    """What makes aiohttp's protocol for a socket, which counts as closed once aiohttp hears it is lost."""
    lost = pages.connection_lost

    def make_pages(counted: OpenSocket, transport: asyncio.Transport) -> asyncio.Protocol:
        handler = pages()
        sockets[handler] = counted
        plain[counted] = transport
        return handler

    def connection_lost(handler: RequestHandler, exc: BaseException | None = None) -> None:
        lost(handler, exc)
        if (counted := sockets.pop(handler, None)) is not None:
            del plain[counted]
            counted.close()

    pages.connection_lost = connection_lost  # type: ignore[method-assign]
    return make_pages
