"""The process that people start with `--workers N`: listens, starts the workers and starts them again.

    SIGTERM, SIGINT: all workers drain at once, then it ends. A second Ctrl-C ends everything. SIGHUP: the
    workers are replaced one after the other. The new one serves before the old one drains, and the
        next one's turn comes when the old one has ended. When a new one cannot start, the old ones stay.

It also answers STUN, so that the loops that answer clock probes need not, and `/metrics`. It reads no request
and knows no swarm. Clock: the event loop's, for waiting.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence

from aiohttp import hdrs, web

from unisono import __version__, metrics
from unisono.config import Config
from unisono.errors import StartError
from unisono.hub import global_us
from unisono.log import LOGGER, log_event
from unisono.serve import listen, open_stun, stop_on_signals, tls_context
from unisono.static import NOT_BUILT, WebApp
from unisono.stun import start_stun
from unisono.workers.child import Child, Inheritance
from unisono.workers.handover import make_inbox
from unisono.workers.shared import SharedTable
from unisono.workers.totals import Totals

# A worker that ends sooner after its start is not started again at once, but after a wait that doubles.
SHORT_LIFE_SEC = 10.0
FIRST_WAIT_SEC = 0.1
LONGEST_WAIT_SEC = 5.0

# How long a new worker may take until it serves. A busy machine starts Python in seconds.
START_LIMIT_SEC = 60.0

# A worker drains within 15 s, and the patience of init systems is mostly 20 s.
DRAIN_LIMIT_SEC = 18.0

# Whoever scrapes waits 10 s by default. Of a worker that does not answer its last counts are shown.
ASK_LIMIT_SEC = 2.0


async def supervise(config: Config, argv: Sequence[str], announce: Callable[[int], None]) -> None:
    """Serves with `config.workers` processes until SIGINT or SIGTERM. Raises `StartError`."""
    if not hasattr(os, "memfd_create"):
        raise StartError("workers-unavailable", "--workers needs Linux; here one process does all.")
    if config.tls is not None:
        tls_context(config.tls)  # what is wrong with it is said here, once
    listener = listen(config.host, config.port)
    stun_socket = open_stun(config.host, config.ice.stun_port)
    table = SharedTable.create(config.workers)

    def is_connected(address_key: str) -> bool:
        return table.connections_of(table.row_of(address_key)) > 0

    stun = (
        None if stun_socket is None else await start_stun(stun_socket, config.limits, global_us, is_connected)
    )
    inboxes = [make_inbox() for _ in range(config.workers)]
    inheritance = Inheritance(
        argv=argv,
        table=table,
        listener=listener,
        into_inboxes=[into for into, _ in inboxes],
        out_of_inboxes=[out_of for _, out_of in inboxes],
        stun_port=config.ice.stun_port if stun is not None else 0,
    )
    supervisor = Supervisor(inheritance)
    metrics_runner = web.AppRunner(supervisor.metrics_app(), access_log=None, handle_signals=False)
    stopping = asyncio.Event()
    try:
        if config.metrics_bind is not None:
            await metrics_runner.setup()
            await web.SockSite(metrics_runner, listen(*config.metrics_bind)).start()
        stop_on_signals(stopping)
        _replace_on_hangup(supervisor, stopping)
        await supervisor.start(stopping)
        if not stopping.is_set():
            if not WebApp(path=config.public_path).is_built:
                LOGGER.warning("web-app-missing %s", NOT_BUILT)
            port = int(listener.getsockname()[1])
            scheme = "https" if config.tls else "http"
            log_event("listening", port=port, scheme=scheme, version=__version__, workers=config.workers)
            announce(port)
            await stopping.wait()
        log_event("stopping")
        listener.close()
    finally:
        await supervisor.stop()
        await metrics_runner.cleanup()
        if stun is not None:
            stun.close()
        listener.close()
        for pair in inboxes:
            for end in pair:
                end.close()
        table.close()
    log_event("stopped")


def _replace_on_hangup(supervisor: Supervisor, stopping: asyncio.Event) -> None:
    """SIGHUP also says that the terminal was closed: there it ends the server, as it does other programs."""
    act = stopping.set if sys.stdin.isatty() else supervisor.replace_all
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, act)


class Supervisor:
    """The workers of one server."""

    def __init__(self, inheritance: Inheritance) -> None:
        self._inheritance = inheritance
        self._table = inheritance.table
        self._totals = Totals()
        self._is_stopping = False
        self._is_replacing = self._is_replacing_again = False
        # By number: the process that serves its shards. None while there is none.
        self._current: list[Child | None] = [None] * inheritance.table.workers
        # All that run, with those that drain, by slot of the table.
        self._children: dict[int, Child] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, stopping: asyncio.Event) -> None:
        """Returns when all serve. Raises `StartError` when one cannot, unless the server is asked to stop
        already: an init system sends the signal to all processes, also to one that does not know it yet.
        """
        numbers = range(len(self._current))
        self._current = list(await asyncio.gather(*(self._start(number) for number in numbers)))
        if stopping.is_set():
            return
        if None in self._current:
            raise StartError("worker-failed", "A worker could not start; the lines above say why.")
        for number in numbers:
            self._spawn(self._keep(number))

    async def stop(self) -> None:
        """Sends everyone away and returns when all processes are gone. Idempotent."""
        self._is_stopping = True
        self._table.stop()
        async with asyncio.TaskGroup() as group:
            for child in list(self._children.values()):
                group.create_task(child.drain(has_successor=False, limit_sec=DRAIN_LIMIT_SEC))
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def replace_all(self) -> None:
        """Starts to replace them one after the other. Asked again meanwhile, it does so once more."""
        if self._is_replacing:
            self._is_replacing_again = True
        elif not self._is_stopping:
            self._is_replacing = True
            self._spawn(self._replace_all())

    def metrics_app(self) -> web.Application:
        async def show(_request: web.Request) -> web.Response:
            children = list(self._children.values())
            await asyncio.gather(*(child.ask(ASK_LIMIT_SEC) for child in children))
            told = [(child.number, child.told) for child in children]
            text = self._totals.render(told, is_draining=self._is_stopping)
            return web.Response(body=text.encode(), headers={hdrs.CONTENT_TYPE: metrics.CONTENT_TYPE})

        app = web.Application()
        app.router.add_get("/metrics", show)
        return app

    async def _start(self, number: int) -> Child | None:
        """A new process that serves; None when it ended instead or was not ready in time."""
        slot = next((slot for slot in range(self._table.slots) if slot not in self._children), None)
        if slot is None:
            LOGGER.warning("worker-not-started worker=%d: too many are just ending", number)
            return None
        child = self._children[slot] = Child(self._inheritance, number, slot)
        try:
            await child.start()
        except OSError as failure:
            del self._children[slot]
            LOGGER.warning("worker-not-started worker=%d: %s", number, failure.strerror)
            return None
        self._spawn(self._live(child))
        if await child.is_ready_within(START_LIMIT_SEC):
            return child
        child.kill()
        LOGGER.warning("worker-not-started worker=%d", number)
        return None

    async def _live(self, child: Child) -> None:
        await child.live()
        self._totals.retire(child.told)
        self._table.clear(child.slot)
        del self._children[child.slot]

    async def _keep(self, number: int) -> None:
        """Starts this worker again whenever it has ended, for as long as the server runs."""
        wait_sec = FIRST_WAIT_SEC
        while not self._is_stopping:
            child = self._current[number]
            if child is None:
                child = self._current[number] = await self._start(number)
                if child is None:
                    await asyncio.sleep(wait_sec)
                    wait_sec = min(LONGEST_WAIT_SEC, 2 * wait_sec)
                    continue
            await child.ended.wait()
            if self._current[number] is not child:
                continue  # it was replaced
            if self._is_stopping:
                return
            self._current[number] = None
            self._totals.restarts["stopped" if child.exit_code == 0 else "died"] += 1
            LOGGER.warning("worker-ended worker=%d code=%d", number, child.exit_code)
            if asyncio.get_running_loop().time() - child.started_sec < SHORT_LIFE_SEC:
                await asyncio.sleep(wait_sec)
                wait_sec = min(LONGEST_WAIT_SEC, 2 * wait_sec)
            else:
                wait_sec = FIRST_WAIT_SEC

    async def _replace_all(self) -> None:
        log_event("replacing-workers")
        is_done = True
        for number, old in enumerate(self._current):
            # Who is just being started again is new already.
            if old is not None and is_done and not self._is_stopping:
                is_done = await self._replace(number, old)
        log_event("replaced-workers" if is_done else "replacing-abandoned")
        self._is_replacing = False
        if self._is_replacing_again:
            self._is_replacing_again = False
            self.replace_all()

    async def _replace(self, number: int, old: Child) -> bool:
        """Whether there is a new process in the old one's place."""
        new = await self._start(number)
        if new is None or self._is_stopping:
            return False
        self._current[number] = new
        self._totals.restarts["asked"] += 1
        await old.drain(has_successor=True, limit_sec=DRAIN_LIMIT_SEC)
        return True

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
