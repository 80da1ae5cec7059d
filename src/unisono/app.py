"""The HTTP side: routes, the headers on everything, and who may open a control channel.

The headers let the page use only what came with it: no third party, no inline script, nothing in a frame.
COOP and COEP make the page cross-origin isolated, which sharpens its timers (5 µs in Chromium instead of 100
µs). Knows no clock and no swarm; `hub` and `session` do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import hdrs, web

from unisono import __version__, metrics
from unisono.addresses import address_key
from unisono.hub import Hub, global_us
from unisono.limits import US_PER_SEC
from unisono.network import client_address, is_allowed_origin
from unisono.session import ControlSession
from unisono.static import WebApp
from unisono.upgrade_queue import UpgradeRefusedError

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

# How soon a client that gave up waiting for its upgrade is noticed; three thousand may wait.
GONE_CHECK_SEC = 2.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Readiness:
    """Whether new peers are welcome: `/readyz` says so to proxies."""

    def __init__(self) -> None:
        self.is_draining = False


def make_app(hub: Hub, web_app: WebApp, readiness: Readiness) -> web.Application:
    """The public application. Its routes are the addresses of the contract."""

    async def control(request: web.Request) -> web.StreamResponse:  # noqa: PLR0911 - one for each reason
        headers, config = request.headers, hub.config
        origin, host = headers.get(hdrs.ORIGIN), headers.get(hdrs.HOST)
        if not is_allowed_origin(origin, host, config.public_url, config.page_origins):
            return web.Response(status=403, text="Pages of other sites may not open this channel.\n")
        if not web.WebSocketResponse().can_prepare(request):
            return web.Response(
                status=426, text="This address speaks WebSocket.\n", headers={"Upgrade": "websocket"}
            )
        forwarded_for = headers.getall("X-Forwarded-For", [])
        client = client_address(request.remote or "", forwarded_for, config.trusted_proxies)
        key = address_key(client)
        if readiness.is_draining:
            return _stopping()
        try:
            if not await _wait_for_turn(hub, key, request):
                return web.Response(status=503)  # nobody is there any more to read it
        except UpgradeRefusedError as refusal:
            retry_after = {"Retry-After": str(refusal.retry_after_sec)}
            response = web.Response(status=refusal.status, text=f"{refusal.detail}.\n", headers=retry_after)
            response.force_close()  # it shall come again, and not hold a descriptor until then
            return response
        if readiness.is_draining:
            hub.addresses.disconnect(key, global_us())
            return _stopping()
        return await ControlSession(hub, request, key).run()

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n", headers={hdrs.CACHE_CONTROL: "no-store"})

    async def readyz(_request: web.Request) -> web.Response:
        status, text = (503, "draining\n") if readiness.is_draining else (200, "ready\n")
        return web.Response(status=status, text=text, headers={hdrs.CACHE_CONTROL: "no-store"})

    async def roomz(request: web.Request) -> web.Response:
        """As `/readyz`, and 404 for what HAProxy takes as: nobody new, but whoever belongs here
        (`http-check disable-on-404`). Not for proxies that remember nothing: they would move swarms about.
        """
        if readiness.is_draining or hub.metrics.connections < hub.config.limits.full_connections:
            return await readyz(request)
        return web.Response(status=404, text="full\n", headers={hdrs.CACHE_CONTROL: "no-store"})

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


def _stopping() -> web.Response:
    """A proxy may still hold a connection from before the listener closed. Nobody would tell whoever came in
    by it to go; with a 503 the proxy asks the next server.
    """
    return web.Response(status=503, text="This server is stopping.\n", headers={"Retry-After": "1"})


async def _wait_for_turn(hub: Hub, key: str, request: web.Request) -> bool:
    """Whether the client is still there in its turn. Raises `UpgradeRefusedError`."""
    turn = asyncio.Event()
    waiting = hub.ask_in(key, turn.set)
    while not turn.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(turn.wait(), GONE_CHECK_SEC)
        if not turn.is_set() and request.transport is None:
            hub.give_up(waiting)
            return False
    if request.transport is None:
        hub.addresses.disconnect(key, global_us())
        return False
    return True


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

    async def watch_lag(_app: web.Application) -> AsyncIterator[None]:
        watching = asyncio.create_task(_watch_lag(hub.metrics.loop_lag))
        yield
        watching.cancel()

    app = web.Application()
    app.cleanup_ctx.append(watch_lag)
    app.router.add_get("/metrics", show)
    return app


async def _watch_lag(lag: metrics.Histogram) -> None:
    """Notes how much later than due the loop comes to its timers."""
    while True:
        before_us = global_us()
        await asyncio.sleep(LAG_PERIOD_SEC)
        lag.observe(max(0.0, (global_us() - before_us) / US_PER_SEC - LAG_PERIOD_SEC))


async def _add_security_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(SECURITY_HEADERS)
    # No version for those who look for known holes.
    response.headers[hdrs.SERVER] = "unisono"
