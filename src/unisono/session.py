"""One WebSocket, one member: reads frames, answers the clock, feeds the hub, and closes with a reason.

    waiting (challenge sent) --join--> seated --leave | close | fault | end()--> closing --> closed
    waiting --silence for join_timeout_sec | fault | end()--> closing

Clock: `t1`, `t2` and the budget are global time, `time.monotonic_ns()`; t1 is read before anything else is
done with a frame, t2 when all but the writing of the pong is done. Frames out are written into the transport
at once, whole, and never awaited: its buffer is the outgoing queue, so one slow reader costs `queue_bytes`
and nobody waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import struct
import time

from aiohttp import WSMsgType, web

from unisono.admission import NONCE_BYTES, encode_base64url
from unisono.errors import PeerError
from unisono.hub import Hub, global_us
from unisono.ice import REACHED_HOST
from unisono.limits import ConnectionBudget
from unisono.log import log_event, log_failure
from unisono.protocol import (
    NOT_A_MESSAGE,
    PROTOCOL_VERSION,
    AskIce,
    Challenge,
    ClientMessage,
    CloseCode,
    ErrorCode,
    GoAway,
    Join,
    Leave,
    Ping,
    Pong,
    Refusal,
    Relay,
    decode_client,
    encode_server,
    has_other_version,
    kind_of,
)

NS_PER_US = 1000
NS_PER_SEC = 1_000_000_000


def text_frame(payload: bytes) -> bytes:
    """RFC 6455 §5.2: one unfragmented, unmasked text frame."""
    if len(payload) < 126:
        return struct.pack("!BB", 0x81, len(payload)) + payload
    return struct.pack("!BBH", 0x81, 126, len(payload)) + payload


class ControlSession:
    """The life of one connection. `run` returns when it is over."""

    __slots__ = (
        "_budget",
        "_closing",
        "_connection",
        "_hub",
        "_is_seated",
        "_limits",
        "_nonce",
        "_request",
        "_socket",
        "_transport",
        "address_key",
        "reached_host",
    )

    def __init__(self, hub: Hub, request: web.Request, address_key: str) -> None:
        limits = hub.config.limits
        self._hub = hub
        self._request = request
        self.address_key = address_key
        self.reached_host = REACHED_HOST.get()
        self._limits = limits
        # No compression: it costs memory and latency, and sealed bodies do not shrink. Its own writes (close,
        # pong) wait as soon as the transport is backed up. Text stays bytes, as msgspec reads those.
        self._socket: web.WebSocketResponse[bool] = web.WebSocketResponse(
            compress=False,
            decode_text=False,
            heartbeat=limits.heartbeat_sec,
            max_msg_size=limits.unread_frame_bytes,
            timeout=hub.config.drain.close_timeout_sec,
            writer_limit=0,
        )
        self._budget = ConnectionBudget(limits, global_us())
        self._nonce = secrets.token_bytes(NONCE_BYTES)
        self._transport: asyncio.Transport | None = None
        self._closing: asyncio.Task[None] | None = None
        self._connection = 0
        self._is_seated = False

    async def run(self) -> web.WebSocketResponse[bool]:
        """For a connection that its address was charged for; that ends with this."""
        try:
            return await self._run()
        finally:
            self._hub.addresses.disconnect(self.address_key, global_us())

    async def _run(self) -> web.WebSocketResponse[bool]:
        await self._socket.prepare(self._request)
        # They are sent; aiohttp would keep them as long as the connection lives, 1.2 KB.
        self._socket.headers.clear()
        self._transport = self._request.transport
        self._tune_socket()
        await self._live()
        if self._closing is not None:
            await self._closing
        else:
            self._hub.metrics.closes["lost" if self._socket.close_code is None else "closed"] += 1
        return self._socket

    async def _live(self) -> None:
        self._connection = self._hub.open(self)
        try:
            await self._serve()
        except PeerError as reason:
            self.end(reason)
        except Exception as failure:  # noqa: BLE001 - one peer's trouble, whatever it is, stays its own
            log_failure("session-failed", failure)
            self.end(PeerError(ErrorCode.INTERNAL, "the server failed"))
        finally:
            self._hub.close(self._connection)

    @property
    def queue_bytes(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def send(self, payload: bytes, kind: str) -> None:
        transport = self._transport
        if transport is None or self._closing is not None or transport.is_closing():
            return
        if transport.get_write_buffer_size() + len(payload) > self._limits.queue_bytes:
            self.end(PeerError(ErrorCode.SLOW_READER, "this connection reads too slowly"))
            return
        transport.write(text_frame(payload))
        self._hub.metrics.sent(kind, len(payload))
        if (queue_bytes := transport.get_write_buffer_size()) > 0:
            self._hub.note_queue(self._connection, queue_bytes)

    def cut(self, reason: PeerError) -> None:
        self._close_with(None, reason.code.close_code, reason.detail)
        if self._transport is not None:
            self._transport.abort()

    def end(self, reason: PeerError) -> None:
        refusal = encode_server(Refusal(code=reason.code, message=reason.detail))
        self._close_with(refusal, reason.code.close_code, reason.detail)

    async def go_away(self, retry_after_ms: int) -> None:
        """The server is stopping: says when to come back, closes, and returns when that is done."""
        notice = encode_server(GoAway(retry_after_ms=retry_after_ms))
        closing = self._close_with(notice, CloseCode.RESTART, "the server is going away")
        await asyncio.shield(closing)

    # --- reading --------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        # In the same flight as the answer to the handshake, so that proving costs no round trip.
        challenge = Challenge(nonce=encode_base64url(self._nonce), node_id=self._hub.node_id)
        self.send(encode_server(challenge), kind_of(challenge))
        try:
            async with asyncio.timeout(self._limits.join_timeout_sec):
                first = await self._receive()
        except TimeoutError as silence:
            raise PeerError(ErrorCode.JOIN_TIMEOUT, "no join came in time") from silence
        if first is None:
            return
        self._join(first)
        while (message := await self._receive()) is not None:
            match message:
                case Ping():
                    pass  # answered already
                case Relay(body=body, to=to):
                    self._hub.relay(self._connection, to if isinstance(to, str) else None, body)
                    # A burst already received would otherwise be handled in one go, and every other peer's
                    # clock probe would wait for it.
                    await asyncio.sleep(0)
                case AskIce():
                    self._hub.give_ice(self._connection)
                case Leave():
                    self._hub.leave(self._connection)
                    self._close_with(None, CloseCode.NORMAL, "")
                    return
                case Join():
                    raise PeerError(ErrorCode.JOIN_EXPECTED, "this connection has joined already")

    def _join(self, first: ClientMessage) -> None:
        if not isinstance(first, Join):
            raise PeerError(ErrorCode.JOIN_EXPECTED, "the first message must be join")
        if first.v != PROTOCOL_VERSION:
            raise PeerError(ErrorCode.WRONG_VERSION, f"this server speaks version {PROTOCOL_VERSION}")
        self._hub.addresses.join(self.address_key, global_us())
        size = self._hub.join(self._connection, first, self._nonce)
        self._is_seated = True
        log_event("joined", logging.DEBUG, swarmSize=size, swarms=self._hub.registry.swarm_count)

    async def _receive(self) -> ClientMessage | None:
        """The next message, a ping already answered; None when the connection closed. Raises `PeerError`."""
        frame = await self._socket.receive()
        t1_ns = time.monotonic_ns()
        if frame.type is not WSMsgType.TEXT:
            if frame.type is WSMsgType.BINARY:
                raise PeerError(ErrorCode.BAD_MESSAGE, "frames must be text")
            return None
        data: bytes = frame.data
        message = self._decode(data)
        if isinstance(message, Ping) and self._is_seated:
            self._pong(message, t1_ns)
        self._budget.charge(len(data), t1_ns // NS_PER_US)
        self._hub.metrics.received(kind_of(message), len(data))
        return message

    def _decode(self, data: bytes) -> ClientMessage:
        if len(data) > self._limits.max_frame_bytes:
            raise PeerError(
                ErrorCode.FRAME_TOO_LARGE, f"a frame may have {self._limits.max_frame_bytes} bytes"
            )
        try:
            return decode_client(data)
        except NOT_A_MESSAGE:
            # Not chained: what msgspec says can repeat what the peer sent.
            if has_other_version(data):
                raise PeerError(
                    ErrorCode.WRONG_VERSION, f"this server speaks version {PROTOCOL_VERSION}"
                ) from None
            raise PeerError(ErrorCode.BAD_MESSAGE, "not a message of this protocol") from None

    def _pong(self, ping: Ping, t1_ns: int) -> None:
        t2_ns = time.monotonic_ns()
        pong = Pong(
            id=ping.id,
            t0=ping.t0,
            t1=t1_ns / NS_PER_US,
            clock_id=self._hub.clock_id,
            t2=t2_ns / NS_PER_US,
        )
        self.send(encode_server(pong), "pong")
        # With the writing, which t2 cannot hold: what the clock of a page suffers.
        self._hub.metrics.clock_service.observe((time.monotonic_ns() - t1_ns) / NS_PER_SEC)

    # --- the connection -------------------------------------------------------------------------------------

    def _tune_socket(self) -> None:
        """Probes must not wait for each other (Nagle), nor may the kernel hide a slow reader."""
        sock = self._request.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            with contextlib.suppress(OSError):  # closed meanwhile: the first receive will say so
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._limits.send_buffer_bytes)

    def _close_with(self, last_words: bytes | None, code: CloseCode, detail: str) -> asyncio.Task[None]:
        """Starts the closing, once: the first reason counts."""
        if self._closing is None:
            self._hub.metrics.closes[code.name.lower()] += 1
            log_event("session-ended", logging.DEBUG if last_words is None else logging.INFO, code=int(code))
            self._closing = asyncio.create_task(self._close(last_words, code, detail))
        return self._closing

    async def _close(self, last_words: bytes | None, code: CloseCode, detail: str) -> None:
        """Says why, shakes hands, and does not wait long for someone who does not answer."""
        transport = self._transport
        if transport is None:
            return
        try:
            async with asyncio.timeout(self._hub.config.drain.close_timeout_sec):
                if last_words is not None and not transport.is_closing():
                    transport.write(text_frame(last_words))
                await self._socket.close(code=code, message=detail.encode())
        except (TimeoutError, ConnectionError):
            pass  # it is as gone as it can be; what is left is to let go of the buffer
        if transport.get_write_buffer_size() > 0:
            transport.abort()
