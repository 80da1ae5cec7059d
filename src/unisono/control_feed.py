"""Where picows takes a connection over: it gets a handshake that was read elsewhere, and the bytes behind it.

After a connection's first request picows reads the transport itself. After a later one aiohttp goes on
reading and hands the bytes over, as it does to its own WebSocket. Knows no message of ours.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from picows import WSAutoPingStrategy, WSUpgradeResponse, WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined] # not in its stub

from unisono.handshake import Handshake
from unisono.session import ControlSession

# What may come behind a handshake before it is answered. RFC 6455 has clients wait; a few send their first
# messages at once.
MAX_EARLY_BYTES = 64 * 1024

# picows keeps a buffer for what it reads on each connection. This is its least, of which it fills all but the
# last 256; longer frames double it.
READ_BUFFER_BYTES = 2048

# So much is read at once. picows also doubles the buffer when one read fills it, and keeps it as long as the
# connection lives: whoever sent its whole burst in one go, 250 KB in small messages, held as much ever after.
READ_AT_ONCE_BYTES = READ_BUFFER_BYTES - 256

# Buffers above this count in a budget. An offer, which most pages send, stays below it.
LARGE_BUFFER_BYTES = 8 * 1024


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


class _BoundedProtocol(WSProtocol):  # type: ignore[misc] # not in its stub
    """Lets the buffer grow by frames alone, and tells the session how large it has become."""

    __slots__ = ("_most_bytes",)

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self._most_bytes = LARGE_BUFFER_BYTES

    def get_buffer(self, size_hint: int) -> memoryview:
        """Called for each read. What is free is all of the buffer, or less while half a frame lies in it."""
        free: memoryview = WSProtocol.get_buffer(self, size_hint)
        free_bytes = len(free)
        if free_bytes <= READ_AT_ONCE_BYTES:
            return free
        if free_bytes > self._most_bytes:
            self._most_bytes = free_bytes
            self.listener.note_read_buffer(free_bytes)
        return free[:READ_AT_ONCE_BYTES]


class ControlFeed:
    """Between whoever reads a connection and picows: keeps what comes before the handshake is answered, gives
    picows the handshake with `open`, and then all that comes.

    For aiohttp it stands where its own WebSocket parser would, with `feed_data` and `feed_eof`.
    """

    __slots__ = ("_early", "_on_lost", "_transport", "is_lost", "protocol")

    def __init__(self, transport: asyncio.Transport, on_lost: Callable[[], None]) -> None:
        """`on_lost`: the connection ended before it was opened."""
        self._transport = transport
        self._on_lost = on_lost
        self._early = b""
        self.is_lost = False
        self.protocol: WSProtocol | None = None

    @property
    def early(self) -> bytes:
        """What came before it was opened."""
        return self._early

    def open(self, handshake: Handshake, session: ControlSession) -> WSProtocol:
        """picows answers the handshake, and the session opens, before this returns. Raises `OSError` when the
        connection broke in this very moment.
        """
        answer = WSUpgradeResponseWithListener(_SWITCHING, session)
        protocol = _BoundedProtocol(
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
            auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
            enable_auto_pong=False,  # a flood of pings is charged like everything else
            max_frame_size=session.max_unread_bytes,
            extra_headers=None,
            read_buffer_init_size=READ_BUFFER_BYTES,
        )
        self.protocol = protocol
        protocol.connection_made(_with_socket_options(self._transport))
        # Only what picows looks at, as it keeps what it gets: `Connection` must be "Upgrade" for it, alone.
        _give(
            protocol,
            b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: " + handshake.key.encode("ascii") + b"\r\n\r\n",
        )
        early, self._early = self._early, b""
        _give(protocol, early)
        return protocol

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Whether that was the end, and what is left: never, and nothing."""
        if self.protocol is not None:
            _give(self.protocol, data)
        else:
            self._early += data
            if len(self._early) > MAX_EARLY_BYTES:
                self._transport.abort()
        return False, b""

    def feed_eof(self) -> None:
        """The connection is lost."""
        self.is_lost = True
        if self.protocol is not None:
            self.protocol.connection_lost(None)
        else:
            self._on_lost()


class _UnixTransport:
    """A transport on a Unix socket, for picows, which sets options of TCP on whatever socket it meets."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self if name == "socket" else self._transport.get_extra_info(name, default)

    def setsockopt(self, *_option: int) -> None:
        """Nothing: there is no Nagle's algorithm to switch off."""

    def getsockopt(self, *_option: int) -> int:
        return 0

    def fileno(self) -> int:
        return int(self._transport.get_extra_info("socket").fileno())

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


def _give(protocol: WSProtocol, data: bytes) -> None:
    while data:
        buffer = protocol.get_buffer(-1)
        part_bytes = min(len(buffer), len(data))
        buffer[:part_bytes] = data[:part_bytes]
        protocol.buffer_updated(part_bytes)
        data = data[part_bytes:]


def _with_socket_options(transport: asyncio.Transport) -> asyncio.Transport | _UnixTransport:
    sock = transport.get_extra_info("socket")
    return transport if sock.family in (socket.AF_INET, socket.AF_INET6) else _UnixTransport(transport)


def peer_address(transport: asyncio.BaseTransport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""
