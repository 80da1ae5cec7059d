"""The least that could do the server's work, on other libraries: `python -m bench.relays picows`.

For `bench.server`, side by side with the product.
Whoever answers the challenge is let in; pings are answered, relays passed on, and that is all: no admission,
no limits, no grace, no counts. Same messages, same msgspec, same uvloop as the product. Prints its port.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import time
from collections import defaultdict
from typing import Any

import uvloop

from unisono.config import Limits
from unisono.protocol import (
    Challenge,
    Join,
    Ping,
    Pong,
    Relay,
    Relayed,
    ServerMessage,
    Welcome,
    decode_client,
    encode_server,
)
from unisono.serve import GC_THRESHOLDS

CHALLENGE = encode_server(Challenge(nonce="A" * 43, node_id="relay"))
WELCOME = encode_server(
    Welcome(
        clock_id="relay",
        node_id="relay",
        members=[],
        limits=Limits().announced(),
        ice_servers=[],
        grace_sec=0,
    )
)


def pong(ping: Ping, t1_ns: int) -> ServerMessage:
    return Pong(id=ping.id, t0=ping.t0, t1=t1_ns / 1000, t2=time.monotonic_ns() / 1000, clock_id="relay")


async def serve_websockets(port: int) -> int:
    from websockets.asyncio.server import ServerConnection, broadcast, serve  # noqa: PLC0415
    from websockets.exceptions import ConnectionClosed  # noqa: PLC0415

    swarms: dict[str, dict[str, ServerConnection]] = defaultdict(dict)

    async def handle(socket: ServerConnection) -> None:
        await socket.send(CHALLENGE, text=True)
        swarm: dict[str, ServerConnection] = {}
        user_id = ""
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = await socket.recv(decode=False)
                t1_ns = time.monotonic_ns()
                message = decode_client(frame)
                if isinstance(message, Ping):
                    await socket.send(encode_server(pong(message, t1_ns)), text=True)
                elif isinstance(message, Relay):
                    text = encode_server(Relayed(sender=user_id, body=message.body)).decode()
                    broadcast([other for name, other in swarm.items() if name != user_id], text)
                elif isinstance(message, Join):
                    user_id, swarm = message.user_id, swarms[message.swarm_id]
                    swarm[user_id] = socket
                    await socket.send(WELCOME, text=True)

    server = await serve(handle, "127.0.0.1", port, compression=None, backlog=512, max_size=65536)
    return int(next(iter(server.sockets)).getsockname()[1])


async def serve_picows(port: int) -> int:
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server  # noqa: PLC0415

    swarms: dict[str, dict[str, WSTransport]] = defaultdict(dict)

    class Member(WSListener):  # type: ignore[misc, unused-ignore]
        def on_ws_connected(self, transport: WSTransport) -> None:
            self.user_id = ""
            self.swarm: dict[str, WSTransport] = {}
            transport.send(WSMsgType.TEXT, CHALLENGE)

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            t1_ns = time.monotonic_ns()
            if frame.msg_type != WSMsgType.TEXT:
                return
            message = decode_client(frame.get_payload_as_bytes())
            if isinstance(message, Ping):
                transport.send(WSMsgType.TEXT, encode_server(pong(message, t1_ns)))
            elif isinstance(message, Relay):
                payload = encode_server(Relayed(sender=self.user_id, body=message.body))
                for name, other in self.swarm.items():
                    if name != self.user_id:
                        other.send(WSMsgType.TEXT, payload)
            elif isinstance(message, Join):
                self.user_id, self.swarm = message.user_id, swarms[message.swarm_id]
                self.swarm[self.user_id] = transport
                transport.send(WSMsgType.TEXT, WELCOME)

    server = await ws_create_server(lambda _request: Member(), "127.0.0.1", port, backlog=512)
    return int(server.sockets[0].getsockname()[1])


async def serve_aiohttp(port: int) -> int:
    from aiohttp import WSMsgType, web  # noqa: PLC0415

    swarms: dict[str, dict[str, Any]] = defaultdict(dict)

    async def handle(request: web.Request) -> web.StreamResponse:
        socket: web.WebSocketResponse[bool] = web.WebSocketResponse(compress=False, decode_text=False)
        await socket.prepare(request)
        await socket.send_frame(CHALLENGE, WSMsgType.TEXT)
        swarm: dict[str, Any] = {}
        user_id = ""
        async for frame in socket:
            t1_ns = time.monotonic_ns()
            message = decode_client(frame.data)
            if isinstance(message, Ping):
                await socket.send_frame(encode_server(pong(message, t1_ns)), WSMsgType.TEXT)
            elif isinstance(message, Relay):
                payload = encode_server(Relayed(sender=user_id, body=message.body))
                for name, other in swarm.items():
                    if name != user_id:
                        await other.send_frame(payload, WSMsgType.TEXT)
            elif isinstance(message, Join):
                user_id, swarm = message.user_id, swarms[message.swarm_id]
                swarm[user_id] = socket
                await socket.send_frame(WELCOME, WSMsgType.TEXT)
        return socket

    app = web.Application()
    app.router.add_get("/v1/control", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=512)
    await site.start()
    return int(runner.addresses[0][1])


RELAYS = {"websockets": serve_websockets, "picows": serve_picows, "aiohttp": serve_aiohttp}


async def main(library: str) -> None:
    port = await RELAYS[library](0)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    print(port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.relays")
    parser.add_argument("library", choices=sorted(RELAYS))
    uvloop.run(main(parser.parse_args().library))
