"""`unisono serve --workers 2` as real processes on one port, with pages of two shards."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from bench.figures import server_counts
from lab.joiner import Joiner
from lab.ports import free_port
from lab.server_process import ServerProcess
from tests.server.conftest import FRAME_LIMIT_SEC
from tests.server.raw_socket import frame
from unisono.protocol import CloseCode

StartServer = Callable[..., ServerProcess]

# Of workers 0 and 1.
SHARDS = ("0000", "0001")
# By the test that runs; its sockets end with it.
OPENED: list[aiohttp.ClientWebSocketResponse[bool]] = []
UPGRADE = (
    "GET /v1/control?s={shard} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
        for ws in OPENED:
            connection = ws._response.connection
            if connection is not None and connection.transport is not None:
                connection.transport.abort()
            # Once its transport is gone nobody closes it: Python's collector would, and may come to the
            # connection before the response, which is a warning.
            ws._response.close()
        OPENED.clear()


@dataclass
class Page:
    """A member of the one swarm of its shard."""

    ws: aiohttp.ClientWebSocketResponse[bool]
    node_id: str
    clock_id: str
    others: list[str]

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(FRAME_LIMIT_SEC):
            frame = await self.ws.receive()
        assert frame.type is aiohttp.WSMsgType.TEXT, f"closed with {self.ws.close_code}"
        message: dict[str, Any] = msgspec.json.decode(frame.data)
        return message

    async def is_served(self) -> bool:
        await self.ws.send_str('{"type":"ping","id":1,"t0":0}')
        while (await self.hear())["type"] != "pong":
            pass
        return True

    async def expect_close(self) -> int | None:
        async with asyncio.timeout(FRAME_LIMIT_SEC):
            while (await self.ws.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self.ws.close_code


async def join(
    http: aiohttp.ClientSession, server: ServerProcess, shard: str, name: str = "ada", **how: Any
) -> Page:
    address = f"{server.url.replace('http', 'ws', 1)}/v1/control?s={shard}"
    ws = await http.ws_connect(address, **how)
    OPENED.append(ws)
    async with asyncio.timeout(FRAME_LIMIT_SEC):
        challenge = (await ws.receive()).data
        await ws.send_str(msgspec.json.encode(Joiner(name).join(challenge, shard * 8)).decode())
        welcome = msgspec.json.decode((await ws.receive()).data)
    assert welcome["type"] == "welcome", welcome
    return Page(ws, welcome["nodeId"], welcome["clockId"], [each["userId"] for each in welcome["members"]])


async def join_when_back(
    http: aiohttp.ClientSession, server: ServerProcess, shard: str, name: str = "ada"
) -> Page:
    """As a page does: again and again until its worker is there."""
    async with asyncio.timeout(FRAME_LIMIT_SEC):
        while True:
            try:
                return await join(http, server, shard, name)
            except (aiohttp.ClientError, ConnectionError, TypeError):
                await asyncio.sleep(0.02)


def workers(server: ServerProcess) -> dict[int, int]:
    """Number → process. Of two with the same number the younger."""
    found: dict[int, int] = {}
    for stat in sorted(Path("/proc").glob("[0-9]*/stat"), key=lambda path: int(path.parent.name)):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = stat.with_name("cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # ended meanwhile
        if parent == server.pid and b"unisono.workers" in command:
            found[json.loads(command[command.index(b"unisono.workers") + 1])["number"]] = int(
                stat.parent.name
            )
    return found


def is_running(pid: int) -> bool:
    """Whoever ended and is not waited for by its new parent has no command line any more."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except OSError:
        return False


async def until_counted(metrics_port: int, wanted: dict[str, float]) -> None:
    async with asyncio.timeout(FRAME_LIMIT_SEC):
        while True:
            counts = await asyncio.to_thread(server_counts, metrics_port)
            if {name: counts.get(name) for name in wanted} == wanted:
                return
            await asyncio.sleep(0.02)


async def until_restarted(metrics_port: int, how: str) -> None:
    async with asyncio.timeout(FRAME_LIMIT_SEC), aiohttp.ClientSession() as http:
        while True:
            async with http.get(f"http://127.0.0.1:{metrics_port}/metrics") as answer:
                if f'unisono_worker_restarts_total{{reason="{how}"}}' in await answer.text():
                    return
            await asyncio.sleep(0.02)


async def until_ready(http: aiohttp.ClientSession, server: ServerProcess) -> None:
    """A worker whose beat is some seconds late on a busy machine counts as gone until the next one."""
    async with asyncio.timeout(FRAME_LIMIT_SEC):
        while True:
            async with http.get(f"{server.url}/readyz") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.02)


