"""The other end of `bench.server`: thousands of members in one cheap process, told what to do line by line.

A command is one JSON object on stdin, its answer one on stdout. No WebSocket library: frames are written as
they must be and read as far as needed, so that the server is what is measured. Masks are zero, which RFC 6455
allows and every server undoes. Clock: `time.perf_counter()`, seconds; a round trip is from writing a ping to
reading its pong, this process's own waiting included.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import resource
import ssl
import struct
import sys
import time
import zlib
from collections import defaultdict
from typing import Any, cast

import msgspec
import numpy as np
import uvloop

from lab.joiner import Joiner

CONNECTING_AT_ONCE = 64
TICK_SEC = 0.002
TEXT, PING, PONG, CLOSE = 0x81, 0x89, 0x8A, 0x88
PONG_PREFIX = b'{"type":"pong","id":1,"t0":'
# A sealed heartbeat is one envelope of 256 bytes.
BEAT = msgspec.json.encode({"type": "relay", "body": "A" * 342})


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """RFC 6455 §5.2 with a mask of zeros."""
    if len(payload) < 126:
        return struct.pack("!BB4x", opcode, 0x80 | len(payload)) + payload
    return struct.pack("!BBH4x", opcode, 0x80 | 126, len(payload)) + payload


BEAT_FRAME = client_frame(BEAT)


class Crowd:
    """All connections of this process, and what came back on them."""

    def __init__(self) -> None:
        self.swarms: dict[str, list[list[Connection]]] = defaultdict(list)
        self.round_trips_sec: list[float] = []
        self.relayed = 0
        self.lost = 0

    async def connect(
        self, group: str, port: int, swarms: int, size: int, *, tls: bool = False
    ) -> dict[str, Any]:
        """Opens swarms of this size; returns when all are welcomed."""
        context = _trusting() if tls else None
        door = asyncio.Semaphore(CONNECTING_AT_ONCE)
        first = len(self.swarms[group])
        began_sec = time.perf_counter()
        opened = [
            [Connection(self, f"{group} {number}", member) for member in range(size)]
            for number in range(first, first + swarms)
        ]
        self.swarms[group] += opened

        async def enter(connection: Connection) -> None:
            async with door:
                await connection.open(port, context)

        async with asyncio.TaskGroup() as work:
            for swarm in opened:
                for connection in swarm:
                    work.create_task(enter(connection))
        return {"seconds": time.perf_counter() - began_sec}

    async def run(
        self, group: str, seconds: float, ping_hz: float, beat_hz: float, swarms: int
    ) -> dict[str, Any]:
        """Lets the first so many swarms ping and beat, evenly spread; the figures of this stretch."""
        active = self.swarms[group][:swarms]
        members = [connection for swarm in active for connection in swarm]
        directors = [swarm[0] for swarm in active]
        self.round_trips_sec, self.relayed, self.lost = [], 0, 0
        used_sec, began_sec = _cpu_sec(), time.perf_counter()
        pings = beats = 0
        while (passed_sec := time.perf_counter() - began_sec) < seconds:
            due = int(passed_sec * ping_hz * len(members))
            for number in range(pings, due):
                members[number % len(members)].ping()
            pings = max(pings, due)
            due = int(passed_sec * beat_hz * len(directors))
            for number in range(beats, due):
                directors[number % len(directors)].write(BEAT_FRAME)
            beats = max(beats, due)
            await asyncio.sleep(TICK_SEC)
        passed_sec = time.perf_counter() - began_sec
        used_sec = _cpu_sec() - used_sec
        answered_in_time = len(self.round_trips_sec)
        await asyncio.sleep(0.3)
        p50, p99 = np.percentile(self.round_trips_sec, [50, 99]) * 1000
        return {
            "ping_per_sec": pings / passed_sec,
            "beat_per_sec": beats / passed_sec,
            "pong_per_sec": answered_in_time / passed_sec,
            "relayed_per_sec": self.relayed / passed_sec,
            "round_trip_p50_ms": float(p50),
            "round_trip_p99_ms": float(p99),
            "load_cpu_percent": 100 * used_sec / passed_sec,
            "lost": self.lost,
        }

    async def close(self, group: str) -> dict[str, Any]:
        for swarm in self.swarms.pop(group, []):
            for connection in swarm:
                connection.close()
        await asyncio.sleep(0.5)
        return {}


class Connection(asyncio.Protocol):
    """One member: connects, joins, pings, and counts what it hears."""

    def __init__(self, crowd: Crowd, key: str, member: int) -> None:
        self._crowd, self._key, self._member = crowd, key, member
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._is_open = self._is_closing = False
        self._welcomed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def open(self, port: int, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: self, "127.0.0.1", port, ssl=tls)
        self._transport = transport
        nonce = base64.b64encode(bytes(16)).decode()
        shard = f"{zlib.crc32(self._key.encode()) & 0xFFFF:04x}"
        transport.write(
            f"GET /v1/control?s={shard} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {nonce}\r\n\r\n".encode()
        )
        await self._welcomed

    def ping(self) -> None:
        self.write(client_frame(b'{"type":"ping","id":1,"t0":%.7f}' % time.perf_counter()))

    def write(self, frame: bytes) -> None:
        if self._transport is not None:
            self._transport.write(frame)

    def close(self) -> None:
        self._is_closing = True
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self._is_closing:
            self._crowd.lost += 1
            if not self._welcomed.done():
                self._welcomed.set_exception(exc or ConnectionError("closed before the welcome"))

    def data_received(self, data: bytes) -> None:
        now_sec = time.perf_counter()
        data = self._rest + data if self._rest else data
        at = 0
        if not self._is_open:
            at = data.find(b"\r\n\r\n") + 4
            if at < 4:
                self._rest = data
                return
            assert data.startswith(b"HTTP/1.1 101"), data[:200]
            self._is_open = True
        while at + 2 <= len(data):  # a ping without payload has no more
            size, start = data[at + 1], at + 2
            if size == 126:
                if at + 4 > len(data):
                    break
                size, start = int.from_bytes(data[start : start + 2], "big"), at + 4
            if start + size > len(data):
                break
            self._heard(data, at, start, start + size, now_sec)
            at = start + size
        self._rest = data[at:]

    def _heard(self, data: bytes, frame: int, start: int, end: int, now_sec: float) -> None:
        if data.startswith(PONG_PREFIX, start):
            first = start + len(PONG_PREFIX)
            sent_sec = float(data[first : data.index(b",", first)])
            self._crowd.round_trips_sec.append(now_sec - sent_sec)
        elif data.startswith(b'{"type":"relayed"', start):
            self._crowd.relayed += 1
        elif data[frame] == PING:
            self.write(client_frame(data[start:end], PONG))
        elif data.startswith(b'{"type":"challenge"', start):
            joiner = Joiner(f"{self._key}/{self._member}", self._key)
            swarm_id = f"{hash(self._key) & 0xFFFFFFFFFFFFFFFF:032x}"
            join = joiner.join(data[start:end], swarm_id)
            self.write(client_frame(msgspec.json.encode(join)))
        elif data.startswith(b'{"type":"welcome"', start):
            self._welcomed.set_result(None)


def _trusting() -> ssl.SSLContext:
    """For a certificate that was made a moment ago."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _cpu_sec() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def main() -> None:
    # A pass of the collector over ten thousand members would count as a round trip's time.
    gc.disable()
    crowd = Crowd()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = cast("dict[str, Any]", json.loads(line))
        work = getattr(crowd, command.pop("do"))
        print(json.dumps(await work(**command)), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
