"""Members and swarms without a browser: they hold on to the server as pages do, and know when they are one.

The rules are those of docs/spec/control.md: back-off with full jitter (W2), a silent socket is given up (W4),
a drain is honoured (W5), and a second socket asks where the route leads (W13), as often as a test wants.
Clock: `time.monotonic()`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from lab.joiner import Joiner
from unisono.protocol import Ping, Relay

FIRST_BACK_OFF_SEC = 0.25
LONGEST_BACK_OFF_SEC = 8.0
CONNECT_LIMIT_SEC = 8.0
SILENCE_SEC = 6.0
HEARTBEAT_SEC = 1.0
# A sealed heartbeat is one envelope of 256 bytes.
HEARTBEAT_BODY = "A" * 342


@dataclass(frozen=True)
class ProbeTimes:
    """How often a member looks where its address leads, and how soon after someone went."""

    period_sec: float = 60.0
    soon_sec: tuple[float, float] = (1.0, 4.0)
    confirm_sec: float = 1.5


@dataclass(eq=False)
class Swarm:
    """Some members of one key."""

    key: str
    swarm_id: str
    shard: str
    members: list[Member] = field(default_factory=list)
    is_whole: bool = False
    whole_at_sec: float = 0.0
    broken_at_sec: float = 0.0

    @property
    def nodes(self) -> set[str]:
        return {member.node_id for member in self.members if member.node_id is not None}

    def look(self) -> None:
        """Notes when it falls apart and when it is whole: all on one node, each seeing all the others."""
        everyone = {member.user_id for member in self.members}
        is_whole = len(self.nodes) == 1 and all(
            member.node_id is not None and member.present == everyone - {member.user_id}
            for member in self.members
        )
        if is_whole and not self.is_whole:
            self.whole_at_sec = time.monotonic()
        elif self.is_whole and not is_whole:
            self.broken_at_sec = time.monotonic()
        self.is_whole = is_whole


class Member:
    """One page. `run` until it is cancelled."""

    def __init__(
        self, http: aiohttp.ClientSession, server: str, swarm: Swarm, name: str, route: ProbeTimes, seed: int
    ) -> None:
        self._http = http
        self._address = f"{server}/v1/control?s={swarm.shard}"
        self._joiner = Joiner(f"{swarm.key}/{name}", swarm.key)
        self._swarm = swarm
        self._route = route
        self._random = random.Random(seed)
        self._look_soon = asyncio.Event()
        self._socket: aiohttp.ClientWebSocketResponse[bool] | None = None
        self.user_id = self._joiner.user_id
        self.node_id: str | None = None
        self.present: set[str] = set()
        self.connects = 0
        self.moves = 0
        swarm.members.append(self)

    async def run(self) -> None:
        attempt = 0
        while True:
            wait_sec = None
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, ConnectionError):
                async with self._http.ws_connect(self._address, compress=0) as self._socket:
                    was_open, wait_sec = await self._stay(self._socket)
                    attempt = 0 if was_open else attempt
            self._socket = None
            self.node_id, self.present = None, set()
            self._swarm.look()
            if wait_sec is None:
                ceiling_sec = min(LONGEST_BACK_OFF_SEC, FIRST_BACK_OFF_SEC * 2**attempt)
                wait_sec = ceiling_sec * self._random.random()
                attempt += 1
            await asyncio.sleep(wait_sec)

    async def _stay(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> tuple[bool, float | None]:
        """Until the connection ends: whether it was let in, and when the server asked it to be back."""
        was_open, wait_sec = False, None
        busy: list[asyncio.Task[None]] = []
        try:
            while True:
                frame = await socket.receive(timeout=SILENCE_SEC if was_open else CONNECT_LIMIT_SEC)
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    return was_open, wait_sec
                message = msgspec.json.decode(frame.data)
                kind = message["type"]
                if kind == "challenge":
                    await socket.send_str(msgspec.json.encode(self._answer(message)).decode())
                elif kind == "welcome":
                    was_open = True
                    self._welcomed(message)
                    busy = [asyncio.create_task(work(socket)) for work in (self._speak, self._watch_route)]
                elif kind == "goaway":
                    wait_sec = message["retryAfterMs"] / 1000
                elif kind not in ("pong", "relayed"):
                    self._heard(kind, message)
        finally:
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)

    def _answer(self, challenge: dict[str, Any]) -> dict[str, Any]:
        return self._joiner.join(challenge, self._swarm.swarm_id)

    def _welcomed(self, welcome: dict[str, Any]) -> None:
        self.connects += 1
        self.node_id = welcome["nodeId"]
        self.present = {member["userId"] for member in welcome["members"] if not member["away"]}
        self._swarm.look()

    def _heard(self, kind: str, message: dict[str, Any]) -> None:
        """`joined`, `left` and `presence`."""
        is_here = kind == "joined" or (kind == "presence" and not message["away"])
        (self.present.add if is_here else self.present.discard)(message["userId"])
        if not is_here:
            self._look_soon.set()
        self._swarm.look()

    async def _speak(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        """A probe of the clock each second, and the heartbeat of a director."""
        is_director = self._swarm.members[0] is self
        await asyncio.sleep(HEARTBEAT_SEC * self._random.random())
        while True:
            await socket.send_str(msgspec.json.encode(Ping(id=1, t0=0.0)).decode())
            if is_director:
                await socket.send_str(msgspec.json.encode(Relay(body=HEARTBEAT_BODY)).decode())
            await asyncio.sleep(HEARTBEAT_SEC)

    async def _watch_route(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        """W13"""
        route, suspect = self._route, None
        self._look_soon.clear()
        while True:
            if suspect is None:
                period_sec = route.period_sec * (len(self.present) + 1) * self._random.uniform(0.5, 1.5)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(period_sec):
                        await self._look_soon.wait()
                        await asyncio.sleep(self._random.uniform(*route.soon_sec))
                self._look_soon.clear()
            else:
                await asyncio.sleep(route.confirm_sec)
            seen = await self._ask()
            if seen is not None and seen != self.node_id and seen == suspect:
                self.moves += 1
                self._drop(socket)
                return
            suspect = seen if seen != self.node_id else None

    async def _ask(self) -> str | None:
        """Which node a newcomer would be led to; None when nobody answers."""
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, ConnectionError):
            async with self._http.ws_connect(self._address, compress=0) as question:
                frame = await question.receive(timeout=CONNECT_LIMIT_SEC)
                if frame.type is aiohttp.WSMsgType.TEXT:
                    node_id: str = msgspec.json.decode(frame.data)["nodeId"]
                    return node_id
        return None

    @staticmethod
    def _drop(socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        """As a page that connects anew: without `leave`, so the seat is away and not gone."""
        connection = socket._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.close()
