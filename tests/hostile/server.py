"""A server not to be trusted: it stands between real browsers and a real server, and changes what it likes.

`hostile.evil = Evil(to_client=…)` alters what passes, `hostile.say(…)` makes words up, `HONEST` passes all
on. All that the browsers send and hear through it is kept. Runs an event loop in a thread of its own, because
Playwright's synchronous API owns the test's. It knows the protocol and nothing else: no swarm key, no session
key.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

Message = dict[str, Any]
# What to pass on instead of a message; text is sent as it is.
Instead = list[Message | str]

START_LIMIT_SEC = 10.0
# Not what a page needs, but the proxy's own transport.
NOT_FORWARDED = frozenset({"content-encoding", "content-length", "transfer-encoding", "connection"})


@dataclass(eq=False)
class Victim:
    """One browser's connection."""

    socket: web.WebSocketResponse[bool]
    upstream: aiohttp.ClientWebSocketResponse[bool]
    user_id: str = ""
    sent: list[Message] = field(default_factory=list)
    heard: list[Message] = field(default_factory=list)

    @property
    def pings(self) -> int:
        return sum(1 for message in list(self.sent) if message["type"] == "ping")

    def relayed(self, sender: str) -> list[Message]:
        """What the real server relayed to it from this sender, oldest first."""
        return [each for each in list(self.heard) if each["type"] == "relayed" and each["from"] == sender]


def as_it_is(_victim: Victim, message: Message) -> Instead:
    return [message]


@dataclass(frozen=True)
class Evil:
    to_client: Callable[[Victim, Message], Instead] = as_it_is
    to_server: Callable[[Victim, Message], Instead] = as_it_is


HONEST = Evil()


class HostileServer:
    """A context manager: `url` serves the target's page, with this in the middle of its control channel."""

    def __init__(self, target_url: str) -> None:
        self.evil = HONEST
        self.url = ""
        self.victims: list[Victim] = []
        # Everything the server process received, as text.
        self.received: list[str] = []
        self._target_url = target_url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hostile-server", daemon=True)
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(START_LIMIT_SEC)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(START_LIMIT_SEC)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_LIMIT_SEC)
        self._loop.close()

    def victim(self, user_id: str) -> Victim:
        """The newest connection of this peer."""
        return next(each for each in reversed(list(self.victims)) if each.user_id == user_id)

    def say(self, user_id: str, message: Message | str) -> None:
        """Tells a peer something of one's own."""
        victim = self.victim(user_id)
        asyncio.run_coroutine_threadsafe(_send(victim.socket, message), self._loop).result(START_LIMIT_SEC)

    async def _start(self) -> None:
        self._http = aiohttp.ClientSession(auto_decompress=True)
        app = web.Application()
        app.router.add_get("/v1/control", self._control)
        app.router.add_get("/{path:.*}", self._page)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"

    async def _stop(self) -> None:
        assert self._http is not None
        assert self._runner is not None
        for victim in self.victims:
            await victim.upstream.close()
        await self._http.close()
        await self._runner.cleanup()

    async def _page(self, request: web.Request) -> web.Response:
        assert self._http is not None
        self.received.append(f"{request.method} {request.path_qs} {dict(request.headers)}")
        async with self._http.get(f"{self._target_url}{request.path_qs}") as answer:
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in NOT_FORWARDED}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())

    async def _control(self, request: web.Request) -> web.WebSocketResponse[bool]:
        assert self._http is not None
        self.received.append(f"{request.method} {request.path_qs} {dict(request.headers)}")
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        target = f"{self._target_url.replace('http', 'ws', 1)}{request.path_qs}"
        async with self._http.ws_connect(target) as upstream:
            victim = Victim(socket, upstream)
            self.victims.append(victim)
            passing = asyncio.create_task(self._to_client(victim))
            async for frame in socket:
                self.received.append(frame.data)
                message = json.loads(frame.data)
                victim.sent.append(message)
                victim.user_id = message.get("userId", victim.user_id)
                for instead in self.evil.to_server(victim, message):
                    await _send(upstream, instead)
            passing.cancel()
        return socket

    async def _to_client(self, victim: Victim) -> None:
        async for frame in victim.upstream:
            message = json.loads(frame.data)
            victim.heard.append(message)
            for instead in self.evil.to_client(victim, message):
                await _send(victim.socket, instead)
        await victim.socket.close(code=victim.upstream.close_code or 1006)


async def _send(
    socket: web.WebSocketResponse[bool] | aiohttp.ClientWebSocketResponse[bool], what: Message | str
) -> None:
    if not socket.closed:
        await socket.send_str(what if isinstance(what, str) else json.dumps(what))
