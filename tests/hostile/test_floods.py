"""Floods on real sockets, short: what bounds each is asserted, and a newcomer comes in the middle of it.

The full-size ones, with figures, are `python -m bench.server_floods`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp

from bench.figures import server_counts
from bench.floods import enter
from bench.server_floods import AS_SHIPPED
from lab.joiner import Joiner
from lab.ports import free_port
from lab.server_process import ServerProcess
from tests.hostile.test_hostile_stranger import MIB, member, resident_bytes
from unisono.config import Limits

StartServer = Callable[..., ServerProcess]

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SEC = 60.0
NEWCOMER = "127.9.9.9"


@contextlib.asynccontextmanager
async def flood(
    name: str, server: ServerProcess, count: int, seconds: float
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.floods", name, server.host, str(server.port)),
        *("--count", str(count), "--seconds", str(seconds)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def said(process: asyncio.subprocess.Process) -> Any:
    """The next line of a flood."""
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT_SEC):
        return json.loads(await process.stdout.readline())


async def newcomer_is_let_in(server: ServerProcess) -> bool:
    entered = await enter(server.host, server.port, NEWCOMER, "new", "new", limit_sec=LIMIT_SEC)
    if isinstance(entered, str):
        return False
    entered.close()
    return True


async def counts_until(metrics_port: int, condition: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    """The server's own counts, as soon as they are so."""
    async with asyncio.timeout(LIMIT_SEC):
        while True:
            counts = await asyncio.to_thread(server_counts, metrics_port)
            if condition(counts):
                return counts
            await asyncio.sleep(0.1)


def started(start_server: StartServer, *arguments: str) -> tuple[ServerProcess, int]:
    metrics_port = free_port()
    return start_server(
        extra_args=[*AS_SHIPPED, "--metrics", f"127.0.0.1:{metrics_port}", *arguments]
    ), metrics_port


async def test_members_that_never_read_hold_no_more_than_the_budget(start_server: StartServer) -> None:
    """Four hundred could hold 100 MiB by their own limits."""
    server, metrics_port = started(start_server)
    before_bytes, budget_bytes = resident_bytes(server.pid), Limits().backlog_bytes
    async with flood("never-read", server, 400, 60):
        counts = await counts_until(metrics_port, lambda now: now.get("unisono_closes_total", 0) > 0)
        assert await newcomer_is_let_in(server)
        for _ in range(20):
            counts = await asyncio.to_thread(server_counts, metrics_port)
            assert counts["unisono_queue_bytes"] <= budget_bytes
    grown_bytes = resident_bytes(server.pid, "VmHWM") - before_bytes
    print(f"\nmemory grew by {grown_bytes / MIB:.0f} MiB, {counts['unisono_closes_total']:.0f} cut off")
    assert grown_bytes < 3 * budget_bytes


async def test_the_sockets_of_one_address_make_no_more_frames_than_their_budget(
    start_server: StartServer,
) -> None:
    server, metrics_port = started(start_server)
    limits = Limits()
    async with aiohttp.ClientSession() as http:
        ada, bo = await member(http, server, "ada"), await member(http, server, "bo")
        assert json.loads((await ada.receive()).data)["type"] == "joined"
        async with flood("broadcaster", server, 64, 6) as strangers:
            counts = await counts_until(metrics_port, lambda now: now["unisono_withheld_total"] > 0)
            assert await newcomer_is_let_in(server)
            # A heartbeat a second beside it reaches its swarm, each one.
            for number in range(3):
                await ada.send_json({"type": "relay", "body": "AAA" + str(number)})
                heard = json.loads((await bo.receive()).data)
                assert heard == {
                    "type": "relayed",
                    "from": Joiner("ada").user_id,
                    "body": "AAA" + str(number),
                }
            fates = await said(strangers)
        counts = await asyncio.to_thread(server_counts, metrics_port)
        await ada.close()
        await bo.close()
    asked = fates["sent"] * 63
    most = 10 * limits.frames_per_swarm_per_sec + 2 * limits.swarm_frame_burst
    print(f"\n{asked} frames asked for, {counts['unisono_messages_sent_total']:.0f} messages sent")
    # Newcomers of the flood are told to the others as well, which is charged to nobody but bounded by joins.
    assert counts["unisono_messages_sent_total"] < most + 64 * limits.joins_per_address_per_min * 2
    assert counts["unisono_messages_sent_total"] < asked


