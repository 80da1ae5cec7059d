"""What one peer, one swarm and one address may take of the control channel, and what happens beyond it."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import aiohttp
import msgspec
import pytest

from lab.joiner import Joiner
from tests.server.conftest import USER_IDS, ControlServer, StartControl, until
from unisono.config import Limits
from unisono.protocol import MAX_BODY_CHARS, CloseCode

BO = USER_IDS["bo"]


async def test_too_many_messages_close_that_one_socket(control: ControlServer) -> None:
    ada, bo = await control.joined("ada"), await control.joined("bo")
    await ada.expect("joined")
    for number in range(Limits().message_burst * 3):
        try:
            await bo.send("ping", id=number, t0=0)
        except ConnectionError:
            break
    while (message := await bo.receive())["type"] == "pong":
        pass
    assert message["code"] == "rate-limited"
    assert await bo.expect_close() == CloseCode.RATE_LIMITED
    await ada.expect("presence")
    assert await ada.is_served()


async def test_a_full_swarm_says_so(start_control: StartControl) -> None:
    control = await start_control(max_members=1)
    ada = await control.joined("ada")
    bo = await control.connect("bo")
    await bo.ask_in()
    assert await bo.expect_refusal("swarm-full") == CloseCode.SWARM_FULL
    assert await ada.is_served()


async def expect_too_many(control: ControlServer) -> None:
    try:
        await control.connect("bo")
    except aiohttp.WSServerHandshakeError as refusal:
        assert refusal.status == 429  # noqa: PT017 - kept, it would keep the connections of this test alive
        assert refusal.headers is not None  # noqa: PT017
        assert int(refusal.headers["Retry-After"]) > 0  # noqa: PT017
    else:
        pytest.fail("let in")


async def test_too_many_connections_from_one_address_are_refused_with_a_reason(
    start_control: StartControl,
) -> None:
    control = await start_control(connections_per_address=1)
    ada = await control.joined("ada")
    await expect_too_many(control)
    await ada.send("leave")
    await ada.expect_close()
    await until(lambda: control.hub.metrics.connections == 0)
    assert await (await control.joined("bo")).is_served()


async def test_too_many_joins_from_one_address_are_refused_with_a_reason(start_control: StartControl) -> None:
    control = await start_control(joins_per_address_per_min=1)
    ada = await control.joined("ada")
    bo = await control.connect("bo")
    await bo.ask_in()
    assert await bo.expect_refusal("too-many-joins") == CloseCode.TOO_MANY_JOINS
    assert await ada.is_served()


# --- slow readers -------------------------------------------------------------------------------------------


async def connect_without_reading(control: ControlServer, name: str) -> asyncio.StreamWriter:
    """A peer that joins and then never reads: a bare socket with the smallest receive buffer."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)  # noqa: FBT003 - the signature of the standard library
    host, port = control.server.host, control.server.port
    await asyncio.get_running_loop().sock_connect(raw, (host, port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=4096)
    writer.write(
        f"GET /v1/control HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    challenge = (await reader.readexactly(2))[1:]
    join = msgspec.json.encode(Joiner(name).join(await reader.readexactly(challenge[0])))
    masked = bytes([0x81, 0x80 | 126]) + len(join).to_bytes(2, "big") + bytes(4) + join
    writer.write(masked)
    return writer


async def test_a_slow_reader_is_dropped_and_the_broadcaster_is_not(start_control: StartControl) -> None:
    control = await start_control(
        messages_per_sec=10**6, message_burst=10**6, bytes_per_sec=10**9, byte_burst=10**9
    )
    ada, cy = await control.joined("ada"), await control.joined("cy")
    await ada.expect("joined")
    writer = await connect_without_reading(control, "bo")
    assert (await ada.expect("joined"))["userId"] == BO
    assert (await cy.expect("joined"))["userId"] == BO

    body, sent = "A" * MAX_BODY_CHARS, 0
    while not control.hub.metrics.closes["slow_reader"]:
        await ada.send("relay", body=body)
        assert (await cy.expect("relayed"))["body"] == body
        sent += 1
        assert sent < 100, "2 MB wait for one reader"
    assert await ada.expect("presence") == {"type": "presence", "userId": BO, "away": True}
    assert (await cy.expect("presence"))["userId"] == BO
    assert await ada.is_served()
    writer.transport.abort()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
