"""What a headless peer makes of a server that refuses, stops, stands still or talks nonsense.

Over a real socket; each test says how its server behaves. Rules W in docs/spec/control.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from lab.joiner import Joiner
from tests.peer.dice import Dice
from unisono.peer import control_link
from unisono.peer.ambient import RealClock
from unisono.peer.control_link import ControlLink, RefusedError, back_off_ms
from unisono.peer.envelope import Sealer
from unisono.peer.keys import SwarmKeys, derive_keys
from unisono.protocol import (
    Challenge,
    CloseCode,
    GoAway,
    Joined,
    Limits,
    MemberState,
    Presence,
    Relayed,
    ServerMessage,
    Welcome,
)

PATIENCE_SEC = 30.0
NONCE = "A" * 43
BO = Joiner("bo")

Server = Callable[[web.WebSocketResponse], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def keys() -> SwarmKeys:
    return derive_keys("PARTYPARTYPA", bytes(32))


@dataclass
class Heard:
    """A listener that remembers."""

    opened_with: list[Welcome] = field(default_factory=list)
    messages: list[ServerMessage] = field(default_factory=list)
    # When, in seconds of the loop's clock: who looks for it later would not know.
    lost_at: list[float] = field(default_factory=list)

    @property
    def losses(self) -> int:
        return len(self.lost_at)

    def opened(self, welcome: Welcome, _local_ms: float) -> None:
        self.opened_with.append(welcome)

    def received(self, message: ServerMessage, _local_ms: float) -> None:
        self.messages.append(message)

    def lost(self) -> None:
        self.lost_at.append(asyncio.get_running_loop().time())


def frame(message: ServerMessage) -> str:
    return msgspec.json.encode(message).decode()


CHALLENGE = frame(Challenge(nonce=NONCE, node_id="north"))
# As an idle server sends it, whose limits nobody here comes near.
LIMITS = Limits(*([10**6] * len(Limits.__struct_fields__)))


def welcome(*user_ids: str) -> str:
    members = [
        MemberState(user_id, away=False, session_key=BO.session_key, announcement=BO.announcement)
        for user_id in user_ids
    ]
    known = {"clock_id": "north-1", "node_id": "north", "ice_servers": [], "grace_sec": 30.0}
    return frame(Welcome(members=members, limits=LIMITS, **known))  # type: ignore[arg-type]


def joined(user_id: str) -> str:
    return frame(Joined(user_id, BO.session_key, BO.announcement))


@dataclass
class Talk:
    heard: Heard
    # What the peer said, on all its connections.
    said: list[str]
    # The link, for as long as it lives.
    task: asyncio.Task[None]


@contextlib.asynccontextmanager
async def talking_to(keys: SwarmKeys, *servers: Server) -> AsyncIterator[Talk]:
    """A link to a server that treats each connection as the next of `servers` says, and then as the last."""
    heard, said = Heard(), list[str]()
    count = 0

    async def serve(request: web.Request) -> web.WebSocketResponse:
        nonlocal count
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        server = servers[min(count, len(servers) - 1)]
        count += 1
        talk = asyncio.create_task(server(socket))
        async for frame in socket:
            said.append(str(frame.data))
        talk.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await talk
        return socket

    app = web.Application()
    app.router.add_get("/v1/control", serve)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    sealer = Sealer(keys, 1, Dice(3))
    link = ControlLink(
        server=f"ws://127.0.0.1:{port}",
        keys=keys,
        clock=RealClock(),
        chance=Dice(1),
        make_join=sealer.make_join,
        listener=heard,
        is_awaited=lambda: False,
    )
    task = asyncio.create_task(link.run())
    try:
        yield Talk(heard, said, task)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, RefusedError, aiohttp.ClientError):
            await task
        await runner.cleanup()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SEC):
        while not is_so():  # noqa: ASYNC110 - states of a task that tells nobody here
            await asyncio.sleep(0.01)


def saying(*frames: str) -> Server:
    async def say(socket: web.WebSocketResponse) -> None:
        for frame in frames:
            await socket.send_str(frame)

    return say


def test_pauses_grow_up_to_eight_seconds_and_four_for_whom_others_wait_for() -> None:
    """[W2] Full jitter: anything from nothing to the whole pause."""
    dice = Dice(2)
    for is_awaited, longest_ms in ((False, 8_000.0), (True, 4_000.0)):
        for attempt in range(40):
            limit_ms = min(longest_ms, 250.0 * 2**attempt)
            pauses = [back_off_ms(attempt, dice, is_awaited=is_awaited) for _ in range(200)]
            assert 0 <= min(pauses) < 0.1 * limit_ms
            assert 0.9 * limit_ms < max(pauses) <= limit_ms


async def test_a_server_that_says_nothing_any_more_is_left(
    keys: SwarmKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[W4]"""
    monkeypatch.setattr(control_link, "SILENCE_SEC", 0.2)
    async with talking_to(keys, saying(CHALLENGE, welcome())) as talk:
        await until(lambda: len(talk.heard.opened_with) >= 2)
        assert talk.heard.losses >= 1


