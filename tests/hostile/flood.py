"""Ten thousand strangers at once, as a program: `python -m tests.hostile.flood HOST PORT SWARM_ID`.

They come from a hundred loopback addresses and each does one rude thing: nothing after connecting, half a
request, a handshake and then silence, a giant frame, tiny frames, garbage, a join without the key. Prints
what became of them as one line of JSON. Bounded: it ends by itself.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
from collections import Counter
from collections.abc import Callable

from lab.joiner import Joiner

STRANGERS = 10_000
ADDRESSES = 100
AT_ONCE = 200
# How long a stranger waits before it goes: the server's patience is 5 s for a join, 20 s for a request.
STAY_SEC = 8.0
CONNECT_LIMIT_SEC = 60.0

HANDSHAKE = (
    "GET /v1/control?s=0000 HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def frame(payload: bytes, opcode: int = 1, length: int | None = None) -> bytes:
    """A masked frame with a mask of zeros; its stated length may be a lie."""
    size = len(payload) if length is None else length
    head = bytes([0x80 | opcode])
    if size < 126:
        return head + bytes([0x80 | size]) + bytes(4) + payload
    if size < 65536:
        return head + b"\xfe" + struct.pack("!H", size) + bytes(4) + payload
    return head + b"\xff" + struct.pack("!Q", size) + bytes(4) + payload


def keyless_join(swarm_id: str) -> bytes:
    eve = Joiner("eve", swarm_key="not the key")
    return json.dumps(eve.join({"nonce": "A" * 43}, swarm_id)).encode()


RUDENESS: dict[str, Callable[[str], bytes]] = {
    "silence": lambda _: b"",
    "giant": lambda _: frame(b"x" * 1000, length=2**40),
    "large": lambda _: frame(b"x" * 60_000),
    "tiny": lambda _: b"".join(frame(b"", opcode=1) for _ in range(50)),
    "pings": lambda _: b"".join(frame(b"", opcode=9) for _ in range(200)),
    "garbage": lambda _: bytes(range(256)) * 4,
    "keyless": lambda swarm_id: frame(keyless_join(swarm_id)),
    "fragments": lambda _: b"".join(bytes([0x01 if n == 0 else 0x00, 0x80, 0, 0, 0, 0]) for n in range(500)),
}


async def stranger(number: int, host: str, port: int, swarm_id: str, gate: asyncio.Semaphore) -> str:
    source = f"127.0.{1 + number % ADDRESSES}.1"
    async with gate:
        try:
            async with asyncio.timeout(CONNECT_LIMIT_SEC):
                reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
        except (OSError, TimeoutError):
            return "not connected"
    kinds = ["nothing", "half a request", *RUDENESS]
    kind = kinds[number % len(kinds)]
    try:
        if kind == "half a request":
            writer.write(HANDSHAKE.format(host=host, port=port).encode()[:60])
        elif kind != "nothing":
            writer.write(HANDSHAKE.format(host=host, port=port).encode())
            writer.write(RUDENESS[kind](swarm_id))
        async with asyncio.timeout(STAY_SEC):
            while said := await reader.read(65536):
                if b'"type":"welcome"' in said:
                    return f"{kind}: let in"
    except TimeoutError:
        return f"{kind}: still there"
    except OSError:
        return f"{kind}: cut off"
    else:
        return f"{kind}: closed"
    finally:
        writer.transport.abort()


async def flood(host: str, port: int, swarm_id: str) -> Counter[str]:
    gate = asyncio.Semaphore(AT_ONCE)
    return Counter(
        await asyncio.gather(*(stranger(number, host, port, swarm_id, gate) for number in range(STRANGERS)))
    )


if __name__ == "__main__":
    print(json.dumps(asyncio.run(flood(sys.argv[1], int(sys.argv[2]), sys.argv[3]))))
