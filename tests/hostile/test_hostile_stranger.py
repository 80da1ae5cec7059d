"""What a stranger with the swarm id and no key can do: nothing to the swarm, and little to the server."""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from lab.joiner import SWARM, Joiner
from lab.server_process import ServerProcess
from tests.hostile.flood import STRANGERS

StartServer = Callable[..., ServerProcess]

ROOT = Path(__file__).resolve().parents[2]
ANSWER_LIMIT_SEC = 60.0
PROBE_PAUSE_SEC = 0.02
MIB = 1024 * 1024
# What ten thousand connections may cost at most; 40 KB each was seen.
MAX_GROWTH_BYTES = 800 * MIB
# As shipped: the other tests' servers know no limits per address.
AS_SHIPPED = ("--connections-per-address", "100", "--joins-per-address", "60", "--stun-port", "0")


def resident_bytes(pid: int, what: str = "VmRSS") -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) * 1024


async def member(
    http: aiohttp.ClientSession, server: ServerProcess, name: str
) -> aiohttp.ClientWebSocketResponse[bool]:
    channel = await http.ws_connect(server.control_url)
    await channel.send_json(Joiner(name).join((await channel.receive()).data))
    assert json.loads((await channel.receive()).data)["type"] == "welcome"
    return channel


async def round_trip_ms(channel: aiohttp.ClientWebSocketResponse[bool], probe: int) -> float:
    sent_ns = time.perf_counter_ns()
    await channel.send_json({"type": "ping", "id": probe, "t0": 0})
    async with asyncio.timeout(ANSWER_LIMIT_SEC):
        while json.loads((await channel.receive()).data).get("id") != probe:
            pass
    return (time.perf_counter_ns() - sent_ns) / 1e6


async def test_ten_thousand_strangers_do_not_disturb_a_swarm(start_server: StartServer) -> None:
    """The figures are printed; asserted is that all probes are answered, nobody enters, and memory ends."""
    server = start_server(extra_args=AS_SHIPPED)
    before_bytes = resident_bytes(server.pid)
    async with aiohttp.ClientSession() as http:
        ada, bo = await member(http, server, "ada"), await member(http, server, "bo")
        assert json.loads((await ada.receive()).data)["type"] == "joined"
        # Half a request, and then nothing: it is let go when its time for a whole one is over.
        half_reader, half_writer = await asyncio.open_connection(server.host, server.port)
        half_writer.write(b"GET / HTTP/1.1\r\nHost: half")
        quiet = [await round_trip_ms(ada, number) for number in range(50)]
        flood = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.hostile.flood",
            server.host,
            str(server.port),
            SWARM,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        during: list[float] = []
        while flood.returncode is None:
            # Both in turn, as who reads nothing misses the server's heartbeat.
            during.append(await round_trip_ms((ada, bo)[len(during) % 2], 1000 + len(during)))
            await asyncio.sleep(PROBE_PAUSE_SEC)
        assert flood.stdout is not None
        fates = json.loads(await flood.stdout.read())
        peak_bytes = resident_bytes(server.pid, "VmHWM")
        # Nobody but bo ever was a member beside ada: bo still hears her, and she heard of nobody else.
        await ada.send_json({"type": "relay", "body": "AAAA"})
        heard = json.loads((await bo.receive()).data)
        assert heard == {"type": "relayed", "from": Joiner("ada").user_id, "body": "AAAA"}
        async with asyncio.timeout(ANSWER_LIMIT_SEC):
            assert await half_reader.read() == b""
        half_writer.close()
        await ada.close()
        await bo.close()
    assert sum(fates.values()) == STRANGERS
    assert not any("let in" in fate for fate in fates)
    assert peak_bytes - before_bytes < MAX_GROWTH_BYTES
    quiet_ms, during_ms = (statistics.quantiles(each, n=100)[98] for each in (quiet, during))
    print(f"\nround trip p99 {quiet_ms:.2f} ms before, {during_ms:.2f} ms during ({len(during)} probes)")
    print(f"memory {before_bytes / MIB:.0f} MiB before, {peak_bytes / MIB:.0f} MiB at most")
    print(json.dumps(fates, indent=1))


LAST = b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
RAW_REQUESTS = {
    "a path outside": b"GET /../../../../etc/passwd" + LAST,
    "an escaped path": b"GET /assets/%2e%2e/%2e%2e/etc/passwd" + LAST,
    "a doubly escaped path": b"GET /%252e%252e%252fetc/passwd" + LAST,
    "a backslash path": b"GET /..\\..\\etc\\passwd" + LAST,
    "a null byte": b"GET /index.html%00.js" + LAST,
    "the package's own source": b"GET /../app.py" + LAST,
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "a length and chunks": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    ),
    "odd chunks": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks of no size": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "a bare line feed": b"GET / HTTP/1.1\nHost: x\nConnection: close\n\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : x\r\nConnection: close\r\n\r\n",
    "an endless header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    "endless headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: a\r\n" * 10_000 + b"\r\n",
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "another subprotocol": (
        b"GET /v1/control HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 99\r\n\r\n"
    ),
    "a handshake without a key": (
        b"GET /v1/control HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    ),
}


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server that takes all rude requests in turn."""
    server = ServerProcess(tmp_path_factory.mktemp("patient") / "server.log", ["--stun-port", "0"])
    yield server
    server.stop()


@pytest.mark.parametrize("what", RAW_REQUESTS)
def test_a_rude_request_is_refused_and_reaches_nothing(patient: ServerProcess, what: str) -> None:
    answer = bytearray()
    with socket.create_connection((patient.host, patient.port), timeout=ANSWER_LIMIT_SEC) as raw:
        raw.sendall(RAW_REQUESTS[what])
        raw.shutdown(socket.SHUT_WR)
        try:
            while part := raw.recv(65536):
                answer += part
        except ConnectionResetError:
            pass  # the server was not going to read all of that
    statuses = [line for line in bytes(answer).split(b"\r\n") if line.startswith(b"HTTP/1.")]
    assert len(statuses) <= 1 or what == "a length and chunks", statuses
    assert not any(b" 200 " in status for status in statuses), statuses
    assert b"root:" not in answer
    assert b"import" not in answer
    assert b"Traceback" not in answer
    assert b"smuggled" not in answer
    assert patient.is_running
