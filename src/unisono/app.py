"""The HTTP side: routes, the headers on everything, and control channels on connections that served pages.

The headers let the page use only what came with it: no third party, no inline script, nothing in a frame.
COOP and COEP make the page cross-origin isolated, which sharpens its timers (5 µs in Chromium instead of 100
µs). Knows no clock and no swarm; `hub` and `session` do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import cast

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.http_websocket import WebSocketReader

from unisono import __version__, metrics
from unisono.control_feed import ControlFeed
from unisono.handshake import NOT_A_HANDSHAKE, STOPPING, Handshake, HttpRefusal, make_handshake
from unisono.hub import Hub, global_us
from unisono.limits import US_PER_SEC
from unisono.session import ControlSession
from unisono.sockets import OpenSocket
from unisono.static import WebApp
from unisono.visit import PassOn, Readiness, Visit

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        # ws: and wss: because the page may be pointed at another server, and WebKit takes 'self' for http
        # only.
        "connect-src 'self' ws: wss:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # The page plays sound, keeps the screen on, and may listen to line devices up; it never looks or locates.
    "Permissions-Policy": "autoplay=(self), microphone=(self), screen-wake-lock=(self), "
    "camera=(), display-capture=(), geolocation=(), payment=(), usb=()",
}

# Often enough to see a stall of a tenth of a second, and nothing that costs.
LAG_PERIOD_SEC = 0.1

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(
    hub: Hub,
    web_app: WebApp,
    readiness: Readiness,
    sockets: Mapping[asyncio.BaseProtocol, OpenSocket],
    pass_on: PassOn | None = None,
) -> web.Application:
    """The public application. Its routes are the addresses of the contract. `sockets`: as counted, by the
    protocol of each connection; `pass_on`: see `visit`.
    """

    async def control(request: web.Request) -> web.StreamResponse:
        """Where the first request of this connection was another, as a proxy may have it, or no handshake."""
        transport, counted = request.transport, sockets.get(request.protocol)
        if transport is None or counted is None:
            return _refuse(STOPPING)  # gone already: nobody reads this
        handshake = _handshake_of(request)
        if handshake is None:
            return _refuse(NOT_A_HANDSHAKE)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        go_on = partial(_begin, turn)
        feed = ControlFeed(transport, on_lost=go_on)
        # From here on aiohttp reads for the feed, from what came behind the request on, and tells it at once
        # when the client leaves.
        request.protocol.set_parser(cast("WebSocketReader", feed))
        if pass_on is not None:
            gone = pass_on(transport, request.protocol, _head_of(request) + feed.early, counted.peer)
            if gone is not None:
                counted.upgrade()
                await gone
                return web.Response()  # nobody is there to get it
        visit = Visit(counted)
        refusal = visit.ask_in(hub, readiness, handshake, counted.peer, go_on)
        if refusal is not None:
            return _refuse(refusal)
        try:
            await turn
            if feed.is_lost or transport.is_closing() or readiness.is_draining:
                visit.end()
                return _refuse(STOPPING)
            session = ControlSession(visit)
            feed.open(handshake, session)
        except BaseException:
            visit.end()
            raise
        await session.wait_closed()
        # Nobody is there to get it.
        return web.Response()

    async def healthz(_request: web.Request) -> web.Response:
        return _answer(*readiness.health())

    async def readyz(_request: web.Request) -> web.Response:
        return _answer(*readiness.readiness())

    async def roomz(_request: web.Request) -> web.Response:
        """As `/readyz`, and 404 for what HAProxy takes as: nobody new, but whoever belongs here
        (`http-check disable-on-404`). Not for proxies that remember nothing: they would move swarms about.
        """
        status, text = readiness.readiness()
        is_full = readiness.is_full(hub.metrics.connections, hub.config.limits.full_connections)
        return _answer(404, "full\n") if status == 200 and is_full else _answer(status, text)

    @web.middleware
    async def finish(request: web.Request, handler: Handler) -> web.StreamResponse:
        """aiohttp raises its refusals (405, say); as responses they go through the same headers."""
        try:
            response = await handler(request)
        except web.HTTPException as refusal:
            response = web.Response(status=refusal.status, text=f"{refusal.reason}.\n")
        if readiness.is_draining and not response.prepared:
            response.force_close()  # what a proxy keeps for later must not lead here
        return response

    # One and not two: each is a frame that waits as long as a channel is open.
    app = web.Application(middlewares=[finish])
    app.on_response_prepare.append(_add_security_headers)
    # A proxy may lead a path of its host here, and keep the path in the address or take it away.
    for path in dict.fromkeys(("", hub.config.public_path)):
        app.router.add_get(f"{path}/v1/control", control)
        app.router.add_get(f"{path}/healthz", healthz)
        app.router.add_get(f"{path}/readyz", readyz)
        app.router.add_get(f"{path}/roomz", roomz)
    app.router.add_get("/{path:.*}", web_app.serve)
    return app


def make_metrics_app(hub: Hub, readiness: Readiness) -> web.Application:
    """The private application, on its own bind."""

    async def show(_request: web.Request) -> web.Response:
        present = metrics.Present(
            swarm_sizes=hub.registry.sizes(),
            queues_bytes=(session.queue_bytes for session in hub.sessions()),
            waiting_upgrades=len(hub.upgrades),
            is_draining=readiness.is_draining,
        )
        text = hub.metrics.render(present, __version__)
        return web.Response(body=text.encode(), headers={hdrs.CONTENT_TYPE: metrics.CONTENT_TYPE})

    async def watch(_app: web.Application) -> AsyncIterator[None]:
        watching = asyncio.create_task(watch_lag(hub.metrics.loop_lag))
        yield
        watching.cancel()

    app = web.Application()
    app.cleanup_ctx.append(watch)
    app.router.add_get("/metrics", show)
    return app


def _handshake_of(request: web.Request) -> Handshake | None:
    """None also for HEAD, which aiohttp serves wherever it serves GET."""
    is_modern = request.version == HttpVersion11 and request.method == hdrs.METH_GET
    return make_handshake(lambda name: request.headers.getall(name, [])) if is_modern else None


def _begin(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


def _refuse(refusal: HttpRefusal) -> web.Response:
    response = web.Response(status=refusal.status, text=refusal.text, headers=refusal.headers)
    response.force_close()  # who is to come again shall not hold a descriptor until then
    return response


def _answer(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, headers={hdrs.CACHE_CONTROL: "no-store"})


def _head_of(request: web.Request) -> bytes:
    """The request as it came, for who reads it anew."""
    fields = b"".join(name + b": " + value + b"\r\n" for name, value in request.raw_headers)
    return f"{request.method} {request.raw_path} HTTP/1.1\r\n".encode() + fields + b"\r\n"


async def watch_lag(lag: metrics.Histogram) -> None:
    """Notes how much later than due the loop comes to its timers."""
    while True:
        before_us = global_us()
        await asyncio.sleep(LAG_PERIOD_SEC)
        lag.observe(max(0.0, (global_us() - before_us) / US_PER_SEC - LAG_PERIOD_SEC))


async def _add_security_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(SECURITY_HEADERS)
    # No version for those who look for known holes.
    response.headers[hdrs.SERVER] = "unisono"
