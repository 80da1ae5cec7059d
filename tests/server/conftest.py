"""A server inside the test's own event loop, with limits of its own, and peers that speak by hand."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from yarl import URL

from lab.joiner import SWARM, Joiner
from unisono.config import Config, Drain, Limits
from unisono.hub import Hub
from unisono.static import WebApp
from unisono.visit import Readiness
from unisono.web_server import WebServer

# A frame that should come comes in milliseconds; this is for machines that are busy with browsers.
FRAME_LIMIT_SEC = 30.0

USER_IDS = {name: Joiner(name).user_id for name in ("ada", "bo", "cy")}


class Peer:
    """One WebSocket with words for what the tests do."""

    def __init__(self, name: str, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        self.joiner = Joiner(name)
        self.user_id = self.joiner.user_id
        self.socket = socket
        self._challenge: dict[str, Any] | None = None

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send_str(msgspec.json.encode({"type": kind, **fields}).decode())

    async def challenge(self) -> dict[str, Any]:
        """What the server said first."""
        while self._challenge is None:
            await self._read()
        return self._challenge

    async def ask_in(self, swarm_id: str = SWARM, **changed: Any) -> None:
        """Sends a join, with some of its fields changed after signing."""
        fields = self.joiner.join(await self.challenge(), swarm_id, **changed)
        await self.send(fields.pop("type"), **fields)

    async def join(self, swarm_id: str = SWARM) -> dict[str, Any]:
        await self.ask_in(swarm_id)
        return await self.expect("welcome")

    async def receive(self) -> dict[str, Any]:
        """The next message that is not the challenge."""
        message = await self._read()
        return await self._read() if message["type"] == "challenge" else message

    async def _read(self) -> dict[str, Any]:
        async with asyncio.timeout(FRAME_LIMIT_SEC):
            frame = await self.socket.receive()
        assert frame.type is aiohttp.WSMsgType.TEXT, f"closed with {self.socket.close_code}"
        decoded = msgspec.json.decode(frame.data)
        assert isinstance(decoded, dict)
        if decoded["type"] == "challenge":
            self._challenge = decoded
        return decoded

    async def expect(self, kind: str) -> dict[str, Any]:
        """The next message, which must be of this kind."""
        message = await self.receive()
        assert message["type"] == kind, message
        return message

    async def expect_close(self) -> int | None:
        """Reads to the end and returns the close code."""
        async with asyncio.timeout(FRAME_LIMIT_SEC):
            while (await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self.socket.close_code

    async def expect_refusal(self, code: str) -> int | None:
        """The next message must be an error of this code; returns the close code that follows."""
        assert (await self.expect("error"))["code"] == code
        return await self.expect_close()

    async def is_served(self, probe_id: int = 7) -> bool:
        """Whether the server still answers this peer, whatever else was on the way."""
        await self.send("ping", id=probe_id, t0=0)
        while True:
            message = await self.receive()
            if message["type"] == "pong" and message["id"] == probe_id:
                return True

    async def vanish(self) -> None:
        """Drops the connection without a word, as a lift does."""
        connection = self.socket._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.abort()


async def until(condition: Callable[[], bool]) -> None:
    """Lets the event loop run until the server has got there."""
    async with asyncio.timeout(FRAME_LIMIT_SEC):
        while not condition():  # noqa: ASYNC110 - the server has no event for tests
            await asyncio.sleep(0)


class Listening:
    """A server on a free port of this machine."""

    host = "127.0.0.1"

    def __init__(self, server: WebServer) -> None:
        self.server = server
        self._socket = socket.socket()
        self._socket.bind((self.host, 0))
        self.port = int(self._socket.getsockname()[1])

    async def start(self) -> None:
        await self.server.listen(self._socket)

    def make_url(self, path: str) -> URL:
        return URL(f"http://{self.host}:{self.port}{path}")

    async def close(self) -> None:
        await self.server.close()
        self._socket.close()


@dataclass
class ControlServer:
    hub: Hub
    readiness: Readiness
    http: aiohttp.ClientSession
    server: Listening
    # Kept, as a peer that nobody holds any more is collected, and its connection with it.
    peers: list[Peer] = field(default_factory=list)

    async def connect(self, name: str, **headers: str) -> Peer:
        socket = await self.http.ws_connect(self.server.make_url("/v1/control?s=0000"), headers=headers)
        self.peers.append(Peer(name, socket))
        return self.peers[-1]

    async def joined(self, name: str) -> Peer:
        peer = await self.connect(name)
        await peer.join()
        return peer


StartControl = Callable[..., Awaitable[ControlServer]]


@pytest.fixture
async def start_control(tmp_path: Path) -> AsyncIterator[StartControl]:
    """Starts a server: `await start_control(max_members=2)` changes limits, `config=` the rest."""
    running: list[ControlServer] = []

    async def start(
        config: Config | None = None, web_root: Path | None = None, **limits: Any
    ) -> ControlServer:
        config = config or Config(drain=Drain(close_timeout_sec=1.0))
        ice = replace(config.ice, stun_port=0)  # nobody answers there
        hub = Hub(replace(config, ice=ice, limits=replace(Limits(), **limits)))
        readiness = Readiness()
        limit_sec = hub.config.limits.response_timeout_sec
        web_app = WebApp(web_root or tmp_path / "nothing-built", config.public_path, limit_sec)
        server = Listening(await WebServer.start(hub, web_app, readiness))
        await server.start()
        control = ControlServer(hub, readiness, aiohttp.ClientSession(), server)
        running.append(control)
        return control

    yield start
    for control in running:
        for peer in control.peers:
            peer.socket._response.close()
        await control.http.close()
        await control.server.close()
        control.hub.stop()


@pytest.fixture
async def control(start_control: StartControl) -> ControlServer:
    """A server with the usual limits."""
    return await start_control()
