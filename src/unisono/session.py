"""One WebSocket, one member: reads frames, answers the clock, feeds the hub, and closes with a reason.

    waiting (challenge sent) --join--> seated --leave | close | fault | end()--> closing --> closed
    waiting --silence for join_timeout_sec | fault | end()--> closing

picows calls it for every frame and writes for it; `control_feed` gives picows the bytes. Clock: `t1`, `t2`
and the budget are global time, `time.monotonic_ns()`; t1 is read before anything else is done with a frame,
t2 when all but the writing of the pong is done. Frames out are written into the transport at once,
whole, and never awaited: its buffer is the outgoing queue, so one slow reader costs `queue_bytes` and nobody
waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import time
from collections import deque
from typing import cast

from multidict import CIMultiDict
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from unisono.admission import NONCE_BYTES, encode_base64url
from unisono.errors import PeerError
from unisono.frames import (
    OP_CLOSE,
    OP_PING,
    OP_PONG,
    OP_TEXT,
    PROTOCOL_ERROR,
    FramingError,
    Pieces,
    may_be_sent,
    text_frame,
)
from unisono.hub import global_us
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
from unisono.visit import Visit

NS_PER_US = 1000
NS_PER_SEC = 1_000_000_000

_NO_FIELDS: CIMultiDict[str] = CIMultiDict()

# picows copies a frame up to 8 KiB into a buffer of the connection, which grows to it and never shrinks, and
# of a longer one it lends the transport its header in that very buffer: where the transport has to queue it,
# the next frame overwrites it (picows 2.3.1, uvloop 0.23). So from here on frames are made here.
MAX_PICOWS_BYTES = 1000


class ControlSession(WSListener):
    """The life of one connection. Picows holds it for as long as that lives."""

    __slots__ = (
        "_budget",
        "_connection",
        "_has_turn",
        "_hub",
        "_is_closing",
        "_is_seated",
        "_limits",
        "_nonce",
        "_pieces",
        "_queued_bytes",
        "_read_buffer_bytes",
        "_silent_beats",
        "_timer",
        "_transport",
        "_visit",
        "_waiting",
        "_websocket",
    )

    def __init__(self, visit: Visit) -> None:
        hub = visit.hub
        self._hub = hub
        self._visit = visit
        self._limits = hub.config.limits
        self._budget = ConnectionBudget(self._limits, global_us())
        self._nonce = secrets.token_bytes(NONCE_BYTES)
        self._connection = 0
        self._is_seated = self._is_closing = False
        self._silent_beats = 0
        # Messages that wait because this connection had its turn of the loop.
        self._has_turn = True
        self._waiting: deque[ClientMessage] | None = None
        self._pieces: Pieces | None = None
        self._read_buffer_bytes = 0
        # Until the join, and again from the closing on.
        self._timer: asyncio.TimerHandle | None = None

    @property
    def max_unread_bytes(self) -> int:
        """Of a frame that picows must not even read."""
        return self._limits.unread_frame_bytes

    # --- what picows calls ----------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._websocket = transport
        self._transport: asyncio.Transport = transport.underlying_transport
        self._queued_bytes = self._transport.get_write_buffer_size
        self._tune_socket()
        # They are read; picows would keep them as long as the connection lives.
        transport.request.headers = _NO_FIELDS
        self._connection = self._hub.open(self)
        # In the same flight as the answer to the handshake, so that proving costs no round trip.
        challenge = Challenge(nonce=encode_base64url(self._nonce), node_id=self._hub.node_id)
        self.send(encode_server(challenge), kind_of(challenge))
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._limits.join_timeout_sec, self._end_silence)

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        """Never raises: one peer's trouble, whatever it is, stays its own."""
        t1_ns = time.monotonic_ns()
        self._silent_beats = 0
        opcode: int = frame.msg_type  # type: ignore[assignment] # an int, whatever its stub says
        try:
            if self._is_closing:
                if opcode == OP_CLOSE:
                    self._websocket.disconnect()
                return
            message_bytes: bytes | None = frame.get_payload_as_bytes()
            if (
                opcode != OP_TEXT
                or not frame.fin
                or self._pieces is not None
                or (frame.rsv1 or frame.rsv2 or frame.rsv3)
            ):
                message_bytes = self._take_unusual(opcode, frame, t1_ns)
            if message_bytes is not None:
                self._take_message(message_bytes, t1_ns, is_last=frame.tail_size == 0)
        except Exception as failure:  # noqa: BLE001 - see above
            self._fail(failure)

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        if not self._is_closing:
            is_lost = self._websocket.close_handshake is None
            self._begin_closing("lost" if is_lost else "closed")
        self._cancel_timer()
        try:
            if self._connection:
                self._hub.close(self._connection)
        finally:
            self._visit.end()
            self._visit.socket.close()

    def note_read_buffer(self, buffer_bytes: int) -> None:
        """What is kept for reading from this connection has become so large."""
        self._read_buffer_bytes = buffer_bytes
        self._note_unfinished()

    def pause_writing(self) -> None:
        """Nobody waits for a slow reader: `send` looks at the queue itself."""

    def resume_writing(self) -> None:
        pass

    # --- what the hub calls ---------------------------------------------------------------------------------

    @property
    def address_key(self) -> str:
        return self._visit.address_key

    @property
    def reached_host(self) -> str:
        return self._visit.reached_host

    @property
    def queue_bytes(self) -> int:
        return self._queued_bytes()

    def send(self, payload: bytes, kind: str) -> None:
        size_bytes = len(payload)
        if self._is_closing or self._websocket.is_disconnected or not self._has_room(size_bytes):
            return
        if size_bytes < MAX_PICOWS_BYTES:
            self._websocket.send(WSMsgType.TEXT, payload)
        elif not self._transport.is_closing():
            self._transport.write(text_frame(payload))
        self._hub.metrics.sent(kind, size_bytes)
        self._note_queue()

    def cut(self, reason: PeerError) -> None:
        self._close_with(None, reason.code.close_code, reason.detail)
        self._transport.abort()

    def end(self, reason: PeerError) -> None:
        refusal = encode_server(Refusal(code=reason.code, message=reason.detail))
        self._close_with(refusal, reason.code.close_code, reason.detail)

    async def go_away(self, retry_after_ms: int) -> None:
        """The server is stopping: says when to come back, closes, and returns when that is done."""
        notice = encode_server(GoAway(retry_after_ms=retry_after_ms))
        self._close_with(notice, CloseCode.RESTART, "the server is going away")
        await self.wait_closed()

    async def wait_closed(self) -> None:
        await self._websocket.wait_disconnected()

    def beat(self) -> None:
        """Called every half of `heartbeat_sec`: asks who was silent, and lets go of who stays silent.
        So ends also whom picows closes on its own, for bytes that are no frame, and who reads nothing of it.
        """
        if self._silent_beats == 1:
            self._websocket.send_ping()
        elif self._silent_beats > 1 and not self._is_closing:
            self._transport.abort()
        self._silent_beats += 1

    # --- reading --------------------------------------------------------------------------------------------

    def _take_unusual(self, opcode: int, frame: WSFrame, t1_ns: int) -> bytes | None:
        """Whatever is not one text message in one frame; the message, where one is complete with this."""
        payload = frame.get_payload_as_bytes()
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise FramingError("a reserved bit")  # no extension was agreed on
        if opcode == OP_CLOSE:
            self._answer_close(payload[:2])
            return None
        if opcode in (OP_PING, OP_PONG):
            self._budget.charge(len(payload), t1_ns // NS_PER_US)
            if opcode == OP_PING and self._has_room(len(payload)):
                self._websocket.send_pong(payload)
                self._note_queue()
            return None
        if self._pieces is None:
            self._pieces = Pieces(self._limits.max_frame_bytes)
        message = self._pieces.take(opcode, payload, is_last=bool(frame.fin))
        self._note_unfinished()
        if self._pieces.is_binary:
            raise PeerError(ErrorCode.BAD_MESSAGE, "frames must be text")
        if message is None:
            # Each piece counts as a message, or empty ones would be free.
            self._budget.charge(0, t1_ns // NS_PER_US)
        return message

    def _take_message(self, data: bytes, t1_ns: int, *, is_last: bool) -> None:
        """`is_last`: of what was read at once."""
        message = self._decode(data)
        if type(message) is Ping and self._is_seated:
            self._pong(message, t1_ns)
            self._budget.charge(len(data), t1_ns // NS_PER_US)
            self._hub.metrics.received("ping", len(data))
            return
        self._budget.charge(len(data), t1_ns // NS_PER_US)
        self._hub.metrics.received(kind_of(message), len(data))
        if not self._has_turn:
            assert self._waiting is not None  # noqa: S101 - made when the turn was given away
            self._waiting.append(message)
        elif self._is_seated:
            self._act(message, is_last=is_last)
        else:
            # Signatures are checked for a few in each turn of the loop.
            self._give_turn_away().append(message)
            self._hub.joins.take(self._take_turn)

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

    def _act(self, message: ClientMessage, *, is_last: bool) -> None:
        if not self._is_seated:
            self._join(message)
            return
        match message:
            case Relay(body=body, to=to):
                self._hub.relay(self._connection, to if isinstance(to, str) else None, body)
                if not is_last:
                    # A burst already received would otherwise be handled in one go, and every other peer's
                    # clock probe would wait for it.
                    self._give_turn_away()
                    asyncio.get_running_loop().call_soon(self._take_turn)
            case AskIce():
                self._hub.give_ice(self._connection)
            case Leave():
                self._hub.leave(self._connection)
                self._close_with(None, CloseCode.NORMAL, "")
            case Ping():
                # It came behind a join that had to wait, and was as good as unread.
                self._pong(message, time.monotonic_ns())
            case Join():
                raise PeerError(ErrorCode.JOIN_EXPECTED, "this connection has joined already")

    def _give_turn_away(self) -> deque[ClientMessage]:
        """What has been read waits there until `_take_turn`; what has not waits in the kernel, as bursts of
        thousands in one moment would be gigabytes here.
        """
        if self._has_turn:
            self._has_turn = False
            self._transport.pause_reading()
        if self._waiting is None:
            self._waiting = deque()
        return self._waiting

    def _take_turn(self) -> None:
        self._has_turn = True
        try:
            while self._waiting and self._has_turn:
                message = self._waiting.popleft()
                self._act(message, is_last=not self._waiting)
        except Exception as failure:  # noqa: BLE001 - as for a frame
            self._fail(failure)
        if self._has_turn and not self._transport.is_closing():
            self._transport.resume_reading()

    def _join(self, first: ClientMessage) -> None:
        if not isinstance(first, Join):
            raise PeerError(ErrorCode.JOIN_EXPECTED, "the first message must be join")
        if first.v != PROTOCOL_VERSION:
            raise PeerError(ErrorCode.WRONG_VERSION, f"this server speaks version {PROTOCOL_VERSION}")
        self._hub.addresses.join(self._visit.address_key, global_us())
        size = self._hub.join(self._connection, first, self._nonce)
        self._is_seated = True
        self._nonce = b""
        self._cancel_timer()
        log_event("joined", logging.DEBUG, swarmSize=size, swarms=self._hub.registry.swarm_count)

    # --- the connection -------------------------------------------------------------------------------------

    def _tune_socket(self) -> None:
        """The kernel must not hide a slow reader. Nagle's algorithm is off already: picows sees to that."""
        with contextlib.suppress(OSError):  # closed meanwhile: picows will say so
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._limits.send_buffer_bytes)

    def _has_room(self, size_bytes: int) -> bool:
        """Whether so much more may wait to be written. If not, the peer is parted with."""
        if self._queued_bytes() + size_bytes <= self._limits.queue_bytes:
            return True
        self.end(PeerError(ErrorCode.SLOW_READER, "this connection reads too slowly"))
        return False

    def _note_queue(self) -> None:
        """After each write: all connections together have a budget of what waits."""
        if (queue_bytes := self._queued_bytes()) > 0:
            self._hub.note_queue(self._connection, queue_bytes)

    def _note_unfinished(self) -> None:
        pieces_bytes = self._pieces.size_bytes if self._pieces is not None else 0
        self._hub.note_unfinished(self._connection, self._read_buffer_bytes + pieces_bytes)

    def _fail(self, failure: Exception) -> None:
        match failure:
            case PeerError():
                self.end(failure)
            case FramingError():
                self._begin_closing("closed")
                self._say_closed(PROTOCOL_ERROR, str(failure))
            case _:
                log_failure("session-failed", failure)
                self.end(PeerError(ErrorCode.INTERNAL, "the server failed"))

    def _end_silence(self) -> None:
        self._timer = None
        self.end(PeerError(ErrorCode.JOIN_TIMEOUT, "no join came in time"))

    def _close_with(self, last_words: bytes | None, code: CloseCode, detail: str) -> None:
        """Says why and shakes hands, once: the first reason counts. Waits for an answer, not long."""
        if self._is_closing:
            return
        self._begin_closing(code.name.lower())
        log_event("session-ended", logging.DEBUG if last_words is None else logging.INFO, code=int(code))
        if not self._transport.is_closing():
            if last_words is not None:
                self._transport.write(text_frame(last_words))
            self._say_closed(int(code), detail)

    def _answer_close(self, code_bytes: bytes) -> None:
        """The peer closes: the connection ends once all is written."""
        code = int.from_bytes(code_bytes, "big") if code_bytes else CloseCode.NORMAL
        self._begin_closing("closed")
        self._say_closed(code if may_be_sent(code) else PROTOCOL_ERROR, "")
        self._websocket.disconnect()

    def _say_closed(self, code: int, reason: str) -> None:
        self._websocket.send_close(
            cast("WSCloseCode", int(code)), reason
        )  # any number, whatever its type says

    def _begin_closing(self, reason: str) -> None:
        self._is_closing = True
        self._waiting = None
        self._hub.metrics.closes[reason] += 1
        self._cancel_timer()
        limit_sec = self._hub.config.drain.close_timeout_sec
        self._timer = asyncio.get_running_loop().call_later(limit_sec, self._transport.abort)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
