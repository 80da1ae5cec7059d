"""Who carries a connection, on real sockets: pages and channels on one port, and clients without manners."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast
from unittest.mock import Mock

import pytest

from tests.server.conftest import USER_IDS, ControlServer, StartControl, until
from tests.server.raw_socket import (
    ACCEPT,
    BINARY,
    CARRIERS,
    CLOSE,
    CONTINUATION,
    HEALTH,
    PING,
    PONG,
    RESERVED,
    TEXT,
    RawSocket,
    frame,
    handshake,
)
from unisono.protocol import MAX_BODY_CHARS, MAX_FRAME_BYTES, CloseCode

ADA, BO = USER_IDS["ada"], USER_IDS["bo"]
PROTOCOL_ERROR = 1002

Connect = Callable[[ControlServer], Awaitable[RawSocket]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """A bare connection to a server."""
    opened: list[RawSocket] = []

    async def connect(control: ControlServer) -> RawSocket:
        opened.append(await RawSocket.connect(control.server.host, control.server.port))
        return opened[-1]

    yield connect
    for raw in opened:
        raw.drop()
        with contextlib.suppress(ConnectionError):
            await raw.writer.wait_closed()


@pytest.fixture(params=CARRIERS)
async def opened(request: pytest.FixtureRequest, control: ControlServer, connect: Connect) -> RawSocket:
    """A channel that is open, on a connection of its own or on one that served a page before."""
    raw = await connect(control)
    before = CARRIERS[request.param]
    if before:
        raw.send(before)
        assert (await raw.response())[2] == b"ok\n"
    raw.send(handshake())
    status, fields, _ = await raw.response()
    assert (status, fields["sec-websocket-accept"]) == (101, ACCEPT)
    return raw


async def test_either_carrier_serves_a_whole_visit(control: ControlServer, opened: RawSocket) -> None:
    ada = await control.joined("ada")
    await opened.join("bo")
    await ada.expect("joined")
    await ada.send("relay", to=BO, body="A" * MAX_BODY_CHARS)
    assert await opened.receive() == {"type": "relayed", "from": ADA, "body": "A" * MAX_BODY_CHARS}
    opened.say("relay", body="AAAA")
    assert (await ada.expect("relayed"))["body"] == "AAAA"
    opened.say("ping", id=1, t0=2.5)
    assert (await opened.receive())["t0"] == 2.5
    opened.say("leave")
    assert await opened.read_close() == CloseCode.NORMAL
    assert (await ada.expect("left"))["userId"] == BO
    opened.send(frame(b"\x03\xe8", CLOSE))
    assert await opened.is_cut()
    await until(lambda: control.hub.metrics.connections == 1)


async def test_either_carrier_notices_who_leaves_without_a_word(
    control: ControlServer, opened: RawSocket
) -> None:
    ada = await control.joined("ada")
    await opened.join("bo")
    await ada.expect("joined")
    opened.drop()
    assert (await ada.expect("presence"))["away"] is True
    assert control.hub.metrics.closes["lost"] == 1


async def test_a_message_in_pieces_is_put_together(opened: RawSocket) -> None:
    await opened.join("bo")
    opened.send(frame(b'{"type":"pi', TEXT, bits=0))
    opened.send(frame(b"between", PING))
    opened.send(frame(b'ng","id":7,', CONTINUATION, bits=0) + frame(b'"t0":0}', CONTINUATION))
    assert await opened.read_frame() == (PONG, b"between")
    assert (await opened.receive())["id"] == 7


PIECES: dict[str, tuple[bytes, int]] = {
    "a continuation of nothing": (frame(b"x", CONTINUATION), PROTOCOL_ERROR),
    "a message within a message": (frame(b"x", bits=0) + frame(b"x"), PROTOCOL_ERROR),
    "a reserved bit": (frame(b"{}", bits=0x80 | RESERVED), PROTOCOL_ERROR),
    "an unknown opcode": (frame(b"x", 0x3), PROTOCOL_ERROR),
    "a ping in pieces": (frame(b"x", PING, bits=0), PROTOCOL_ERROR),
    "no mask": (b"\x81\x01x", PROTOCOL_ERROR),
    "binary in pieces": (frame(b"x", BINARY, bits=0), CloseCode.BAD_MESSAGE),
    "too much in pieces": (
        frame(b"x" * 20_000, bits=0) + frame(b"x" * (MAX_FRAME_BYTES - 19_999), CONTINUATION),
        CloseCode.FRAME_TOO_LARGE,
    ),
    "pieces without end": (frame(b"", bits=0) + 200 * frame(b"", CONTINUATION, bits=0), 4429),
    "pings without end": (200 * frame(b"", PING), 4429),
    "half a close code": (frame(b"\x03", CLOSE), PROTOCOL_ERROR),
    "a close code of zero": (frame(b"\0\0", CLOSE), PROTOCOL_ERROR),
    "a close code that is never sent": (frame((1006).to_bytes(2, "big"), CLOSE), PROTOCOL_ERROR),
    "a close code beyond all": (frame((5000).to_bytes(2, "big"), CLOSE), PROTOCOL_ERROR),
}


@pytest.mark.parametrize("what", PIECES)
async def test_frames_out_of_order_close_that_one_socket(
    control: ControlServer, opened: RawSocket, what: str
) -> None:
    ada = await control.joined("ada")
    await opened.join("bo")
    await ada.expect("joined")
    data, code = PIECES[what]
    opened.send(data)
    assert await opened.read_close() == code
    opened.send(frame(code.to_bytes(2, "big"), CLOSE))
    assert await opened.is_cut()
    assert (await ada.expect("presence"))["away"] is True
    assert await ada.is_served()


async def test_a_request_in_single_bytes_is_understood(control: ControlServer, connect: Connect) -> None:
    raw = await connect(control)
    for byte in handshake():
        raw.send(bytes([byte]))
        await asyncio.sleep(0)
    assert (await raw.response())[0] == 101
    await raw.join("bo")


@pytest.mark.parametrize("value", ["keep-alive, Upgrade", "upgrade", "Upgrade, keep-alive"])
async def test_the_connection_header_may_be_a_list(
    control: ControlServer, connect: Connect, value: str
) -> None:
    raw = await connect(control)
    raw.send(handshake(Connection=value, Sec_WebSocket_Extensions="permessage-deflate"))
    status, fields, _ = await raw.response()
    assert status == 101
    assert "sec-websocket-extensions" not in fields, "no compression is ever agreed on"
    await raw.join("bo")


async def test_what_was_sent_with_the_handshake_is_read_after_it(
    control: ControlServer, connect: Connect
) -> None:
    raw = await connect(control)
    raw.send(handshake() + frame(b'{"type":"leave"}'))
    await raw.response()
    assert (await raw.receive())["type"] == "challenge"
    assert (await raw.receive())["code"] == "join-expected"
    assert await raw.read_close() == CloseCode.JOIN_EXPECTED


NO_HANDSHAKE: dict[str, tuple[bytes, int]] = {
    "no upgrade": (handshake(Upgrade=""), 426),
    "another upgrade": (handshake(Upgrade="h2c"), 426),
    "another connection": (handshake(Connection="keep-alive"), 426),
    "another version": (handshake(Sec_WebSocket_Version="8"), 426),
    "no key": (handshake(Sec_WebSocket_Key=""), 426),
    "a short key": (handshake(Sec_WebSocket_Key="AAAA"), 426),
    "a key that is none": (handshake(Sec_WebSocket_Key="ä" * 12), 426),
    "no host": (handshake(Host=""), 400),
    "HTTP/1.0": (handshake().replace(b"HTTP/1.1", b"HTTP/1.0"), 426),
    "HTTP/2.0": (handshake().replace(b"HTTP/1.1", b"HTTP/2.0"), 426),
    "a POST": (handshake().replace(b"GET", b"POST"), 405),
    "a longer address": (handshake().replace(b"control?", b"controls?"), 404),
    "a foreign page": (handshake(Origin="https://evil.example"), 403),
    "a folded line": (handshake(Host="here\r\n there"), 400),
    "a name with a space": (handshake(Host="here\r\nX : there"), 400),
    "an endless line": (handshake(Host="h" * 20_000), 400),
    "endless lines": (handshake(Host="here" + "\r\nX: a" * 3_000), 400),
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
}


@pytest.mark.parametrize("what", NO_HANDSHAKE)
async def test_what_is_no_handshake_is_answered_as_what_it_is(
    control: ControlServer, connect: Connect, what: str
) -> None:
    request, status = NO_HANDSHAKE[what]
    raw = await connect(control)
    raw.send(request)
    answer = await raw.response()
    assert answer[0] == status, answer
    assert control.hub.metrics.connections == 0
    assert await (await control.joined("ada")).is_served()


async def test_only_a_get_asks_for_a_channel(control: ControlServer, connect: Connect) -> None:
    raw = await connect(control)
    raw.send(handshake().replace(b"GET", b"HEAD"))
    assert b" 426 " in await raw.reader.readuntil(b"\r\n\r\n")
    assert control.hub.metrics.connections == 0


async def test_pipelined_requests_are_answered_in_turn(control: ControlServer, connect: Connect) -> None:
    raw = await connect(control)
    raw.send(HEALTH + HEALTH + handshake())
    assert [(await raw.response())[0] for _ in range(3)] == [200, 200, 101]
    await raw.join("bo")


@pytest.mark.parametrize("part", [b"", b"GET /v1/con", handshake()[:-2], b"GET / HTTP/1.1\r\nHost: half"])
async def test_half_a_request_is_cut_off_in_time(
    start_control: StartControl, connect: Connect, part: bytes
) -> None:
    control = await start_control(request_timeout_sec=0.1)
    raw = await connect(control)
    raw.send(part)
    assert await raw.is_cut()


# --- those who wait for their turn --------------------------------------------------------------------------


def counted(control: ControlServer) -> int:
    """Connections that their addresses pay for, those that wait included."""
    return control.hub.addresses._connections


async def waiting(control: ControlServer, connect: Connect, before: bytes) -> RawSocket:
    """Someone whose turn comes in a minute: the one before has just taken his."""
    await control.joined("ada")
    return await another_waiting(control, connect, before)


async def another_waiting(control: ControlServer, connect: Connect, before: bytes) -> RawSocket:
    raw = await connect(control)
    if before:
        raw.send(before)
        await raw.response()
    among = counted(control)
    raw.send(handshake())
    await until(lambda: counted(control) == among + 1)
    return raw


@pytest.mark.parametrize("before", CARRIERS.values(), ids=CARRIERS)
async def test_who_leaves_while_it_waits_is_counted_no_longer(
    start_control: StartControl, connect: Connect, before: bytes
) -> None:
    control = await start_control(handshakes_per_sec=1 / 60)
    raw = await waiting(control, connect, before)
    raw.drop()
    await until(lambda: counted(control) == 1)


@pytest.mark.parametrize("before", CARRIERS.values(), ids=CARRIERS)
async def test_who_talks_without_end_while_it_waits_is_cut_off(
    start_control: StartControl, connect: Connect, before: bytes
) -> None:
    control = await start_control(handshakes_per_sec=1 / 60)
    raw = await waiting(control, connect, before)
    raw.send(frame(b"x" * 70_000))
    assert await raw.is_cut()
    await until(lambda: counted(control) == 1)


@pytest.mark.parametrize("before", CARRIERS.values(), ids=CARRIERS)
async def test_who_would_wait_too_long_is_told_when_to_come_again(
    start_control: StartControl, connect: Connect, before: bytes
) -> None:
    control = await start_control(handshakes_per_sec=1 / 60)
    await waiting(control, connect, before)
    raw = await connect(control)
    raw.send(before + handshake())
    if before:
        await raw.response()
    status, fields, _ = await raw.response()
    assert (status, int(fields["retry-after"]) >= 60) == (503, True)
    assert await raw.is_cut(), "it holds no descriptor until then"
    assert counted(control) == 2
    assert control.hub.metrics.refused_upgrades == {"503": 1}


@pytest.mark.parametrize("before", CARRIERS.values(), ids=CARRIERS)
async def test_who_waits_hears_of_a_drain_at_once_and_one_who_left_keeps_nobody_from_it(
    start_control: StartControl, connect: Connect, before: bytes
) -> None:
    """[B1] Also where the server is closed right after that."""
    control = await start_control(handshakes_per_sec=1 / 60, longest_upgrade_wait_sec=300)
    gone = await waiting(control, connect, before)
    raw = await another_waiting(control, connect, before)
    gone.drop()
    await until(lambda: len(control.hub.upgrades) == 1)
    await control.readiness.drain(control.hub)
    await control.server.server.close()
    status, fields, _ = await raw.response()
    assert (status, fields["retry-after"]) == (503, "1")
    assert await raw.is_cut()
    await until(lambda: counted(control) == 1)


@pytest.mark.parametrize("before", CARRIERS.values(), ids=CARRIERS)
async def test_an_address_with_too_many_connections_is_told_so(
    start_control: StartControl, connect: Connect, before: bytes
) -> None:
    control = await start_control(connections_per_address=1)
    await control.joined("ada")
    raw = await connect(control)
    raw.send(before + handshake())
    if before:
        await raw.response()
    status, fields, _ = await raw.response()
    assert (status, int(fields["retry-after"]) > 0) == (429, True)
    assert await raw.is_cut()
    assert counted(control) == 1


async def test_what_fails_while_a_channel_opens_costs_nobody_else_a_turn(
    control: ControlServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("unisono.connection.ControlSession", Mock(side_effect=RuntimeError("a bug")))
        raw = await connect(control)
        raw.send(handshake())
        assert await raw.is_cut()
    await until(lambda: counted(control) == control.hub.sockets.open == 0)
    assert await (await control.joined("ada")).is_served()


# --- writing ------------------------------------------------------------------------------------------------


async def test_large_and_small_frames_to_a_slow_reader_arrive_whole_and_in_order(
    start_control: StartControl, connect: Connect
) -> None:
    """They wait in the transport, where nothing may overwrite them."""
    control = await start_control(
        messages_per_sec=10**6,
        message_burst=10**6,
        bytes_per_sec=10**9,
        byte_burst=10**9,
        queue_bytes=10**7,
        send_buffer_bytes=4096,
    )
    raw = await connect(control)
    raw.writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.send(handshake())
    await raw.response()
    await raw.join("bo")
    ada = await control.joined("ada")
    sizes = [4, 900, 1_000, 9_000, 20_000, 4] * 12
    for number, size in enumerate(sizes):
        await ada.send("relay", to=BO, body=chr(ord("A") + number % 26) * size)
    await until(lambda: control.hub.metrics.messages_sent["relayed"] == len(sizes))
    assert max(session.queue_bytes for session in control.hub.sessions()) > 100_000, "nothing had to wait"
    assert (await raw.receive())["type"] == "joined"
    for number, size in enumerate(sizes):
        assert (await raw.receive())["body"] == chr(ord("A") + number % 26) * size


async def test_who_pings_and_reads_no_answer_is_a_slow_reader(
    start_control: StartControl, connect: Connect
) -> None:
    control = await start_control(
        messages_per_sec=10**6,
        message_burst=10**6,
        byte_burst=10**9,
        queue_bytes=4096,
        send_buffer_bytes=4096,
    )
    raw = await connect(control)
    raw.writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.send(handshake())
    await raw.response()
    await raw.join("bo")
    cast("asyncio.Transport", raw.writer.transport).pause_reading()
    raw.send(5_000 * frame(b"p" * 100, PING))
    await until(lambda: control.hub.metrics.closes["slow_reader"] == 1)


async def test_who_answers_no_ping_is_let_go(start_control: StartControl, connect: Connect) -> None:
    control = await start_control(heartbeat_sec=2.0)
    raw = await connect(control)
    raw.send(handshake())
    await raw.response()
    await raw.join("bo")
    assert await raw.is_cut()
    await until(lambda: control.hub.metrics.closes["lost"] == 1)


async def test_who_answers_pings_stays_while_another_is_let_go(
    control: ControlServer, opened: RawSocket
) -> None:
    """The beats come by hand: a busy machine may take longer for an answer than a timer gives it."""
    control.server.server._beating.cancel()
    ada = await control.joined("ada")
    [silent, answering] = control.hub.sessions()
    await opened.join("bo")
    await ada.expect("joined")
    gone = asyncio.create_task(ada.expect("presence"))  # aiohttp answers pings as long as somebody reads
    for _ in range(2):
        silent.beat()
        answering.beat()
    await until(lambda: answering._silent_beats == 0)  # type: ignore[attr-defined]
    silent.beat()
    answering.beat()
    assert await opened.is_cut()
    assert (await gone)["away"] is True
    assert control.hub.metrics.closes["lost"] == 1
    assert await ada.is_served()