async def test_the_shard_decides_the_worker_and_all_are_one_server(
    start_server: StartServer, http: aiohttp.ClientSession
) -> None:
    metrics_port, stun_port = free_port(), free_port()
    server = start_server(
        extra_args=["--workers", "2", "--metrics", f"127.0.0.1:{metrics_port}", "--stun-port", str(stun_port)]
    )
    pages = [await join(http, server, shard, name) for name in ("ada", "bo", "cy") for shard in SHARDS]
    # Whoever accepted them, those of a shard meet, on the clock of their worker.
    assert [len(page.others) for page in pages] == [0, 0, 1, 1, 2, 2]
    for identity in ("node_id", "clock_id"):
        even, odd = ({getattr(page, identity) for page in pages[first::2]} for first in (0, 1))
        assert (len(even), len(odd), len(even | odd)) == (1, 1, 2)
    assert all([await page.is_served() for page in pages])

    await until_ready(http, server)
    for path in ("/roomz", "/"):
        async with http.get(f"{server.url}{path}") as answer:
            assert answer.status == (503 if path == "/" and "web-app-missing" in server.log_text() else 200)
    # A worker that has no time to answer is shown as it was before.
    await until_counted(
        metrics_port,
        {
            "unisono_connections": 6,
            "unisono_swarms": 2,
            "unisono_members": 6,
            "unisono_clock_service_seconds_count": 6,
        },
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        device.settimeout(FRAME_LIMIT_SEC)
        device.sendto(bytes.fromhex("000100002112a442") + bytes(12), (server.host, stun_port))
        assert (await asyncio.to_thread(device.recv, 100)).startswith(b"\x01\x01")

    os.kill(server.pid, signal.SIGTERM)
    for page in pages:
        while (await page.hear())["type"] != "goaway":
            pass
        assert await page.expect_close() == CloseCode.RESTART
    assert await asyncio.to_thread(server.wait) == 0
    assert "Traceback" not in server.log_text()


async def test_a_connection_that_served_pages_is_led_to_its_worker_as_well(
    server_of_two: ServerProcess,
) -> None:
    """Proxies keep connections for whoever comes next. Twice, so that either worker may have accepted it."""
    for shard in SHARDS * 2:
        reader, writer = await asyncio.open_connection(server_of_two.host, server_of_two.port)
        writer.write(f"GET /healthz HTTP/1.1\r\nHost: {server_of_two.host}\r\n\r\n".encode())
        assert b"200" in await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len("ok\n"))
        # A client may send its first message in the same moment; it goes where the connection goes.
        early = frame(b'{"type":"leave"}')
        writer.write(UPGRADE.format(shard=shard, host=server_of_two.host).encode() + early)
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        assert b"challenge" in await reader.readuntil(b"}")
        async with asyncio.timeout(FRAME_LIMIT_SEC):
            assert b"join-expected" in await reader.readuntil(b"}")
        writer.close()
        await writer.wait_closed()


async def test_when_a_worker_dies_only_its_swarms_notice(
    start_server: StartServer, http: aiohttp.ClientSession
) -> None:
    metrics_port = free_port()
    server = start_server(
        extra_args=["--workers", "2", "--stun-port", "0", "--metrics", f"127.0.0.1:{metrics_port}"]
    )
    ada, bo = [await join(http, server, shard) for shard in SHARDS]
    os.kill(workers(server)[1], signal.SIGKILL)
    assert await bo.expect_close() == aiohttp.WSCloseCode.ABNORMAL_CLOSURE
    assert await ada.is_served()
    back = await join_when_back(http, server, SHARDS[1])
    assert back.node_id not in (ada.node_id, bo.node_id)
    assert await ada.is_served()
    await until_restarted(metrics_port, "died")

    # One that is asked to stop by hand drains, and is started again too.
    os.kill(workers(server)[1], signal.SIGTERM)
    while (await back.hear())["type"] != "goaway":
        pass
    assert await back.expect_close() == CloseCode.RESTART
    assert (await join_when_back(http, server, SHARDS[1])).node_id != back.node_id
    assert await ada.is_served()
    await until_restarted(metrics_port, "stopped")
    await until_ready(http, server)


