"""What supervisor and worker say to each other: JSON, a line each, over a pair of sockets.

supervisor → worker: Ask (how are you) · Drain (send everyone away and end)
worker → supervisor: Ready (it serves) · Told (its counts, asked for or the last ones)
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import msgspec

# Counts of one worker are some KB.
MOST_LINE_BYTES = 1024 * 1024


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told when it is started; the descriptors are inherited."""

    number: int
    workers: int
    slot: int
    channel_fd: int
    listener_fd: int
    table_fd: int
    inbox_fd: int
    into_inbox_fds: list[int]
    secret_hex: str
    # 0 when the supervisor could not have the port.
    stun_port: int


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    pass


class Drain(msgspec.Struct, frozen=True, tag="drain"):
    # Whether another process has this number already, to whom newcomers can be passed on.
    has_successor: bool


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    pass


class Told(msgspec.Struct, frozen=True, tag="told", kw_only=True):
    # `Metrics.counted()`.
    counted: dict[str, Any]
    # Size of swarms → how many have it.
    swarm_sizes: dict[int, int]
    queue_bytes: int
    queue_bytes_max: int
    waiting_upgrades: int
    cpu_sec: float
    resident_bytes: int | None


Message = Ask | Drain | Ready | Told

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


class Channel:
    """One end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def on(cls, sock: socket.socket) -> Channel:
        return cls(*await asyncio.open_unix_connection(sock=sock, limit=MOST_LINE_BYTES))

    def say(self, message: Message) -> None:
        """Nothing happens when the other end is gone: `hear` says so."""
        if not self._writer.is_closing():
            self._writer.write(_ENCODER.encode(message) + b"\n")

    async def hear(self) -> Message | None:
        """The next message that is understood; None when the other end is gone."""
        while True:
            try:
                line = await self._reader.readline()
            except (ConnectionError, ValueError):
                return None
            if not line.endswith(b"\n"):
                return None
            # While a new version is rolled out the two ends may not be of one.
            with contextlib.suppress(msgspec.DecodeError):
                return _DECODER.decode(line)

    async def close(self) -> None:
        """What was said is still sent."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):  # the other end is gone
            await self._writer.wait_closed()
