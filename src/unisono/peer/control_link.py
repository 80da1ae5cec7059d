"""The WebSocket to the server, kept alive for the whole session in a swarm. Local ms.

It connects, answers the challenge, hands every message on with the moment it arrived, and comes back after a
pause when the socket is lost or silent although probed (W2, W4, W5 of docs/spec/control.md). What doing again
cannot help ends it with `RefusedError` (W6). Does not know what bodies mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Literal, Protocol

import aiohttp
import msgspec
from msgspec import UnsetType

from unisono.errors import UnisonoError
from unisono.peer.ambient import Chance, Clock
from unisono.peer.connection_words import why_not_connected
from unisono.peer.json_wire import NOT_JSON, decode_json
from unisono.peer.keys import SwarmKeys
from unisono.peer.safe_text import clean_line
from unisono.protocol import (
    MAX_FRAME_BYTES,
    AskIce,
    Challenge,
    ClientMessage,
    CloseCode,
    GoAway,
    Join,
    Joined,
    Leave,
    Left,
    Presence,
    Refusal,
    Relayed,
    ServerMessage,
    Welcome,
)

Reason = Literal["wrong-version", "taken-over", "swarm-full", "not-admitted"]

CONNECT_TIMEOUT_SEC = 8.0
# Six probes at the idle rate without any answer.
SILENCE_SEC = 6.0
FIRST_BACK_OFF_MS = 250.0
LONGEST_BACK_OFF_MS = 8_000.0
LONGEST_AWAITED_BACK_OFF_MS = 4_000.0
# A server that restarts asks for seconds. As on the page: no server may send a peer away for good.
LONGEST_WANTED_PAUSE_MS = 600_000.0
# W14: of the time that credentials of ICE servers hold, what passes before others are asked for.
ICE_SHARE = 0.5
ICE_REST_SEC = 60.0
# A leave that waits for a dead path is none.
LEAVE_TIMEOUT_SEC = 2.0

REFUSALS: dict[int, Reason] = {
    CloseCode.WRONG_VERSION: "wrong-version",
    CloseCode.TAKEN_OVER: "taken-over",
    CloseCode.SWARM_FULL: "swarm-full",
    CloseCode.NOT_ADMITTED: "not-admitted",
}

log = logging.getLogger(__name__)
_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)
_encoder = msgspec.json.Encoder()


class RefusedError(UnisonoError):
    """The server will not have this peer, and trying again would change nothing."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Listener(Protocol):
    def opened(self, welcome: Welcome, local_ms: float) -> None: ...
    def received(self, message: ServerMessage, local_ms: float) -> None: ...
    def lost(self) -> None: ...


def back_off_ms(attempt: int, chance: Chance, *, is_awaited: bool) -> float:
    """W2: exponential with full jitter, so that a whole party does not knock in the same moment."""
    longest_ms = LONGEST_AWAITED_BACK_OFF_MS if is_awaited else LONGEST_BACK_OFF_MS
    return min(longest_ms, FIRST_BACK_OFF_MS * 2.0 ** min(attempt, 10)) * chance.fraction()


