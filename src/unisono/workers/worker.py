"""One worker: serves what its doors let in, tells the supervisor how it is, and drains when told to.

It drains by a word of the supervisor or by SIGTERM, as a server without workers does, and also when the
supervisor is gone, for then nobody would start it again. Clock: the event loop's, for waiting; `global_us`
for the table.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from dataclasses import replace

from unisono.app import watch_lag
from unisono.config import Config
from unisono.hub import Hub
from unisono.log import log_event
from unisono.metrics import ProcessUsage
from unisono.serve import drain_hub, spare_the_collector, tls_context, with_open_files
from unisono.static import WebApp
from unisono.web_server import WebServer
from unisono.workers.budgets import SharedAddressBudgets
from unisono.workers.channel import Ask, Channel, Drain, Ready, Start, Told
from unisono.workers.door import Door
from unisono.workers.readiness import WorkerReadiness
from unisono.workers.shared import BEAT_PERIOD_SEC, SharedTable


class Worker:
    """The process. `run` returns once everyone has been sent away."""

    def __init__(self, start: Start, config: Config) -> None:
        self._start = start
        self._config = with_open_files(replace(config, ice=replace(config.ice, stun_port=start.stun_port)))
        self._table = SharedTable(start.table_fd, start.workers, bytes.fromhex(start.secret_hex))
        addresses = SharedAddressBudgets(self._config.limits, self._table, start.slot)
        self._hub = Hub(self._config, addresses)
        self._readiness = WorkerReadiness(self._table, self._hub)
        self._draining = asyncio.Event()
        self._has_successor = False

    async def run(self) -> None:
        config, start = self._config, self._start
        tls = tls_context(config.tls) if config.tls is not None else None
        channel = await Channel.on(socket.socket(fileno=start.channel_fd))
        door = Door(
            start.number,
            [socket.socket(fileno=fd) for fd in start.into_inbox_fds],
            socket.socket(fileno=start.inbox_fd),
        )
        web_app = WebApp(path=config.public_path)
        server = await WebServer.start(self._hub, web_app, self._readiness, tls, door.pass_on)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._draining.set)
        spare_the_collector()
        await server.listen(socket.socket(fileno=start.listener_fd))
        door.open(server)
        chores = [
            loop.create_task(work)
            for work in (self._beat(), watch_lag(self._hub.metrics.loop_lag), self._obey(channel))
        ]
        log_event("worker-serves", worker=start.number)
        try:
            self._tell_beat()
            channel.say(Ready())
            await self._draining.wait()

            self._readiness.is_draining = True
            log_event("worker-stopping", worker=start.number, connections=len(self._hub.sessions()))
            server.stop_listening()
            door.has_successor = self._has_successor
            door.close()
            self._table.withdraw(start.slot)
            chores[0].cancel()
            door.close_relays()
            await self._readiness.drain(self._hub)
            await drain_hub(self._hub, config.drain)
        finally:
            self._hub.stop()
            await server.close()
            for chore in chores:
                chore.cancel()
            channel.say(self._told())
            await channel.close()
        log_event("worker-stopped", worker=start.number)

    async def _obey(self, channel: Channel) -> None:
        while (message := await channel.hear()) is not None:
            match message:
                case Ask():
                    channel.say(self._told())
                case Drain(has_successor=has_successor):
                    self._has_successor = has_successor
                    self._draining.set()
                case _:
                    pass  # what a supervisor does not say
        if self._draining.is_set():
            # A second Ctrl-C ended the supervisor: whoever pressed it does not want to wait for this either.
            os.kill(os.getpid(), signal.SIGKILL)
        self._draining.set()

    async def _beat(self) -> None:
        while True:
            self._tell_beat()
            await asyncio.sleep(BEAT_PERIOD_SEC)

    def _tell_beat(self) -> None:
        start, connections = self._start, self._hub.metrics.connections
        self._table.beat(start.slot, start.number, connections, time.monotonic_ns())

    def _told(self) -> Told:
        hub, usage = self._hub, ProcessUsage.own()
        queues_bytes = [session.queue_bytes for session in hub.sessions()]
        return Told(
            counted=hub.metrics.counted(),
            swarm_sizes=dict(hub.registry.sizes()),
            queue_bytes=sum(queues_bytes),
            queue_bytes_max=max(queues_bytes, default=0),
            waiting_upgrades=len(hub.upgrades),
            cpu_sec=usage.cpu_sec,
            resident_bytes=usage.resident_bytes,
        )
