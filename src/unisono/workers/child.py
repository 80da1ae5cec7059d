"""A worker as the supervisor sees it: its process, its place in the shared table, and what it last told.

Clock: the event loop's.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import msgspec

from unisono.workers.channel import Ask, Channel, Drain, Ready, Start, Told
from unisono.workers.shared import SharedTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance:
    """What every worker gets from the supervisor, which keeps it open."""

    # The command line after `unisono`: each worker reads its options itself.
    argv: Sequence[str]
    table: SharedTable
    listener: socket.socket
    # By number of the worker.
    into_inboxes: Sequence[socket.socket]
    out_of_inboxes: Sequence[socket.socket]
    stun_port: int


class Child:
    """`start` once. `ended` is set when the process is gone."""

    def __init__(self, inheritance: Inheritance, number: int, slot: int) -> None:
        self.number = number
        self.slot = slot
        # What it counted when it was last asked, or when it ended.
        self.told: Told | None = None
        self.exit_code = 0
        self.ended = asyncio.Event()
        self.started_sec = 0.0
        self._inheritance = inheritance
        self._process: asyncio.subprocess.Process | None = None
        self._channel: Channel | None = None
        self._ready = asyncio.Event()
        self._answered = asyncio.Event()
        self._is_draining = False

    async def start(self) -> None:
        """Raises `OSError` when the system gives no process or no descriptor."""
        given = self._inheritance
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - the signature of the standard library
        with theirs:
            start = Start(
                number=self.number,
                workers=given.table.workers,
                slot=self.slot,
                channel_fd=theirs.fileno(),
                listener_fd=given.listener.fileno(),
                table_fd=given.table.fd,
                inbox_fd=given.out_of_inboxes[self.number].fileno(),
                into_inbox_fds=[inbox.fileno() for inbox in given.into_inboxes],
                secret_hex=given.table.secret.hex(),
                stun_port=given.stun_port,
            )
            fds = (start.channel_fd, start.listener_fd, start.table_fd, start.inbox_fd, *start.into_inbox_fds)
            try:
                self._process = await asyncio.create_subprocess_exec(
                    # -P: what lies in the working directory is not imported.
                    *(sys.executable, "-P", "-m", "unisono.workers", msgspec.json.encode(start).decode()),
                    *given.argv,
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=fds,
                    # Ctrl-C goes to the supervisor alone, which drains the workers.
                    start_new_session=True,
                )
            except OSError:
                ours.close()
                raise
        self.started_sec = asyncio.get_running_loop().time()
        self._channel = await Channel.on(ours)

    async def live(self) -> None:
        """Listens to it until its process is gone."""
        channel = cast("Channel", self._channel)
        while (message := await channel.hear()) is not None:
            match message:
                case Ready():
                    self._ready.set()
                case Told():
                    self.told = message
                    self._answered.set()
                case _:
                    pass  # what a worker does not say
        self.exit_code = await cast("asyncio.subprocess.Process", self._process).wait()
        await channel.close()
        self.ended.set()
        # Nobody waits for what does not come any more.
        self._ready.set()
        self._answered.set()

    async def is_ready_within(self, limit_sec: float) -> bool:
        """Waits until it serves; False when it ends instead, or takes longer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_sec):
                await self._ready.wait()
        return self._ready.is_set() and not self.ended.is_set()

    async def ask(self, limit_sec: float) -> None:
        """Brings `told` up to date, unless it does not answer in time."""
        if self._channel is None or self.ended.is_set():
            return
        self._answered.clear()
        self._channel.say(Ask())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_sec):
                await self._answered.wait()

    async def drain(self, *, has_successor: bool, limit_sec: float) -> None:
        """Lets it send everyone away, and returns when it is gone. Idempotent."""
        if self._channel is not None and not self._is_draining:
            self._is_draining = True
            self._channel.say(Drain(has_successor=has_successor))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_sec):
                await self.ended.wait()
        if not self.ended.is_set():
            self.kill()
            await self.ended.wait()

    def kill(self) -> None:
        if self._process is not None and not self.ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