class ControlLink:
    def __init__(
        self,
        *,
        server: str,
        keys: SwarmKeys,
        clock: Clock,
        chance: Chance,
        make_join: Callable[[str], Join],
        listener: Listener,
        is_awaited: Callable[[], bool],
    ) -> None:
        self._server = clean_line(server)
        self._url = f"{server}/v1/control?s={keys.shard}"
        self._me = keys.user_id
        self._clock = clock
        self._chance = chance
        self._make_join = make_join
        self._listener = listener
        self._is_awaited = is_awaited
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._outgoing: asyncio.Queue[ClientMessage] = asyncio.Queue()
        self._heard_local_ms = clock.local_ms()
        self._wanted_pause_ms: float | None = None

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    @property
    def silent_ms(self) -> float:
        """For how long nothing at all has come from the server."""
        return self._clock.local_ms() - self._heard_local_ms

    async def run(self) -> None:
        """Stays connected until cancelled; then leaves the swarm, at once. Raises `RefusedError`."""
        attempt = 0
        async with aiohttp.ClientSession() as client:
            while True:
                try:
                    attempt = 0 if await self._one_connection(client) else attempt + 1
                # A name of a computer that no name can be is a ValueError.
                except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as failure:
                    self._record_failure(failure, is_first=attempt == 0)
                    attempt += 1
                pause_ms = self._wanted_pause_ms
                if pause_ms is None:
                    pause_ms = back_off_ms(attempt, self._chance, is_awaited=self._is_awaited())
                self._wanted_pause_ms = None
                await asyncio.sleep(pause_ms / 1000)

    def send(self, message: ClientMessage) -> None:
        """Sends if the channel is open. What is lost, the next heartbeat or status repairs."""
        if self._socket is not None:
            self._outgoing.put_nowait(message)

    async def send_now(self, make: Callable[[], ClientMessage]) -> None:
        """Sends past the queue what is made in this very moment: a probe carries its time of sending."""
        if self._socket is not None:
            with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                await self._socket.send_str(_encoder.encode(make()).decode())

    async def _one_connection(self, client: aiohttp.ClientSession) -> bool:
        """From the handshake to the loss; returns whether the server let this peer in."""
        async with asyncio.timeout(CONNECT_TIMEOUT_SEC):
            socket = await client.ws_connect(self._url, compress=0, max_msg_size=MAX_FRAME_BYTES)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_SEC):
                welcome = await self._join(socket)
            if welcome is not None:
                await self._converse(socket, welcome)
        finally:
            await socket.close()
        if socket.close_code in REFUSALS:
            raise RefusedError(REFUSALS[socket.close_code])
        return welcome is not None

    async def _join(self, socket: aiohttp.ClientWebSocketResponse) -> Welcome | None:
        """W10: one challenge is signed; before the welcome nothing else is heard."""
        has_joined = False
        async for frame in socket:
            self._heard_local_ms = self._clock.local_ms()
            message = self._parse(frame)
            if message is None:
                return None
            if isinstance(message, Challenge) and not has_joined:
                has_joined = True
                await socket.send_str(_encoder.encode(self._make_join(message.nonce)).decode())
            if isinstance(message, Welcome):
                return message
            self._record_drain(message)
        return None

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse, welcome: Welcome) -> None:
        self._socket = socket
        self._outgoing = asyncio.Queue()
        sender = asyncio.create_task(self._send_all(socket))
        renewal = asyncio.create_task(self._renew_ice(welcome.ice_sec))
        try:
            others = [member for member in welcome.members if member.user_id != self._me]  # W11
            self._listener.opened(msgspec.structs.replace(welcome, members=others), self._heard_local_ms)
            while True:
                frame = await socket.receive(timeout=SILENCE_SEC)
                self._heard_local_ms = self._clock.local_ms()
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    return
                message = self._parse(frame)
                if message is None:
                    return  # W7
                self._record_drain(message)
                if _subject(message) != self._me:  # W11
                    self._listener.received(message, self._heard_local_ms)
        except TimeoutError:
            log.info("the server is silent: connecting anew")
        except asyncio.CancelledError:
            await _leave(socket)
            raise
        finally:
            self._socket = None
            renewal.cancel()
            sender.cancel()
            for task in (renewal, sender):
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            self._listener.lost()

    async def _renew_ice(self, ice_sec: float | UnsetType) -> None:
        """W14: only a server that said for how long is asked."""
        while not isinstance(ice_sec, UnsetType):
            await asyncio.sleep(max(ICE_REST_SEC, ice_sec * ICE_SHARE))
            self.send(AskIce())

    async def _send_all(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        with contextlib.suppress(aiohttp.ClientError, ConnectionError):
            while True:
                await socket.send_str(_encoder.encode(await self._outgoing.get()).decode())

    def _record_failure(self, failure: Exception, *, is_first: bool) -> None:
        log.info("no connection: %r", failure)
        if is_first:
            why = why_not_connected(failure)
            log.warning("The server at %s cannot be reached: %s. Trying again.", self._server, why)

    def _record_drain(self, message: ServerMessage) -> None:
        if isinstance(message, GoAway):
            self._wanted_pause_ms = min(LONGEST_WANTED_PAUSE_MS, float(message.retry_after_ms))  # W5
        if isinstance(message, Refusal):
            log.info("the server says: %s: %s", message.code.value, message.message)

    def _parse(self, frame: aiohttp.WSMessage) -> ServerMessage | None:
        message = read_server_message(frame.data)
        if message is None:
            log.warning("the server sent nonsense: connecting anew")
        return message


def read_server_message(data: str | bytes) -> ServerMessage | None:
    """None for what is no message of a server."""
    try:
        return decode_json(data, _decoder)
    except (*NOT_JSON, TypeError):
        return None


async def _leave(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Gives the seat up at once, without the server's grace."""
    with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
        async with asyncio.timeout(LEAVE_TIMEOUT_SEC):
            await socket.send_str(_encoder.encode(Leave()).decode())
            await socket.close()


def _subject(message: ServerMessage) -> str | None:
    if isinstance(message, Joined | Presence | Left):
        return message.user_id
    return message.sender if isinstance(message, Relayed) else None
