"""A WebSocket written by hand, for what no library sends: `await RawSocket.open(control)`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
import struct
from typing import Any

import msgspec

from lab.joiner import SWARM, Joiner
from tests.server.conftest import FRAME_LIMIT_SEC

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA
FIN, RESERVED = 0x80, 0x40
KEY = base64.b64encode(bytes(16)).decode()
ACCEPT = base64.b64encode(
    hashlib.sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
).decode()


def handshake(**changed: str) -> bytes:
    """A request for the channel; `Sec_WebSocket_Key="…"` changes a field, "" leaves it out."""
    fields = {
        "Host": "here",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
    } | {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [f"{name}: {value}" for name, value in fields.items() if value]
    return "\r\n".join(["GET /v1/control?s=0000 HTTP/1.1", *lines, "", ""]).encode()


def frame(payload: bytes, opcode: int = TEXT, *, bits: int = FIN) -> bytes:
    """RFC 6455 §5.2, with a mask that is not all zeros."""
    mask = b"\x11\x22\x33\x44"
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    if len(payload) < 126:
        return struct.pack("!BB", bits | opcode, 0x80 | len(payload)) + mask + masked
    if len(payload) < 65536:
        return struct.pack("!BBH", bits | opcode, 0xFE, len(payload)) + mask + masked
    return struct.pack("!BBQ", bits | opcode, 0xFF, len(payload)) + mask + masked


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n"
# What came on the connection before the handshake: who reads it then is another.
CARRIERS = {"the first request": b"", "a request after a page": HEALTH}


class RawSocket:
    """Reads frames and answers nothing by itself, not even a ping."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, host: str, port: int, tls: ssl.SSLContext | None = None) -> RawSocket:
        return cls(*await asyncio.open_connection(host, port, ssl=tls))

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def say(self, kind: str, **fields: Any) -> None:
        self.send(frame(msgspec.json.encode({"type": kind, **fields})))

    async def response(self) -> tuple[int, dict[str, str], bytes]:
        """Status, header fields in lower case, and the body."""
        async with asyncio.timeout(FRAME_LIMIT_SEC):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
            body = await self.reader.readexactly(int(fields.get("content-length", 0)))
        return int(head[0].split(" ")[1]), fields, body

    async def read_frame(self) -> tuple[int, bytes]:
        async with asyncio.timeout(FRAME_LIMIT_SEC):
            first, size = await self.reader.readexactly(2)
            assert first & 0x70 == 0
            assert first & FIN
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            return first & 0xF, await self.reader.readexactly(size)

    async def receive(self) -> dict[str, Any]:
        """The next message."""
        opcode, payload = await self.read_frame()
        assert opcode == TEXT, (opcode, payload)
        message = msgspec.json.decode(payload)
        assert isinstance(message, dict)
        return message

    async def join(self, name: str, swarm_id: str = SWARM) -> dict[str, Any]:
        """Answers the challenge; the welcome."""
        joined = Joiner(name).join(await self.receive(), swarm_id)
        self.send(frame(msgspec.json.encode(joined)))
        welcome = await self.receive()
        assert welcome["type"] == "welcome", welcome
        return welcome

    async def read_close(self) -> int:
        """Reads on to the closing frame; its code."""
        while True:
            opcode, payload = await self.read_frame()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big")

    async def is_cut(self) -> bool:
        """Reads to the end of the connection."""
        async with asyncio.timeout(FRAME_LIMIT_SEC):
            try:
                while await self.reader.read(65536):
                    pass
            except ConnectionError:
                pass
        return True

    def drop(self) -> None:
        self.writer.transport.abort()
