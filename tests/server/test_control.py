"""The control channel over real sockets: join, presence, relay and clock; and what bad input does to whom."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from lab.joiner import Joiner
from tests.server.conftest import FRAME_LIMIT_SEC, USER_IDS, ControlServer, Peer, StartControl, until
from unisono.config import Config, Drain, Ice, Limits
from unisono.protocol import MAX_BODY_CHARS, CloseCode
from unisono.serve import drain_hub

ADA, BO, CY = USER_IDS["ada"], USER_IDS["bo"], USER_IDS["cy"]


async def test_a_welcome_says_who_is_here_and_what_is_allowed(control: ControlServer) -> None:
    await control.joined("ada")
    bo = await control.connect("bo")
    welcome = await bo.join()
    ada = Joiner("ada")
    shown = {"sessionKey": ada.session_key, "announcement": ada.announcement}
    assert welcome["members"] == [{"userId": ADA, "away": False, **shown}]
    assert welcome["clockId"] == control.hub.clock_id
    assert welcome["nodeId"] == control.hub.node_id
    assert welcome["graceSec"] == Limits().grace_sec
    assert welcome["limits"]["maxBodyChars"] == MAX_BODY_CHARS
    assert welcome["iceServers"] == []


async def test_a_welcome_carries_turn_credentials_when_there_is_a_turn_server(
    start_control: StartControl,
) -> None:
    """[W15]"""
    ice = Ice(turn_urls=("turn:turn.example:3478",), turn_secret=b"secret")
    control = await start_control(config=Config(ice=ice))
    ada, bo, cy = [await control.connect(name) for name in ("ada", "bo", "cy")]
    alone = await ada.join()
    assert (alone["iceServers"], alone["iceSec"]) == ([], ice.turn_credential_sec)
    await ada.send("ice")
    assert (await ada.expect("ice"))["iceServers"] == [], "alone, whatever one asks"

    [given] = (await bo.join())["iceServers"]
    assert given["urls"] == ["turn:turn.example:3478"]
    [followed] = (await ada.expect("joined"))["iceServers"]
    assert followed["username"].partition(":")[2] == given["username"].partition(":")[2], "one address"
    await cy.join()
    assert "iceServers" not in await ada.expect("joined"), "it has them"
    await ada.send("ice")
    [renewed] = (await ada.expect("ice"))["iceServers"]
    assert renewed["urls"] == given["urls"]


async def test_the_others_hear_of_a_newcomer_and_of_a_clean_leave_at_once(control: ControlServer) -> None:
    ada = await control.joined("ada")
    bo = await control.joined("bo")
    newcomer = Joiner("bo")
    shown = {"sessionKey": newcomer.session_key, "announcement": newcomer.announcement}
    assert await ada.expect("joined") == {"type": "joined", "userId": BO, **shown}
    await bo.send("leave")
    assert (await ada.expect("left"))["userId"] == BO
    assert await bo.expect_close() == CloseCode.NORMAL


async def test_a_dropped_peer_is_away_and_its_return_is_told(control: ControlServer) -> None:
    ada, bo = await control.joined("ada"), await control.joined("bo")
    await ada.expect("joined")
    await bo.vanish()
    assert await ada.expect("presence") == {"type": "presence", "userId": BO, "away": True}
    reloaded = await control.connect("bo")
    reloaded.joiner.announcement = "bmV3"
    await reloaded.join()
    back = {"type": "presence", "userId": BO, "away": False, "announcement": "bmV3"}
    assert await ada.expect("presence") == back


async def test_a_peer_that_stays_away_beyond_the_grace_has_left(start_control: StartControl) -> None:
    control = await start_control(grace_sec=0.05)
    ada, bo = await control.joined("ada"), await control.joined("bo")
    await ada.expect("joined")
    await bo.vanish()
    await ada.expect("presence")
    assert (await ada.expect("left"))["userId"] == BO


async def test_the_same_user_id_takes_the_seat_over(control: ControlServer) -> None:
    ada, old_bo = await control.joined("ada"), await control.joined("bo")
    await ada.expect("joined")
    new_bo = await control.joined("bo")
    assert await old_bo.expect_refusal("taken-over") == CloseCode.TAKEN_OVER
    assert (await ada.expect("presence"))["away"] is False
    await ada.send("relay", to=BO, body="aGk")
    assert await new_bo.expect("relayed") == {"type": "relayed", "from": ADA, "body": "aGk"}


async def test_a_seat_is_not_lost_to_a_join_of_an_earlier_connection(control: ControlServer) -> None:
    """[W16] What a page sent before it was cut off may arrive after it has connected anew."""
    ada, given_up = await control.joined("ada"), await control.connect("bo")
    bo = await control.joined("bo")
    await ada.expect("joined")
    await given_up.ask_in()
    assert await given_up.expect_refusal("taken-over") == CloseCode.TAKEN_OVER
    await ada.send("relay", to=BO, body="aGk")
    assert await bo.expect("relayed") == {"type": "relayed", "from": ADA, "body": "aGk"}


async def test_a_relay_reaches_one_or_all_others(control: ControlServer) -> None:
    ada, bo, cy = await control.joined("ada"), await control.joined("bo"), await control.joined("cy")
    await bo.expect("joined")
    await ada.send("relay", body="YWxs")
    await ada.send("relay", to=CY, body="b25l")
    assert (await bo.expect("relayed"))["body"] == "YWxs"
    assert [(await cy.expect("relayed"))["body"] for _ in range(2)] == ["YWxs", "b25l"]
    assert await bo.is_served()


async def test_the_largest_body_arrives_unchanged(control: ControlServer) -> None:
    ada, bo = await control.joined("ada"), await control.joined("bo")
    body = "x-_9" * (MAX_BODY_CHARS // 4)
    await ada.send("relay", to=BO, body=body)
    assert (await bo.expect("relayed"))["body"] == body


async def test_global_time_is_the_server_s_monotonic_clock(control: ControlServer) -> None:
    ada = await control.joined("ada")
    before_us = time.monotonic_ns() / 1000
    await ada.send("ping", id=41, t0=12.75)
    pong = await ada.expect("pong")
    after_us = time.monotonic_ns() / 1000
    assert (pong["id"], pong["t0"], pong["clockId"]) == (41, 12.75, control.hub.clock_id)
    assert before_us <= pong["t1"] <= pong["t2"] <= after_us


async def test_a_burst_of_one_peer_leaves_turns_to_all_others(
    control: ControlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock probes of others would otherwise wait for the whole burst, which arrives in one piece."""
    ada, bo = await control.joined("ada"), await control.joined("bo")
    await ada.expect("joined")
    order: list[str] = []
    relay, loop = control.hub.relay, asyncio.get_running_loop()

    def recorded_relay(connection: int, receiver: str | None, body: str) -> None:
        order.append("relay")
        loop.call_soon(order.append, "turn of others")
        relay(connection, receiver, body)

    monkeypatch.setattr(control.hub, "relay", recorded_relay)
    for _ in range(80):
        await ada.send("relay", to=BO, body="AAAA")
    for _ in range(80):
        await bo.expect("relayed")
    await until(lambda: len(order) == 160)
    assert order == ["relay", "turn of others"] * 80


