"""Every accepted socket is counted until it is gone: by aiohttp, by picows, by another worker."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.server.conftest import ControlServer, Listening, StartControl, until
from tests.server.raw_socket import RawSocket, handshake
from unisono.config import Config
from unisono.hub import Hub
from unisono.static import WebApp
from unisono.visit import Readiness
from unisono.web_server import WebServer
from unisono.workers.door import Door
from unisono.workers.handover import Handover, make_inbox, receive_connection
from unisono.workers.relay import make_pair

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"
WAYS = {
    "nothing": b"",
    "half a request": b"GET /v1/con",
    "a page": HEALTH,
    "no handshake": handshake(Upgrade=""),
    "a channel": handshake(),
    "a channel after a page": HEALTH + handshake(),
}


async def connect(control: ControlServer) -> RawSocket:
    return await RawSocket.connect(control.server.host, control.server.port)


@pytest.mark.parametrize("what", WAYS)
async def test_a_socket_is_counted_once_and_until_it_is_gone(control: ControlServer, what: str) -> None:
    sockets = control.hub.sockets
    raw = await connect(control)
    raw.send(WAYS[what])
    await until(lambda: sockets.open == 1)
    if "a channel" in what:
        while (await raw.response())[0] != 101:
            pass
        await raw.join("bo")
        assert sockets.open == 1
    elif WAYS[what].endswith(b"\r\n\r\n"):
        await raw.response()
    raw.drop()
    await until(lambda: sockets.open == 0)


async def test_who_asks_on_and_reads_nothing_is_cut_off(start_control: StartControl) -> None:
    """[B7]"""
    control = await start_control(response_timeout_sec=0.4)
    raw = await connect(control)
    raw.writer.transport.pause_reading()  # type: ignore[attr-defined] # it is one for reading, too
    raw.send(HEALTH * 20_000)
    await until(lambda: control.hub.sockets.open == 1)
    await until(lambda: control.hub.sockets.open == 0)
    raw.drop()


async def test_an_address_with_too_many_sockets_has_the_next_one_cut_at_once(
    start_control: StartControl,
) -> None:
    control = await start_control(connections_per_address=2)
    most = control.hub.config.limits.plain_sockets_per_address
    idle = [await connect(control) for _ in range(most)]
    await until(lambda: control.hub.sockets.open == most)
    refused = await connect(control)
    assert await refused.is_cut()
    assert control.hub.metrics.refused_sockets == 1
    # One that has become a channel makes room.
    idle[0].send(handshake())
    assert (await idle[0].response())[0] == 101
    last = await connect(control)
    last.send(HEALTH)
    assert (await last.response())[0] == 200
    for raw in (*idle, refused, last):
        raw.drop()
    await until(lambda: control.hub.sockets.open == 0)


# --- two workers --------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def two_workers(
    tmp_path: Path, tls: ssl.SSLContext | None
) -> AsyncIterator[tuple[Listening, list[Hub]]]:
    """In one process. The first one listens; shard 0001 is the second one's."""
    inboxes = [make_inbox() for _ in range(2)]
    hubs = [Hub(Config()) for _ in range(2)]
    doors = [Door(number, [into for into, _ in inboxes], inboxes[number][1]) for number in range(2)]
    servers = [
        await WebServer.start(hub, WebApp(tmp_path), Readiness(), tls, door.pass_on)
        for hub, door in zip(hubs, doors, strict=True)
    ]
    for door, server in zip(doors, servers, strict=True):
        door.open(server)
    listening = Listening(servers[0])
    await listening.start()
    yield listening, hubs
    for door, server, hub in zip(doors, servers, hubs, strict=True):
        door.close()
        door.close_relays()
        await server.close()
        hub.stop()
    await listening.close()
    for pair in inboxes:
        for end in pair:
            end.close()


@pytest.mark.parametrize("before", [b"", HEALTH])
async def test_a_socket_that_is_handed_over_is_counted_where_it_ends_up(
    tmp_path: Path, before: bytes
) -> None:
    async with two_workers(tmp_path, None) as (listening, (first, second)):
        raw = await RawSocket.connect(listening.host, listening.port)
        raw.send(before + handshake().replace(b"?s=0000", b"?s=0001"))
        while (await raw.response())[0] != 101:
            pass
        await until(lambda: (first.sockets.open, second.sockets.open) == (0, 1))
        raw.drop()
        await until(lambda: second.sockets.open == 0)


@pytest.mark.parametrize("before", [b"", HEALTH])
@pytest.mark.parametrize("is_draining", [False, True])
async def test_who_comes_by_a_relay_keeps_the_address_also_where_a_draining_worker_passes_it_on(
    tmp_path: Path, before: bytes, *, is_draining: bool
) -> None:
    """Its socket leads to the worker that decrypts: the loopback, which may be a trusted proxy's address."""
    into, out_of = make_inbox()
    hub = Hub(Config(trusted_proxies=(ip_network("127.0.0.0/8"),)))
    door = Door(0, [into], out_of)
    door.has_successor = is_draining
    server = await WebServer.start(hub, WebApp(tmp_path), Readiness(), None, door.pass_on)
    here, there = make_pair()
    with contextlib.closing(here), contextlib.closing(into), contextlib.closing(out_of):
        liar = handshake(**{"X-Forwarded-For": "198.51.100.9"})
        await server.adopt(there, before + liar, "203.0.113.7")
        if is_draining:
            handovers: list[Handover] = []

            def is_passed_on() -> bool:
                handovers.extend(filter(None, [receive_connection(out_of)]))
                return bool(handovers)

            await until(is_passed_on)
            assert handovers[0].peer == "203.0.113.7"
            handovers[0].sock.close()
        else:
            await until(lambda: hub.addresses.connections == 1)
            assert hub.addresses.is_connected("203.0.113.7")
        await server.close()
        hub.stop()


@pytest.mark.parametrize("before", [b"", HEALTH])
async def test_a_socket_that_is_relayed_is_counted_by_both_as_both_hold_one(
    tmp_path: Path, certificate: tuple[Path, Path], before: bytes
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    async with two_workers(tmp_path, context) as (listening, (first, second)):
        trust = ssl.create_default_context(cafile=certificate[0])
        raw = await RawSocket.connect(listening.host, listening.port, trust)
        raw.send(before + handshake().replace(b"?s=0000", b"?s=0001"))
        while (await raw.response())[0] != 101:
            pass
        assert (first.sockets.open, second.sockets.open) == (1, 1)
        raw.drop()
        await until(lambda: (first.sockets.open, second.sockets.open) == (0, 0))