async def test_workers_are_replaced_one_by_one(
    server_of_two: ServerProcess, http: aiohttp.ClientSession
) -> None:
    server = server_of_two
    ada, bo = [await join(http, server, shard) for shard in SHARDS]
    before = workers(server)
    os.kill(server.pid, signal.SIGHUP)
    while (await ada.hear())["type"] != "goaway":
        pass
    # Ada's worker waits for her to answer its close, so bo's turn has not come.
    assert await bo.is_served()
    assert workers(server)[1] == before[1]
    newcomer = await join(http, server, SHARDS[0], "cy")
    assert newcomer.node_id != ada.node_id
    await until_ready(http, server)
    assert await ada.expect_close() == CloseCode.RESTART
    while (await bo.hear())["type"] != "goaway":
        pass
    assert (await join(http, server, SHARDS[1])).node_id != bo.node_id
    assert await bo.expect_close() == CloseCode.RESTART
    assert await newcomer.is_served()
    assert not set(workers(server).values()) & set(before.values())


async def test_limits_of_an_address_hold_over_all_workers(
    start_server: StartServer, http: aiohttp.ClientSession
) -> None:
    server = start_server(extra_args=["--workers", "2", "--stun-port", "0", "--connections-per-address", "3"])
    pages = [await join(http, server, shard, name) for name in ("ada", "bo") for shard in SHARDS[:1]]
    pages.append(await join(http, server, SHARDS[1]))
    for shard in SHARDS:
        assert await is_refused(http, server, shard)
    await pages[0].ws.close()
    assert (await join_when_back(http, server, SHARDS[1], "bo")).others


async def is_refused(http: aiohttp.ClientSession, server: ServerProcess, shard: str, **how: Any) -> bool:
    """Before or after the upgrade."""
    try:
        async with http.ws_connect(f"{server.url}/v1/control?s={shard}", **how) as ws:
            frame = await ws.receive(timeout=FRAME_LIMIT_SEC)
            return '"too-many-connections"' in str(frame.data)
    except aiohttp.WSServerHandshakeError as refusal:
        return refusal.status in (429, 503)


async def test_with_a_certificate_every_worker_is_reached(
    start_server: StartServer, http: aiohttp.ClientSession, certificate: tuple[Path, Path]
) -> None:
    """Several each: some are accepted by the worker of the other shard, and relayed. Their address counts."""
    cert, key = certificate
    tls = ["--tls-cert", str(cert), "--tls-key", str(key), "--connections-per-address", "8"]
    server = start_server(extra_args=["--workers", "2", "--stun-port", "0", *tls])
    trust = ssl.create_default_context(cafile=cert)
    pages = [
        await join(http, server, shard, f"page {number}", ssl=trust)
        for number in range(4)
        for shard in SHARDS
    ]
    for first in (0, 1):
        assert [len(page.others) for page in pages[first::2]] == [0, 1, 2, 3]
    assert len({page.node_id for page in pages}) == 2
    assert all([await page.is_served() for page in pages])
    large = "A" * 20_000
    await pages[0].ws.send_str(msgspec.json.encode({"type": "relay", "body": large}).decode())
    while (heard := await pages[2].hear())["type"] != "relayed":
        pass
    assert heard["body"] == large
    assert await is_refused(http, server, SHARDS[0], ssl=trust)
    await asyncio.to_thread(server.stop)
    assert "Traceback" not in server.log_text()


async def test_without_their_supervisor_workers_end_and_free_the_port(server_of_two: ServerProcess) -> None:
    alone = workers(server_of_two).values()
    server_of_two.stop(signal.SIGKILL)
    async with asyncio.timeout(FRAME_LIMIT_SEC):
        while any(is_running(pid) for pid in alone):  # noqa: ASYNC110 - processes of others
            await asyncio.sleep(0.02)
    await asyncio.to_thread(server_of_two.restart)
    assert server_of_two.is_running


async def test_when_a_new_worker_cannot_start_the_old_ones_stay(
    start_server: StartServer, http: aiohttp.ClientSession, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = (tmp_path / path.name for path in certificate)
    for copy, path in zip((cert, key), certificate, strict=True):
        copy.write_bytes(path.read_bytes())
    tls = ["--tls-cert", str(cert), "--tls-key", str(key)]
    server = start_server(extra_args=["--workers", "2", "--stun-port", "0", *tls])
    page = await join(http, server, SHARDS[1], ssl=ssl.create_default_context(cafile=cert))
    key.write_text("half of a renewed key", encoding="utf-8")
    os.kill(server.pid, signal.SIGHUP)
    async with asyncio.timeout(FRAME_LIMIT_SEC):
        while "replacing-abandoned" not in server.log_text():  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.02)
    assert await page.is_served()
    assert "are not a PEM certificate" in server.log_text()


@pytest.fixture
def server_of_two(start_server: StartServer) -> ServerProcess:
    return start_server(extra_args=["--workers", "2", "--stun-port", "0"])
