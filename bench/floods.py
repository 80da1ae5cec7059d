"""Crowds and rude hosts on real sockets: `python -m bench.floods NAME HOST PORT [--count N] [--seconds S]`.

    never-read    members of swarms of their own that never read, while others of theirs talk to them
    broadcaster   one address, a full swarm, every socket at the limit of what one may send
    unfinished    one address that asks for so many WebSockets a second and finishes none
    return        pages that lost their server: they come back as pages do, by the same back-off

Each runs for so long, prints what became of its sockets as one line of JSON, and ends by itself. Used by
`bench.server_floods`, which starts the server and watches a swarm that has nothing to do with it, and by
`tests/hostile`. No WebSocket library: frames are written as they must be and read as far as needed.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec
import uvloop

from bench.server_load import client_frame
from lab.joiner import Joiner
from unisono.peer.control_link import CONNECT_TIMEOUT_SEC, back_off_ms

UPGRADE = (
    "GET /v1/control?s=0000 HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
# A sealed heartbeat, and a body of which few fill the queue of a slow reader.
BEAT = client_frame(msgspec.json.encode({"type": "relay", "body": "A" * 342}))
LARGE = client_frame(msgspec.json.encode({"type": "relay", "body": "A" * 5400}))
BROADCASTS_PER_SEC = 50
SWARM_SIZE = 50
# A flood is somebody else's machine: it must not take the core from the server and whoever watches it. Pages
# that come back are not one machine either, but their signatures are work that this one has to do in time.
NICENESS = 10
OPENING_AT_ONCE = 100
SMALL_BUFFER_BYTES = 4096


def address(number: int, network: int = 1) -> str:
    """One of 65,000 loopback addresses, as of different homes."""
    return f"127.{network}.{number // 250}.{number % 250 + 1}"


class Member(asyncio.Protocol):
    """One socket: upgrades, answers the challenge, and is welcome or not. `ended` resolves to a word."""

    def __init__(self, host: str, port: int, joiner: Joiner | None, swarm_id: str) -> None:
        self._host, self._port, self._joiner, self._swarm_id = host, port, joiner, swarm_id
        self._rest = b""
        self._is_open = False
        self.transport: asyncio.Transport | None = None
        loop = asyncio.get_running_loop()
        self.welcomed: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[str] = loop.create_future()

    async def connect(self, source: str) -> None:
        await asyncio.get_running_loop().create_connection(
            lambda: self, self._host, self._port, local_addr=(source, 0)
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one by duck only
        self.transport.write(UPGRADE.format(host=self._host, port=self._port).encode())

    def data_received(self, data: bytes) -> None:
        if self.welcomed.done():
            return  # whatever it is
        self._rest += data
        if not self._is_open:
            head, end, rest = self._rest.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._end(f"status {head.split(b' ')[1].decode()}")
                return
            self._is_open, self._rest = True, rest
        while (frame := self._frame()) is not None:
            self._hear(frame)

    def _hear(self, frame: bytes) -> None:
        if frame.startswith(b'{"type":"challenge"'):
            if self._joiner is not None and self.transport is not None:
                join = msgspec.json.encode(self._joiner.join(frame, self._swarm_id))
                self.transport.write(client_frame(join))
        elif frame.startswith(b'{"type":"welcome"') and not self.welcomed.done():
            self.welcomed.set_result(None)
        elif frame.startswith(b'{"type":"error"'):
            self._end(str(msgspec.json.decode(frame)["code"]))

    def _frame(self) -> bytes | None:
        if len(self._rest) < 4:
            return None
        size, start = self._rest[1], 2
        if size == 126:
            size, start = int.from_bytes(self._rest[2:4], "big"), 4
        if len(self._rest) < start + size:
            return None
        frame, self._rest = self._rest[start : start + size], self._rest[start + size :]
        return frame

    def _end(self, word: str) -> None:
        if not self.ended.done():
            self.ended.set_result(word)
        if self.transport is not None:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("closed" if exc is None else "cut off")

    async def is_let_in(self, limit_sec: float) -> bool:
        """Waits for a welcome, or for an end, or for so long."""
        await asyncio.wait(
            (self.welcomed, self.ended), timeout=limit_sec, return_when=asyncio.FIRST_COMPLETED
        )
        return self.welcomed.done()

    def close(self) -> None:
        self._end("left")


async def enter(
    host: str,
    port: int,
    source: str,
    name: str,
    swarm_key: str,
    *,
    limit_sec: float = 60.0,
    joiner: Joiner | None = None,
) -> Member | str:
    """A member that was let in, or the word for why not. A joiner, once made, spares making its keys."""
    swarm_id = hashlib.sha256(swarm_key.encode()).hexdigest()[:32]
    member = Member(host, port, joiner or Joiner(name, swarm_key), swarm_id)
    try:
        async with asyncio.timeout(limit_sec):
            await member.connect(source)
    except (OSError, TimeoutError):
        return "not connected"
    if await member.is_let_in(limit_sec):
        return member
    member.close()
    return member.ended.result()


async def never_read(host: str, port: int, count: int, seconds: float) -> Counter[str]:
    """So many members that read nothing after the welcome, fifty to a swarm, each swarm of an address of its
    own; one of each fifty talks, as fast as it may, and reads nothing either.
    """
    fates: Counter[str] = Counter()
    gate = asyncio.Semaphore(OPENING_AT_ONCE)
    until_sec = time.monotonic() + seconds

    async def live(number: int) -> None:
        swarm = number // SWARM_SIZE
        async with gate:
            entered = await enter(host, port, address(swarm), f"deaf {number}", f"deaf {swarm}")
        if isinstance(entered, str):
            fates[entered] += 1
            return
        transport = entered.transport
        assert transport is not None
        transport.pause_reading()
        while not entered.ended.done() and time.monotonic() < until_sec:
            if number % SWARM_SIZE < 2 and not transport.is_closing():
                transport.write(LARGE)
            # A paused transport hears nothing of its end either, so it is looked at through the kernel.
            await asyncio.sleep(0.1 if number % SWARM_SIZE < 2 else 1.0)
        fates["let in"] += 1
        entered.close()

    await asyncio.gather(*(live(number) for number in range(count)))
    return fates


async def broadcaster(host: str, port: int, count: int, seconds: float) -> Counter[str]:
    """One address; whoever is parted with comes again."""
    fates: Counter[str] = Counter()
    until_sec = time.monotonic() + seconds

    async def live(number: int) -> None:
        life = 0
        while time.monotonic() < until_sec:
            life += 1
            entered = await enter(host, port, "127.0.0.66", f"loud {number} {life}", "loud", limit_sec=10)
            if isinstance(entered, str):
                fates[entered] += 1
                await asyncio.sleep(1.0)
                continue
            due_sec = time.monotonic()
            while not entered.ended.done() and time.monotonic() < until_sec:
                if entered.transport is not None:
                    entered.transport.write(BEAT)
                    fates["sent"] += 1
                due_sec += 1 / BROADCASTS_PER_SEC
                await asyncio.sleep(max(0.0, due_sec - time.monotonic()))
            entered.close()
            fates[entered.ended.result()] += 1

    await asyncio.gather(*(live(number) for number in range(count)))
    return fates


async def unfinished(host: str, port: int, count: int, seconds: float) -> Counter[str]:
    """`count` upgrades a second from one address, and not a word after them."""
    fates: Counter[str] = Counter()
    until_sec = time.monotonic() + seconds
    open_now: set[asyncio.Task[None]] = set()

    async def ask() -> None:
        member = Member(host, port, None, "")
        try:
            async with asyncio.timeout(10):
                await member.connect("127.0.0.67")
        except (OSError, TimeoutError):
            fates["not connected"] += 1
            return
        fates[await member.ended] += 1

    due_sec = time.monotonic()
    while time.monotonic() < until_sec:
        task = asyncio.create_task(ask())
        open_now.add(task)
        task.add_done_callback(open_now.discard)
        due_sec += 1 / count
        await asyncio.sleep(max(0.0, due_sec - time.monotonic()))
    fates["still waiting"] += len(open_now)
    for task in open_now:
        task.cancel()
    return fates


class _Chance:
    def fraction(self) -> float:
        return random.random()

    def bytes(self, count: int) -> bytes:
        return random.randbytes(count)


async def come_back(host: str, port: int, count: int, seconds: float) -> Counter[str]:
    """`count` pages in swarms of five, which all are let in; "ready" is printed then. When the server goes,
    they come back by the page's back-off; "back" is printed with how many seconds each took since its loss.
    """
    fates: Counter[str] = Counter()
    back_sec: list[float] = []
    first_in = asyncio.Semaphore(OPENING_AT_ONCE)
    everyone, lost_at_sec = asyncio.Event(), 0.0
    chance, within = _Chance(), asyncio.Semaphore(0)

    async def page(number: int) -> None:
        nonlocal lost_at_sec
        who = (address(number, 2), f"page {number}", f"home {number // 5}")
        joiner = Joiner(*who[1:])
        async with first_in:
            while isinstance(entered := await enter(host, port, *who, joiner=joiner), str):
                fates[f"at first: {entered}"] += 1
                await asyncio.sleep(1.0)
        within.release()
        await entered.ended
        lost_at_sec = lost_at_sec or time.monotonic()
        attempt = 0
        while True:
            wait_ms = back_off_ms(attempt, chance, is_awaited=number % 5 == 0)
            await asyncio.sleep(wait_ms / 1000)
            attempt += 1
            entered = await enter(host, port, *who, limit_sec=CONNECT_TIMEOUT_SEC, joiner=joiner)
            if not isinstance(entered, str):
                back_sec.append(time.monotonic() - lost_at_sec)
                within.release()
                await everyone.wait()
                entered.close()
                return
            fates[entered] += 1

    pages = [asyncio.create_task(page(number)) for number in range(count)]
    for _ in range(count):
        await within.acquire()
    print(json.dumps("ready"), flush=True)
    try:
        async with asyncio.timeout(seconds):
            for _ in range(count):
                await within.acquire()
    except TimeoutError:
        fates["never back"] = count - len(back_sec)
    everyone.set()
    fates["back"] = len(back_sec)
    fates["last back after ms"] = round(1000 * max(back_sec, default=0.0))
    fates["median back after ms"] = round(1000 * sorted(back_sec)[len(back_sec) // 2]) if back_sec else 0
    for task in pages:
        task.cancel()
    return fates


FLOODS: dict[str, Callable[[str, int, int, float], Awaitable[Counter[str]]]] = {
    "never-read": never_read,
    "broadcaster": broadcaster,
    "unfinished": unfinished,
    "return": come_back,
}
COUNTS = {"never-read": 10_000, "broadcaster": 64, "unfinished": 500, "return": 10_000}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.floods", description="Crowds and rude hosts.")
    parser.add_argument("name", choices=FLOODS)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--count", type=int, help="sockets, or sockets a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    if options.name != "return":
        os.nice(NICENESS)
    count = options.count or COUNTS[options.name]

    async def run() -> Counter[str]:
        return await FLOODS[options.name](options.host, options.port, count, options.seconds)

    print(json.dumps(uvloop.run(run())), flush=True)


if __name__ == "__main__":
    main()