# --- bad input: one socket closes with a reason, the others go on -------------------------------------------


BAD_INPUT: dict[str, tuple[Any, str, CloseCode]] = {
    "garbage": (lambda bo: bo.socket.send_str("garbage"), "bad-message", CloseCode.BAD_MESSAGE),
    "nothing": (lambda bo: bo.socket.send_str(""), "bad-message", CloseCode.BAD_MESSAGE),
    "brackets": (lambda bo: bo.socket.send_str("[" * 20_000), "bad-message", CloseCode.BAD_MESSAGE),
    "an unknown type": (lambda bo: bo.send("dance"), "bad-message", CloseCode.BAD_MESSAGE),
    "an unknown field": (lambda bo: bo.send("leave", why="bored"), "bad-message", CloseCode.BAD_MESSAGE),
    "a body that is not base64url": (
        lambda bo: bo.send("relay", body="<b>"),
        "bad-message",
        CloseCode.BAD_MESSAGE,
    ),
    "a receiver that is no user id": (
        lambda bo: bo.send("relay", to="ada", body="AAAA"),
        "bad-message",
        CloseCode.BAD_MESSAGE,
    ),
    "a body too large": (
        lambda bo: bo.send("relay", body="A" * (MAX_BODY_CHARS + 1)),
        "bad-message",
        CloseCode.BAD_MESSAGE,
    ),
    "a binary frame": (lambda bo: bo.socket.send_bytes(b"\x00\x01"), "bad-message", CloseCode.BAD_MESSAGE),
    "an oversized frame": (
        lambda bo: bo.socket.send_str("x" * 24_577),
        "frame-too-large",
        CloseCode.FRAME_TOO_LARGE,
    ),
    "a second join": (
        lambda bo: bo.ask_in(),
        "join-expected",
        CloseCode.JOIN_EXPECTED,
    ),
}


