"""One connection with one neighbour, from the first offer to its end: two data channels over aiortc.

States: connecting -> open -> closed. The offerer is the smaller user id and the only one who offers.
Invariants: (1) `opened` at most once, before any message; (2) `lost` exactly once unless `close` came first;
(3) nothing is reported after either. aiortc cannot restart ICE: it answers a restart with the paths it has.
Where a browser would renew its paths, also where they turn out to be silent, the session ends and the mesh
makes a new one at once. Its candidates travel inside its descriptions. Local ms.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable, Container, Coroutine, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidStateError
from aiortc.sdp import candidate_from_sdp
from msgspec.structs import replace

from unisono.peer.aiortc_inside import acknowledge_by_twos, can_use, own_addresses_of, packets_received
from unisono.peer.ambient import Clock
from unisono.peer.mdns import MdnsResolver, is_mdns_name
from unisono.peer.path_watch import PathWatch
from unisono.peer.send_queue import SendQueue
from unisono.peer.send_scheduler import SendScheduler
from unisono.peer.signal import Answer, Bye, Candidate, Offer, Signal
from unisono.protocol import IceServer

# From the first offer to open channels.
CONNECT_TIMEOUT_SEC = 8.0

# A device has a handful of addresses; what it says before both channels are open is a hello or two.
MOST_CANDIDATES = 64
MOST_EARLY_MESSAGES = 64
# Of a candidate's words, where its address stands (RFC 8839, 5.1).
ADDRESS_FIELD = 4

KEPT_FINGERPRINT = "a=fingerprint:sha-256 "
_FINGERPRINT = re.compile(r"^a=fingerprint:(\S+) +([0-9A-Fa-f:]+)\s*$", re.MULTILINE)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fingerprints:
    """The DTLS certificates of both ends, as the descriptions name them."""

    own: str
    theirs: str


class LinkOwner(Protocol):
    def link_signals(self, link: Link, signal: Signal) -> None: ...
    def link_opened(self, link: Link) -> None: ...
    def link_lost(self, link: Link) -> None: ...
    def link_silent(self, link: Link) -> None:
        """Nothing comes over it: something is to be sent that is answered."""

    def link_ctl(self, link: Link, data: object) -> None: ...
    def link_bulk(self, link: Link, data: object) -> None: ...


def fingerprints_in(sdp: str) -> str:
    """All fingerprints of a description in one canonical text, the same on both ends; "" without any."""
    return ",".join(sorted({f"{hash_} {digits}".lower() for hash_, digits in _FINGERPRINT.findall(sdp)}))


def with_one_fingerprint(sdp: str) -> str:
    """aiortc names its certificate by three hashes; browsers keep one of them (Chromium 156), and the proof
    of the link is over what both ends see. tests/e2e/test_headless.py pins it.
    """
    lines = sdp.splitlines(keepends=True)
    return "".join(
        line for line in lines if not line.startswith("a=fingerprint:") or line.startswith(KEPT_FINGERPRINT)
    )


class Link:
    def __init__(
        self,
        owner: LinkOwner,
        peer: str,
        session: str,
        *,
        is_offerer: bool,
        ice_servers: Sequence[IceServer],
        resolver: MdnsResolver,
        clock: Clock,
        scheduler: SendScheduler,
    ) -> None:
        self._resolver = resolver
        self._candidates = 0
        self.peer = peer
        self.session = session
        self.is_offerer = is_offerer
        self.is_open = False
        self._owner = owner
        self._is_closed = False
        self._connection = RTCPeerConnection(RTCConfiguration(for_aiortc(ice_servers)))
        # Negotiated by number: no announcement to wait for, and no stranger's channels.
        self._ctl = self._connection.createDataChannel("ctl", negotiated=True, id=0)
        self._bulk = self._connection.createDataChannel("bulk", negotiated=True, id=1)
        acknowledge_by_twos(self._connection)
        self._own_sdp = ""
        self._their_sdp = ""
        self._early_candidates: list[Candidate] = []
        self._early_messages: list[Callable[[], None]] = []
        self._clock = clock
        self._send_queue = SendQueue(self._bulk, scheduler, lambda: self._lose("the bulk channel closed"))
        self._watch: PathWatch | None = None
        self._steps: asyncio.Queue[Callable[[], Coroutine[None, None, None]]] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._negotiate())]
        self._timeout = loop.call_later(CONNECT_TIMEOUT_SEC, self._lose, "no connection in time")
        self._listen()
        if is_offerer:
            self._steps.put_nowait(self._offer)

    @property
    def fingerprints(self) -> Fingerprints | None:
        own, theirs = fingerprints_in(self._own_sdp), fingerprints_in(self._their_sdp)
        return Fingerprints(own, theirs) if own and theirs else None

    def receive(self, signal: Signal) -> None:
        """Takes a signal of this session."""
        match signal:
            case Offer(is_restart=True):
                self._lose("its paths would have to be renewed")
            case Offer(sdp=sdp) if not self.is_offerer and not self._their_sdp:
                self._steps.put_nowait(lambda: self._answer(sdp))
            case Answer(sdp=sdp) if self.is_offerer:
                self._steps.put_nowait(lambda: self._accept(sdp))
            case Candidate():
                self._take_candidate(signal)
            case Bye():
                self._lose("the other side ended it")

    def send_ctl(self, text: str) -> None:
        """On a channel that is just closing it is lost, as the link is."""
        with contextlib.suppress(InvalidStateError, ConnectionError):
            self._ctl.send(text)

    def send_piece(self, slot: int, piece: int, data: bytes, sent: Callable[[], None]) -> None:
        if self.is_open:
            self._send_queue.add(slot, piece, data, lambda: self._guard(sent))

    def look(self) -> None:
        """A few times a second: a path that carries nothing any more ends the session."""
        if self._watch is None or not self.is_open:
            return
        match self._watch.look(packets_received(self._connection), self._clock.local_ms()):
            case "ask":
                self._owner.link_silent(self)
            case "lost":
                self._lose("its path carries nothing any more")

    def wake(self, addresses: Container[str]) -> None:
        """The network is another, or the device slept. `addresses` are this device's own now."""
        if self._watch is None or not self.is_open:
            return
        if not any(address in addresses for address in own_addresses_of(self._connection)):
            self._lose("the address it was made from is gone")
        else:
            self._watch.hurry(self._clock.local_ms())

    async def close(self) -> None:
        """Ends the session silently; idempotent."""
        self._shut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._connection.close()

    def _listen(self) -> None:
        for channel in (self._ctl, self._bulk):
            channel.on("open", self._open_when_ready)
            channel.on("close", lambda: self._lose("a channel closed"))
        self._receive_on(self._ctl, lambda data: self._owner.link_ctl(self, data))
        self._receive_on(self._bulk, lambda data: self._owner.link_bulk(self, data))
        self._bulk.on("bufferedamountlow", lambda: self._guard(self._send_queue.fill))
        self._connection.on("connectionstatechange", self._follow_connection)

    def _receive_on(self, channel: RTCDataChannel, take: Callable[[object], None]) -> None:
        def receive(data: object) -> None:
            # The neighbour may be ready, and speak, a moment before both channels are open here.
            if self.is_open:
                self._guard(lambda: take(data))
            elif not self._is_closed:
                self._early_messages.append(lambda: take(data))
                if len(self._early_messages) > MOST_EARLY_MESSAGES:
                    self._lose("it speaks before the connection is made")

        channel.on("message", receive)

    def _open_when_ready(self) -> None:
        is_ready = self._ctl.readyState == "open" and self._bulk.readyState == "open"
        if not is_ready or self.is_open or self._is_closed:
            return
        self._timeout.cancel()
        self.is_open = True
        self._watch = PathWatch(self._clock.local_ms())
        self._guard(lambda: self._owner.link_opened(self))
        early, self._early_messages = self._early_messages, []
        for deliver in early:
            if self.is_open:
                self._guard(deliver)

    def _guard(self, act: Callable[[], None]) -> None:
        """aiortc calls from within its DTLS transport, which an error would end without a word: it ends the
        connection, with words, and nothing else.
        """
        try:
            act()
        except Exception:
            log.exception("the connection to %s is given up", self.peer)
            self._lose("an error here")

    def _follow_connection(self) -> None:
        if self._connection.connectionState in ("failed", "closed"):
            self._lose("the connection failed")

    async def _negotiate(self) -> None:
        """Steps run one after the other; one that fails ends the session."""
        while True:
            step = await self._steps.get()
            try:
                await step()
            except Exception as failure:  # noqa: BLE001 - whatever a stranger's description does to aiortc
                log.info("the connection to %s could not be negotiated: %r", self.peer, failure)
                self._lose("negotiation")

    async def _offer(self) -> None:
        await self._connection.setLocalDescription(await self._connection.createOffer())
        self._own_sdp = with_one_fingerprint(self._connection.localDescription.sdp)
        self._owner.link_signals(self, Offer(self.session, self._own_sdp, is_restart=False))

    async def _answer(self, sdp: str) -> None:
        self._their_sdp = sdp
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self._add_early_candidates()
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        self._own_sdp = with_one_fingerprint(self._connection.localDescription.sdp)
        self._owner.link_signals(self, Answer(self.session, self._own_sdp))

    async def _accept(self, sdp: str) -> None:
        if self._connection.signalingState != "have-local-offer":
            return  # an answer twice
        self._their_sdp = sdp
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        await self._add_early_candidates()

    def _take_candidate(self, signal: Candidate) -> None:
        self._candidates += 1
        if self._candidates > MOST_CANDIDATES:
            return  # no honest device has as many
        fields = signal.candidate.candidate.split()
        if len(fields) > ADDRESS_FIELD and is_mdns_name(fields[ADDRESS_FIELD]):
            task = asyncio.get_running_loop().create_task(self._resolve(signal, fields))
            self._tasks.append(task)
        else:
            self._steps.put_nowait(lambda: self._add_candidate(signal))

    async def _resolve(self, signal: Candidate, fields: list[str]) -> None:
        """Beside the other steps: a name that nobody answers for holds nothing up."""
        address = await self._resolver.resolve(fields[ADDRESS_FIELD])
        if address is None:
            log.info("nobody answers for an address of %s", self.peer)
            return
        text = " ".join([*fields[:ADDRESS_FIELD], address, *fields[ADDRESS_FIELD + 1 :]])
        found = replace(signal, candidate=replace(signal.candidate, candidate=text))
        self._steps.put_nowait(lambda: self._add_candidate(found))

    async def _add_candidate(self, signal: Candidate) -> None:
        if not self._their_sdp:
            self._early_candidates.append(signal)
            return
        init = signal.candidate
        # One unusable candidate (a name nobody resolves, a family this device lacks) spoils no other.
        with contextlib.suppress(ValueError, AssertionError, IndexError, OSError):
            candidate = candidate_from_sdp(init.candidate.removeprefix("candidate:"))
            candidate.sdpMid = init.sdp_mid
            candidate.sdpMLineIndex = init.sdp_m_line_index
            await self._connection.addIceCandidate(candidate)

    async def _add_early_candidates(self) -> None:
        early, self._early_candidates = self._early_candidates, []
        for candidate in early:
            await self._add_candidate(candidate)

    def _lose(self, why: str) -> None:
        if not self._is_closed:
            log.info("the connection to %s ended: %s", self.peer, why)
            self._shut()
            self._owner.link_lost(self)

    def _shut(self) -> None:
        self._is_closed = True
        self.is_open = False
        self._timeout.cancel()
        self._send_queue.clear()


def for_aiortc(servers: Sequence[IceServer]) -> list[RTCIceServer]:
    """Without the addresses that aiortc cannot use: the connection is tried with the others."""
    usable = [(server, [url for url in server.urls if can_use(url)]) for server in servers]
    return [
        RTCIceServer(urls=urls, username=server.username or None, credential=server.credential or None)
        for server, urls in usable
        if urls
    ]
