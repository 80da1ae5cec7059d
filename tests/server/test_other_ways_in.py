"""Channels beside those of a plain connection: adopted, on a Unix socket, behind TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import ControlServer, Listening, until
from tests.server.raw_socket import CARRIERS, RawSocket, handshake
from unisono.config import Config, Limits
from unisono.hub import Hub
from unisono.protocol import MAX_BODY_CHARS
from unisono.static import WebApp
from unisono.visit import Readiness
from unisono.web_server import WebServer


async def test_a_connection_that_somebody_else_accepted_is_adopted_with_what_was_read_of_it(
    control: ControlServer,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        raw = await RawSocket.connect(*listener.getsockname())
        accepted, _ = listener.accept()
    accepted.setblocking(False)  # noqa: FBT003 - the signature of the standard library
    request = handshake()
    await control.server.server.adopt(accepted, request[:30])
    raw.send(request[30:])
    assert (await raw.response())[0] == 101
    await raw.join("bo")
    raw.drop()


async def test_a_unix_socket_carries_a_channel(control: ControlServer) -> None:
    near, far = socket.socketpair()
    for end in (near, far):
        end.setblocking(False)  # noqa: FBT003 - the signature of the standard library
    await control.server.server.adopt(far, handshake())
    raw = RawSocket(*await asyncio.open_connection(sock=near))
    assert (await raw.response())[0] == 101
    await raw.join("bo")
    raw.drop()


StartTls = Callable[..., Awaitable[tuple[Listening, Hub]]]


@pytest.fixture
async def start_tls(certificate: tuple[Path, Path], tmp_path: Path) -> AsyncIterator[StartTls]:
    running: list[tuple[Listening, Hub]] = []

    async def start(**limits: Any) -> tuple[Listening, Hub]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
        hub = Hub(replace(Config(), limits=replace(Limits(), **limits)))
        server = Listening(await WebServer.start(hub, WebApp(tmp_path / "nothing"), Readiness(), context))
        await server.start()
        running.append((server, hub))
        return running[-1]

    yield start
    for server, hub in running:
        await server.close()
        hub.stop()


@pytest.mark.parametrize("before", CARRIERS.values(), ids=CARRIERS)
async def test_behind_tls_pages_and_channels_share_the_port(
    start_tls: StartTls, certificate: tuple[Path, Path], before: bytes
) -> None:
    server, hub = await start_tls()
    trust = ssl.create_default_context(cafile=certificate[0])
    raw = await RawSocket.connect(server.host, server.port, trust)
    if before:
        raw.send(before)
        assert (await raw.response())[2] == b"ok\n"
    raw.send(handshake())
    assert (await raw.response())[0] == 101
    await raw.join("bo")
    raw.say("relay", body="A" * MAX_BODY_CHARS)
    raw.say("ping", id=1, t0=0)
    assert (await raw.receive())["type"] == "pong"
    raw.drop()
    await until(lambda: hub.metrics.connections == 0)


@pytest.mark.parametrize("part", [b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"])
async def test_behind_tls_who_never_finishes_the_handshake_is_cut_off_in_time(
    start_tls: StartTls, part: bytes
) -> None:
    server, _ = await start_tls(request_timeout_sec=0.3)
    raw = await RawSocket.connect(server.host, server.port)
    raw.send(part)
    assert await raw.is_cut()
    raw.drop()
