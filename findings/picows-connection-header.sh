#!/bin/sh
# picows 2.3.1 refuses a WebSocket upgrade whose header is "Connection: keep-alive, Upgrade" with 400. The field is a list
# (RFC 9110 section 7.6.1; RFC 6455 section 4.2.1 asks for one that includes "Upgrade"), and Firefox sent this very list for
# years, as some proxies do. "Connection: Upgrade" alone is taken.
# Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check picows==2.3.1
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import logging
import sys
from importlib.metadata import version

from picows import WSListener, ws_create_server

logging.disable(logging.CRITICAL)
print("picows", version("picows"))


async def status_for(port: int, connection: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = [
        "GET / HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        f"Connection: {connection}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
    line = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    return line.decode().split(" ")[1]


async def main() -> int:
    server = await ws_create_server(lambda request: WSListener(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    seen = {value: await status_for(port, value) for value in ("Upgrade", "keep-alive, Upgrade")}
    for value, status in seen.items():
        print(f"Connection: {value}: {status}")
    server.close()
    return 0 if list(seen.values()) == ["101", "400"] else 1


sys.exit(asyncio.run(main()))
PYTHON