@pytest.mark.parametrize("what", BAD_INPUT)
async def test_bad_input_closes_that_one_socket_with_a_reason(control: ControlServer, what: str) -> None:
    send, code, close_code = BAD_INPUT[what]
    ada, bo, cy = await control.joined("ada"), await control.joined("bo"), await control.joined("cy")
    await ada.expect("joined"), await ada.expect("joined")
    await send(bo)
    assert (await bo.expect("joined"))["userId"] == CY
    assert await bo.expect_refusal(code) == close_code
    assert await ada.expect("presence") == {"type": "presence", "userId": BO, "away": True}
    await ada.send("relay", to=CY, body="c3RpbGw")
    await cy.expect("presence")
    assert (await cy.expect("relayed"))["body"] == "c3RpbGw"


FIRST_WORDS: dict[str, tuple[Any, str, CloseCode]] = {
    "a relay": (lambda bo: bo.send("relay", body="AAAA"), "join-expected", CloseCode.JOIN_EXPECTED),
    "a ping": (lambda bo: bo.send("ping", id=1, t0=0), "join-expected", CloseCode.JOIN_EXPECTED),
    "a leave": (lambda bo: bo.send("leave"), "join-expected", CloseCode.JOIN_EXPECTED),
    "another version": (
        lambda bo: bo.ask_in(v=3),
        "wrong-version",
        CloseCode.WRONG_VERSION,
    ),
    "another version with fields of its own": (
        lambda bo: bo.send("join", v=99, room="party", secret=[1, 2]),
        "wrong-version",
        CloseCode.WRONG_VERSION,
    ),
    "a join without a swarm": (
        lambda bo: bo.send("join", v=2, userId=BO),
        "bad-message",
        CloseCode.BAD_MESSAGE,
    ),
}


# --- admission ----------------------------------------------------------------------------------------------

FORGERIES: dict[str, Any] = {
    "another swarm key": lambda bo: setattr(bo, "joiner", Joiner("bo", swarm_key="another")),
    "a signature of something else": {"admissionProof": "A" * 86},
    "a seat that is someone else's": {"userId": ADA},
    "a seat and a key that are someone else's": {"userId": ADA, "sessionKey": Joiner("ada").session_key},
    "a session signature of something else": {"sessionProof": "A" * 86},
    "another announcement than the signed one": {"announcement": "b3RoZXI"},
    "a session key that is no key": {"sessionKey": "_" * 43},
}


@pytest.mark.parametrize("what", FORGERIES)
async def test_who_proves_too_little_is_not_admitted_and_takes_no_seat(
    control: ControlServer, what: str
) -> None:
    ada, bo = await control.joined("ada"), await control.connect("bo")
    changed = FORGERIES[what]
    if callable(changed):
        changed(bo)
        changed = {}
    await bo.ask_in(**changed)
    assert await bo.expect_refusal("not-admitted") == CloseCode.NOT_ADMITTED
    assert control.hub.registry.sizes() == {1: 1}
    assert await ada.is_served()


async def test_a_join_that_was_overheard_is_worth_nothing_on_another_connection(
    control: ControlServer,
) -> None:
    ada, eve = await control.connect("ada"), await control.connect("ada")
    overheard = ada.joiner.join(await ada.challenge())
    assert (await ada.challenge())["nonce"] != (await eve.challenge())["nonce"]
    await eve.send(overheard.pop("type"), **overheard)
    assert await eve.expect_refusal("not-admitted") == CloseCode.NOT_ADMITTED


async def test_the_admission_key_is_pinned_as_long_as_the_swarm_lives_and_no_longer(
    control: ControlServer,
) -> None:
    ada = await control.joined("ada")
    await ada.send("leave")
    await ada.expect_close()
    bo = await control.connect("bo")
    bo.joiner = Joiner("bo", swarm_key="another")
    await bo.join()
    cy = await control.connect("cy")
    await cy.ask_in()
    assert await cy.expect_refusal("not-admitted") == CloseCode.NOT_ADMITTED


@pytest.mark.parametrize("what", FIRST_WORDS)
async def test_a_wrong_first_message_never_enters_a_swarm(control: ControlServer, what: str) -> None:
    send, code, close_code = FIRST_WORDS[what]
    ada = await control.joined("ada")
    bo = await control.connect("bo")
    await send(bo)
    assert await bo.expect_refusal(code) == close_code
    assert control.hub.registry.sizes() == {1: 1}
    assert await ada.is_served()


