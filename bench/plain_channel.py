"""One end of a bare aiortc data channel: the library's own speed, with nothing of Unisono in it.

A process of its own, which talks in lines of JSON: `python -m bench.plain_channel offer --message-kib 16`, or
`answer`. It prints its description, reads the other's, and then obeys: `{"send": n}` and `{"take": n}` move n
bytes. Who takes prints bytes per second from the first message to the last, and the processor time meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription

from unisono.event_loop import loop_factory

# As much ahead as the pages' bare channel has (bench/one_channel.py).
HIGH_WATER_BYTES = 192 * 1024
LOW_WATER_BYTES = 128 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.plain_channel")
    parser.add_argument("role", choices=("offer", "answer"))
    parser.add_argument("--message-kib", type=int, default=16)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_run(options.role, options.message_kib * 1024))


async def _run(role: str, message_bytes: int) -> None:
    connection = RTCPeerConnection(RTCConfiguration([]))
    channel = connection.createDataChannel("bulk", negotiated=True, id=1)
    is_open = asyncio.Event()
    channel.on("open", is_open.set)
    arrivals: asyncio.Queue[int] = asyncio.Queue()
    channel.on("message", lambda data: arrivals.put_nowait(len(data)))
    if role == "offer":
        await connection.setLocalDescription(await connection.createOffer())
        _say(_described(connection))
        await connection.setRemoteDescription(_description(await _heard()))
    else:
        await connection.setRemoteDescription(_description(await _heard()))
        await connection.setLocalDescription(await connection.createAnswer())
        _say(_described(connection))
    await is_open.wait()
    _say({"open": True})
    while True:
        order = await _heard()
        if "send" in order:
            await _send(channel, order["send"], message_bytes)
        elif "take" in order:
            _say(await _take(arrivals, order["take"]))
        else:
            await connection.close()
            return


async def _send(channel: RTCDataChannel, size_bytes: int, message_bytes: int) -> None:
    message = bytes(message_bytes)
    has_drained = asyncio.Event()
    channel.bufferedAmountLowThreshold = LOW_WATER_BYTES
    channel.on("bufferedamountlow", has_drained.set)
    for _ in range(size_bytes // message_bytes):
        while channel.bufferedAmount > HIGH_WATER_BYTES:
            has_drained.clear()
            await has_drained.wait()
        channel.send(message)


async def _take(arrivals: asyncio.Queue[int], size_bytes: int) -> dict[str, float]:
    first_bytes = taken_bytes = await arrivals.get()
    begun_sec, cpu_sec = time.monotonic(), time.process_time()
    while taken_bytes < size_bytes:
        taken_bytes += await arrivals.get()
    elapsed_sec = time.monotonic() - begun_sec
    rate = (taken_bytes - first_bytes) / elapsed_sec
    return {"bytesPerSec": rate, "cpuSec": time.process_time() - cpu_sec}


def _described(connection: RTCPeerConnection) -> dict[str, str]:
    own = connection.localDescription
    return {"type": own.type, "sdp": own.sdp}


def _description(told: dict[str, Any]) -> RTCSessionDescription:
    return RTCSessionDescription(told["sdp"], told["type"])


async def _heard() -> dict[str, Any]:
    line = await asyncio.to_thread(sys.stdin.readline)
    told: dict[str, Any] = json.loads(line) if line else {}
    return told


def _say(words: object) -> None:
    print(json.dumps(words), flush=True)


if __name__ == "__main__":
    main()
