"""Where picows takes a connection over: it is given a handshake that was read elsewhere, and the bytes behind it.

On a connection's first request picows then reads the transport itself. On a later one aiohttp goes on reading
and hands the bytes over, as it does to its own WebSocket. Knows no message of ours.
"""

from __future__ import annotations

import asyncio

from picows import WSUpgradeResponse, WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined] # not in its stub

from unisono.handshake import Handshake
from unisono.session import ControlSession

# picows keeps one buffer for what it reads on each connection. This is its least; it doubles for longer frames.
READ_BUFFER_BYTES = 2048


class _Silence:
    """What picows would log holds addresses, and what peers sent. `session` logs what matters."""

    def isEnabledFor(self, _level: int) -> bool:  # noqa: N802 - the name of the standard library
        return False

    def _ignore(self, *_args: object, **_named: object) -> None:
        pass

    debug = info = warning = error = exception = log = _ignore


_SILENCE = _Silence()

# One for all connections: picows puts the answer to each one's key into it and writes it out at once. Of its
# own for each it would cost 1 KB for as long as the connection lives.
_SWITCHING = WSUpgradeResponse.create_101_response({"Server": "unisono"})


class ControlFeed:
    """Gives picows a handshake that was read elsewhere, and then whatever comes on that connection.

    Stands where aiohttp's own WebSocket parser would, when aiohttp goes on reading the connection.
    """

    __slots__ = ("protocol",)

    def __init__(self, transport: asyncio.Transport, handshake: Handshake, session: ControlSession) -> None:
        """picows answers the handshake, and the session opens, before this returns."""
        answer = WSUpgradeResponseWithListener(_SWITCHING, session)
        self.protocol = WSProtocol(
            host_port=None,
            ws_path=None,
            is_client_side=False,
            ws_listener_factory=lambda _request: answer,
            logger=_SILENCE,
            disconnect_on_exception=True,
            websocket_handshake_timeout=None,  # the handshake is here
            # `heartbeat` asks for signs of life: one timer for all, where picows has a task for each.
            enable_auto_ping=False,
            auto_ping_idle_timeout=None,
            auto_ping_reply_timeout=None,
            auto_ping_strategy=1,
            enable_auto_pong=False,  # a flood of pings is charged like everything else
            max_frame_size=session.max_unread_bytes,
            extra_headers=None,
            read_buffer_init_size=READ_BUFFER_BYTES,
        )
        self.protocol.connection_made(transport)
        # Only what picows looks at, as it keeps what it gets: `Connection` must be "Upgrade" for it, alone.
        self.take(
            b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: " + handshake.key.encode("ascii") + b"\r\n\r\n"
        )

    def take(self, data: bytes) -> None:
        while data:
            buffer = self.protocol.get_buffer(-1)
            part_bytes = min(len(buffer), len(data))
            buffer[:part_bytes] = data[:part_bytes]
            self.protocol.buffer_updated(part_bytes)
            data = data[part_bytes:]

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """aiohttp read this. Whether it is the end, and what is left."""
        self.take(data)
        return False, b""

    def feed_eof(self) -> None:
        """aiohttp lost the connection."""
        self.protocol.connection_lost(None)


def peer_address(transport: asyncio.BaseTransport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""