async def test_a_frame_far_beyond_the_limit_is_not_even_read(control: ControlServer) -> None:
    ada, bo = await control.joined("ada"), await control.joined("bo")
    await bo.socket.send_str("x" * 1_000_000)
    assert await bo.expect_close() == CloseCode.FRAME_BEYOND_LIMIT
    await ada.expect("joined")
    await ada.expect("presence")
    assert await ada.is_served()


async def test_who_does_not_join_in_time_is_told_so(start_control: StartControl) -> None:
    control = await start_control(join_timeout_sec=0.05)
    bo = await control.connect("bo")
    assert await bo.expect_refusal("join-timeout") == CloseCode.JOIN_TIMEOUT


async def test_websocket_pings_do_not_prolong_the_time_to_join(start_control: StartControl) -> None:
    control = await start_control(join_timeout_sec=0.3)
    bo = await control.connect("bo")

    async def ping_for_ever() -> None:
        while not bo.socket.closed:
            await bo.socket.ping()
            await asyncio.sleep(0.01)

    pinging = asyncio.create_task(ping_for_ever())
    try:
        assert await bo.expect_refusal("join-timeout") == CloseCode.JOIN_TIMEOUT
    finally:
        pinging.cancel()
        await asyncio.gather(pinging, return_exceptions=True)


async def test_a_relay_to_a_stranger_is_answered_with_left_and_harms_nobody(control: ControlServer) -> None:
    """The stranger may have been a member until a moment ago, so this is no offence."""
    ada = await control.joined("ada")
    outsider = await control.connect("bo")
    await outsider.join(swarm_id="6" * 32)
    await ada.send("relay", to=BO, body="AAAA")
    assert (await ada.expect("left"))["userId"] == BO
    assert await ada.is_served()
    assert await outsider.is_served()


async def test_an_unexpected_failure_stays_with_the_peer_that_met_it(
    control: ControlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bo = await control.joined("ada"), await control.joined("bo")
    await ada.expect("joined")

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(control.hub, "relay", fail)
    await bo.send("relay", body="AAAA")
    assert await bo.expect_refusal("internal") == CloseCode.INTERNAL
    await ada.expect("presence")
    assert await ada.is_served()


# --- who may open the channel -------------------------------------------------------------------------------


async def test_a_page_of_another_site_may_not_open_the_channel(control: ControlServer) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await control.connect("ada", Origin="https://evil.example")
    assert refusal.value.status == 403


async def test_the_server_s_own_page_may_open_the_channel(control: ControlServer) -> None:
    own = f"http://{control.server.host}:{control.server.port}"
    ada = await control.connect("ada", Origin=own)
    await ada.join()
    assert await ada.is_served()


async def test_the_public_page_may_open_the_channel_behind_a_proxy(start_control: StartControl) -> None:
    control = await start_control(config=Config(public_url="https://party.example"))
    ada = await control.connect("ada", Origin="https://party.example")
    await ada.join()
    assert await ada.is_served()


async def test_a_request_that_is_no_websocket_is_told_what_lives_here(control: ControlServer) -> None:
    async with control.http.get(control.server.make_url("/v1/control?s=0000")) as answer:
        assert answer.status == 426
        assert answer.headers["Upgrade"] == "websocket"


# --- the end ------------------------------------------------------------------------------------------------


async def test_a_stopping_server_tells_everyone_when_to_come_back(control: ControlServer) -> None:
    ada, bo = await control.joined("ada"), await control.joined("bo")
    await ada.expect("joined")
    drain = Drain()

    async def hear(peer: Peer) -> tuple[int, int | None]:
        async with asyncio.timeout(FRAME_LIMIT_SEC):
            while (message := await peer.receive())["type"] != "goaway":
                pass
            return message["retryAfterMs"], await peer.expect_close()

    (ada_ms, ada_code), (bo_ms, bo_code), _ = await asyncio.gather(
        hear(ada), hear(bo), drain_hub(control.hub, drain)
    )
    assert ada_code == bo_code == CloseCode.RESTART
    assert all(drain.min_retry_ms <= retry_ms <= drain.max_retry_ms for retry_ms in (ada_ms, bo_ms))


async def test_when_all_have_left_nothing_is_left(control: ControlServer) -> None:
    for name in ("ada", "bo", "cy"):
        peer = await control.joined(name)
        await peer.send("leave")
        await peer.expect_close()
    await until(lambda: control.hub.metrics.connections == 0)
    registry = control.hub.registry
    assert registry.swarm_count == 0
    assert not registry._places
    assert not registry._away_since_us
    assert not control.hub.sessions()