async def test_upgrades_that_nobody_finishes_hold_up_nobody_else(start_server: StartServer) -> None:
    server, metrics_port = started(start_server)
    async with flood("unfinished", server, 500, 5) as strangers:
        await counts_until(metrics_port, lambda now: now.get("unisono_refused_upgrades_total", 0) > 0)
        for _ in range(5):
            assert await newcomer_is_let_in(server)
        counts = await asyncio.to_thread(server_counts, metrics_port)
        fates = await said(strangers)
    print(f"\n{fates}, {counts['unisono_connections']:.0f} connections in the middle")
    assert counts["unisono_connections"] <= Limits().connections_per_address + 5
    assert fates["status 429"] > 0


async def test_pages_whose_server_was_killed_come_back_beside_a_host_that_finishes_nothing(
    start_server: StartServer,
) -> None:
    server = start_server(extra_args=AS_SHIPPED)
    async with flood("return", server, 500, 60) as pages:
        assert await said(pages) == "ready"
        await asyncio.to_thread(server.stop, signal.SIGKILL)
        await asyncio.to_thread(server.restart)
        async with flood("unfinished", server, 500, 60):
            assert await newcomer_is_let_in(server)
            fates = await said(pages)
    print(f"\n{fates}")
    assert fates["back"] == 500
    assert "never back" not in fates


# --- few descriptors ----------------------------------------------------------------------------------------

FEW_FILES = 1024


async def idle_sockets(server: ServerProcess, count: int, addresses: int) -> list[socket.socket]:
    """Connected and silent, from so many addresses."""
    loop, sockets = asyncio.get_running_loop(), []
    for number in range(count):
        sock = socket.socket()
        sock.setblocking(False)  # noqa: FBT003 - the signature of the standard library
        sock.bind((f"127.5.{number % addresses}.1", 0))
        await loop.sock_connect(sock, (server.host, server.port))
        sockets.append(sock)
    return sockets


async def is_served(channel: aiohttp.ClientWebSocketResponse[bool]) -> bool:
    await channel.send_json({"type": "ping", "id": 1, "t0": 0})
    async with asyncio.timeout(LIMIT_SEC):
        return bool(json.loads((await channel.receive()).data)["type"] == "pong")


async def test_with_few_descriptors_the_server_refuses_in_words_and_goes_on(tmp_path: Path) -> None:
    """[B7]"""
    limited = ("prlimit", f"--nofile={FEW_FILES}:{FEW_FILES}", sys.executable, "-m", "unisono")
    server = ServerProcess(tmp_path / "server.log", AS_SHIPPED, command=limited)
    idle: list[socket.socket] = []
    try:
        assert "WARNING few-open-files The system allows 1024" in server.log_text()
        async with aiohttp.ClientSession() as http:
            ada = await member(http, server, "ada")
            idle = await idle_sockets(server, 1200, addresses=3)
            assert await newcomer_is_let_in(server), "three hosts do not fill it"
            idle += await idle_sockets(server, 1200, addresses=30)
            assert await is_served(ada), "who is inside notices nothing when thirty do"
            assert "WARNING socket-refused open=" in server.log_text()
            for sock in idle:
                sock.close()
            assert await is_served(ada)
            async with asyncio.timeout(LIMIT_SEC):
                while not await newcomer_is_let_in(server):  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.1)
            await ada.close()
        assert "Traceback" not in server.log_text()
        assert "EMFILE" not in server.log_text()
    finally:
        for sock in idle:
            sock.close()
        server.stop()