async def test_a_server_that_drains_is_visited_again_when_it_asked_for_it(keys: SwarmKeys) -> None:
    """[W5]"""

    async def drain(socket: web.WebSocketResponse) -> None:
        for text in (CHALLENGE, welcome(), frame(GoAway(700))):
            await socket.send_str(text)
        await socket.close(code=CloseCode.RESTART)

    async with talking_to(keys, drain, saying(CHALLENGE, welcome())) as talk:
        await until(lambda: len(talk.heard.opened_with) == 2)
        # Never sooner; how much later is the machine's affair.
        assert asyncio.get_running_loop().time() - talk.heard.lost_at[0] >= 0.69


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (CloseCode.WRONG_VERSION, "wrong-version"),
        (CloseCode.TAKEN_OVER, "taken-over"),
        (CloseCode.SWARM_FULL, "swarm-full"),
        (CloseCode.NOT_ADMITTED, "not-admitted"),
    ],
)
@pytest.mark.parametrize("frames", [(CHALLENGE,), (CHALLENGE, welcome())])
async def test_what_doing_again_cannot_help_ends_the_link(
    keys: SwarmKeys, code: CloseCode, reason: str, frames: tuple[str, ...]
) -> None:
    """[W6] Before the welcome and after it."""

    async def refuse(socket: web.WebSocketResponse) -> None:
        await saying(*frames)(socket)
        await socket.close(code=code)

    async with talking_to(keys, refuse) as talk:
        async with asyncio.timeout(PATIENCE_SEC):
            with pytest.raises(RefusedError) as refused:
                await talk.task
        assert refused.value.reason == reason


@pytest.mark.parametrize(
    "nonsense", ["{", "[]", '{"type":"unheard-of"}', json.dumps({"type": "pong", "id": "x"})]
)
@pytest.mark.parametrize("is_joined", [False, True])
async def test_a_server_that_sends_nonsense_is_left_and_tried_anew(
    keys: SwarmKeys, nonsense: str, *, is_joined: bool
) -> None:
    """[W7]"""
    before = (CHALLENGE, welcome()) if is_joined else ()
    servers = (saying(*before, nonsense), saying(CHALLENGE, welcome()))
    async with talking_to(keys, *servers) as talk:
        await until(lambda: len(talk.heard.opened_with) == 1 + is_joined)
        assert talk.heard.messages == []


async def test_one_challenge_is_signed_and_nothing_is_heard_before_the_welcome(keys: SwarmKeys) -> None:
    """[W10]"""
    frames = (CHALLENGE, CHALLENGE, joined("1" * 32), welcome(), joined("2" * 32))
    async with talking_to(keys, saying(*frames)) as talk:
        await until(lambda: bool(talk.heard.messages))
        heard = [message.user_id for message in talk.heard.messages if isinstance(message, Joined)]
        assert heard == ["2" * 32]
        assert [json.loads(text)["type"] for text in talk.said] == ["join"]


async def test_what_a_server_says_of_this_peer_as_of_another_is_not_heard(keys: SwarmKeys) -> None:
    """[W11]"""
    me, other = keys.user_id, "3" * 32
    about = [
        text
        for user_id in (me, other)
        for text in (
            joined(user_id),
            frame(Presence(user_id, away=True)),
            frame(Relayed(sender=user_id, body="AAAA")),
        )
    ]
    async with talking_to(keys, saying(CHALLENGE, welcome(me, other), *about)) as talk:
        await until(lambda: len(talk.heard.messages) >= 3)
        assert [each.user_id for each in talk.heard.opened_with[0].members] == [other]
        assert [type(message) for message in talk.heard.messages] == [Joined, Presence, Relayed]


async def test_ice_servers_are_asked_for_anew_of_a_server_that_says_how_long_they_hold(
    keys: SwarmKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[W14]"""
    monkeypatch.setattr(control_link, "ICE_REST_SEC", 0.01)
    brief = frame(msgspec.structs.replace(msgspec.json.decode(welcome(), type=Welcome), ice_sec=0.02))
    async with talking_to(keys, saying(CHALLENGE, brief)) as talk:
        await until(lambda: talk.said.count('{"type":"ice"}') >= 2)
