"""A TCP proxy that counts, keeps and disturbs what passes: between a browser and the server.

Runs an event loop in a thread of its own, because Playwright's synchronous API owns the test's thread. Bytes
keep their order whatever the jitter. Knows nothing of HTTP or WebSocket (see websocket_bytes.py) and does not
look inside TLS.
"""

import asyncio
import random
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

Direction = Literal["to_server", "to_client"]

CHUNK_BYTES = 64 * 1024
START_LIMIT_SEC = 10.0
QUEUED_CHUNKS = 64  # a slow receiver must slow the sender down, as it does without a proxy


@dataclass
class Connection:
    """What one connection carried so far, as it was sent by its origin."""

    to_server: bytearray = field(default_factory=bytearray)
    to_client: bytearray = field(default_factory=bytearray)


class TcpProxy:
    """A context manager: `127.0.0.1:port` forwards to the target while it is open.

    Every chunk is delayed by `delay_ms` plus a uniform draw from 0..`jitter_ms` (seeded), in each direction;
    one in `1 / stall_share` waits for `stall_ms` more, and what follows it waits with it.
    `blackhole = True` holds everything back without closing; what was held is delivered when it is False
    again.
    """

    def __init__(
        self,
        target_host: str,
        target_port: int,
        *,
        delay_ms: float = 0.0,
        jitter_ms: float = 0.0,
        stall_share: float = 0.0,
        stall_ms: float = 0.0,
        seed: int = 1,
    ) -> None:
        self.target = (target_host, target_port)
        self.delay_ms = delay_ms
        self.jitter_ms = jitter_ms
        self.stall_share = stall_share
        self.stall_ms = stall_ms
        self.connections: list[Connection] = []
        self.port = 0
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(START_LIMIT_SEC)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def blackhole(self) -> bool:
        return not self._flows.is_set()

    @blackhole.setter
    def blackhole(self, is_on: bool) -> None:
        self._loop.call_soon_threadsafe(self._flows.clear if is_on else self._flows.set)

    def count(self, direction: Direction | None = None) -> int:
        """Bytes that entered the proxy: in one direction, or in both."""
        to_server = sum(len(connection.to_server) for connection in list(self.connections))
        to_client = sum(len(connection.to_client) for connection in list(self.connections))
        return {"to_server": to_server, "to_client": to_client, None: to_server + to_client}[direction]

    def drop_connections(self) -> None:
        """Break every open connection now, as a lost network does; new ones are accepted."""
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result(START_LIMIT_SEC)

    def close(self) -> None:
        """Idempotent."""
        if self._loop.is_closed():
            return
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(START_LIMIT_SEC)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(START_LIMIT_SEC)
        self._loop.close()

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._drop()

    async def _drop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served by a task")
        self._tasks.add(task)
        connection = Connection()
        self.connections.append(connection)
        writers = [writer]
        try:
            server_reader, server_writer = await asyncio.open_connection(*self.target)
            writers.append(server_writer)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(reader, server_writer, connection.to_server))
                both.create_task(self._forward(server_reader, writer, connection.to_client))
        except* (OSError, asyncio.CancelledError):
            # one end broke, or the proxy closes: both ends are closed below, which is the proxy's answer
            pass
        finally:
            self._tasks.discard(task)
            for each in writers:
                each.transport.abort() if task.cancelling() else each.close()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray
    ) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUED_CHUNKS)
        async with asyncio.TaskGroup() as pair:
            pair.create_task(self._take(reader, kept, queue))
            pair.create_task(self._deliver(queue, writer))

    async def _take(
        self, reader: asyncio.StreamReader, kept: bytearray, queue: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        due_sec = 0.0
        while True:
            chunk = await reader.read(CHUNK_BYTES)
            kept += chunk
            stall_ms = self.stall_ms if self._random.random() < self.stall_share else 0.0
            wait_sec = (self.delay_ms + self._random.uniform(0, self.jitter_ms) + stall_ms) / 1000
            due_sec = max(due_sec, self._loop.time() + wait_sec)  # TCP keeps order: nothing overtakes
            await queue.put((due_sec, chunk))
            if not chunk:
                return

    async def _deliver(self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            due_sec, chunk = await queue.get()
            await asyncio.sleep(max(due_sec - self._loop.time(), 0))
            await self._flows.wait()
            if not chunk:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(chunk)
            await writer.drain()


def rough_network(server_port: int, seed: int) -> TcpProxy:
    """What a phone at the edge of its Wi-Fi has: 5 to 80 ms each way, and 1 % stalls of 300 ms."""
    return TcpProxy(
        "127.0.0.1", server_port, delay_ms=5, jitter_ms=75, stall_share=0.01, stall_ms=300, seed=seed
    )
