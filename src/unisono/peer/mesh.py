"""The links to all neighbours: follows the member list, opens connections one at a time, and tries again.

Of two, the smaller user id offers; the larger one calls when no offer comes. A neighbour without a link is
due again after a pause that doubles. Local ms; `tick` a few times a second.
Invariants: (1) at most one link per neighbour; (2) at most one of my offers is unanswered; (3) who was
refused is never connected to again in this session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from unisono.peer.ambient import Chance, Clock
from unisono.peer.constants.transfer import (
    CALL_AFTER_MS,
    FIRST_LINK_REST_MS,
    LAST_LINK_REST_MS,
    MAX_BANNED,
    OFFER_TRAVEL_MS,
    SIGNAL_SESSION_BYTES,
)
from unisono.peer.link import Fingerprints, Link
from unisono.peer.mdns import MdnsResolver
from unisono.peer.remember import remember
from unisono.peer.send_scheduler import SendScheduler
from unisono.peer.signal import Bye, Call, Offer, Signal
from unisono.protocol import IceServer

# A link that worked for so long is made anew at once; one that ends sooner would be made over and over.
SERVED_MS = 5_000.0


class MeshOwner(Protocol):
    def peer_opened(self, peer: str) -> None: ...
    def peer_closed(self, peer: str) -> None: ...
    def peer_ctl(self, peer: str, data: object) -> None: ...
    def peer_bulk(self, peer: str, data: object) -> None: ...
    def peer_silent(self, peer: str) -> None:
        """Nothing comes from it: something is to be sent that is answered."""


@dataclass
class _Neighbour:
    user_id: str
    is_away: bool
    # When the next offer or call is due.
    due_local_ms: float
    link: Link | None = None
    started_local_ms: float = 0.0
    failures: int = 0
    is_up: bool = False
    # Since when it is up.
    opened_local_ms: float = 0.0


class Mesh:
    def __init__(
        self,
        owner: MeshOwner,
        me: str,
        clock: Clock,
        chance: Chance,
        send_signal: Callable[[str, Signal], None],
        scheduler: SendScheduler,
    ) -> None:
        """`scheduler`: through which all links' bulk leaves."""
        self.ice_servers: Sequence[IceServer] = ()
        self._owner = owner
        self._me = me
        self._clock = clock
        self._chance = chance
        self._send_signal = send_signal
        self._scheduler = scheduler
        self._neighbours: dict[str, _Neighbour] = {}
        self._refused: dict[str, None] = {}
        self._resolver = MdnsResolver()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def linked(self) -> list[str]:
        return [each.user_id for each in self._neighbours.values() if each.is_up]

    def fingerprints_of(self, peer: str) -> Fingerprints | None:
        link = self._link_of(peer)
        return link.fingerprints if link else None

    def set_neighbours(self, wanted: Mapping[str, bool]) -> None:
        """User id to whether it is away: the connection is kept, but none is made."""
        local_ms = self._clock.local_ms()
        for user_id in [each for each in self._neighbours if each not in wanted]:
            neighbour = self._neighbours.pop(user_id)
            self._end(neighbour, says_so=True)
        for user_id, is_away in wanted.items():
            neighbour = self._neighbours.setdefault(
                user_id, _Neighbour(user_id, is_away, local_ms + self._first_pause_ms(user_id))
            )
            if neighbour.is_away and not is_away:
                neighbour.failures = 0
                neighbour.due_local_ms = local_ms + self._first_pause_ms(user_id)
            neighbour.is_away = is_away
        self.tick()

    def receive(self, sender: str, signal: Signal) -> None:
        neighbour = self._neighbours.get(sender)
        if neighbour is None or sender in self._refused:
            return
        link = neighbour.link
        if link is not None and link.session == signal.session:
            link.receive(signal)
        elif isinstance(signal, Call) and self._is_offerer(sender):
            self._answer_call(neighbour)
        elif isinstance(signal, Offer) and not self._is_offerer(sender):
            if signal.is_restart:  # of a session that is gone
                self._send_signal(sender, Bye(signal.session))
            else:
                self._open(neighbour, signal.session, is_offerer=False).receive(signal)

    def tick(self) -> None:
        """Offers to one, calls whoever does not offer; looks after the paths there are."""
        for neighbour in list(self._neighbours.values()):
            if neighbour.link is not None:
                neighbour.link.look()
        local_ms = self._clock.local_ms()
        idle = [each for each in self._neighbours.values() if each.link is None and not each.is_away]
        due = [each for each in idle if local_ms >= each.due_local_ms and each.user_id not in self._refused]
        for neighbour in due:
            if not self._is_offerer(neighbour.user_id):
                self._send_signal(neighbour.user_id, Call(self._new_session()))
                self._rest(neighbour, CALL_AFTER_MS)
        is_offering = any(
            each.link is not None and each.link.is_offerer and not each.is_up
            for each in self._neighbours.values()
        )
        offers = [each for each in due if self._is_offerer(each.user_id)]
        if offers and not is_offering:
            least_tried = min(offers, key=lambda each: each.failures)
            self._open(least_tried, self._new_session(), is_offerer=True)

    def wake(self, addresses: Container[str]) -> None:
        """Another network, or the end of a sleep: paths are tried at once, and nobody waits out a pause.
        `addresses` are this device's own now.
        """
        for neighbour in list(self._neighbours.values()):
            if neighbour.link is not None:
                neighbour.link.wake(addresses)
            else:
                neighbour.failures = 0
                neighbour.due_local_ms = self._clock.local_ms()
        self.tick()

    def send_ctl(self, peer: str, text: str) -> None:
        link = self._link_of(peer)
        if link is not None:
            link.send_ctl(text)

    def send_piece(self, peer: str, slot: int, piece: int, data: bytes, sent: Callable[[], None]) -> None:
        link = self._link_of(peer)
        if link is not None:
            link.send_piece(slot, piece, data, sent)

    def drop(self, peer: str, *, is_for_good: bool) -> None:
        """Ends the link; reported as closed."""
        if is_for_good:
            remember(self._refused, peer, None, MAX_BANNED)
        neighbour = self._neighbours.get(peer)
        if neighbour is not None and neighbour.link is not None:
            self._end(neighbour, says_so=True)
            self._rest(neighbour, FIRST_LINK_REST_MS)

    async def close(self) -> None:
        """Ends all links; idempotent."""
        for neighbour in self._neighbours.values():
            self._end(neighbour, says_so=True)
        self._neighbours.clear()
        await asyncio.gather(*self._closing, return_exceptions=True)
        self._resolver.close()

    # --- what links say -------------------------------------------------------------------------------------

    def link_signals(self, link: Link, signal: Signal) -> None:
        if self._link_of(link.peer) is link:
            self._send_signal(link.peer, signal)

    def link_opened(self, link: Link) -> None:
        neighbour = self._neighbour_of(link)
        if neighbour is not None:
            neighbour.failures = 0
            neighbour.is_up = True
            neighbour.opened_local_ms = self._clock.local_ms()
            self._owner.peer_opened(link.peer)

    def link_lost(self, link: Link) -> None:
        neighbour = self._neighbour_of(link)
        if neighbour is None:
            return
        local_ms = self._clock.local_ms()
        has_served = neighbour.is_up and local_ms - neighbour.opened_local_ms >= SERVED_MS
        self._end(neighbour, says_so=True)
        self._rest(neighbour, FIRST_LINK_REST_MS if self._is_offerer(link.peer) else CALL_AFTER_MS)
        if has_served:
            neighbour.due_local_ms = local_ms

    def link_silent(self, link: Link) -> None:
        if self._neighbour_of(link) is not None:
            self._owner.peer_silent(link.peer)

    def link_ctl(self, link: Link, data: object) -> None:
        if self._neighbour_of(link) is not None:
            self._owner.peer_ctl(link.peer, data)

    def link_bulk(self, link: Link, data: object) -> None:
        if self._neighbour_of(link) is not None:
            self._owner.peer_bulk(link.peer, data)

    # ---

    def _is_offerer(self, peer: str) -> bool:
        return self._me < peer

    def _first_pause_ms(self, peer: str) -> float:
        return 0.0 if self._is_offerer(peer) else CALL_AFTER_MS

    def _link_of(self, peer: str) -> Link | None:
        neighbour = self._neighbours.get(peer)
        return neighbour.link if neighbour else None

    def _neighbour_of(self, link: Link) -> _Neighbour | None:
        neighbour = self._neighbours.get(link.peer)
        return neighbour if neighbour is not None and neighbour.link is link else None

    def _new_session(self) -> str:
        return self._chance.bytes(SIGNAL_SESSION_BYTES).hex()

    def _open(self, neighbour: _Neighbour, session: str, *, is_offerer: bool) -> Link:
        self._end(neighbour, says_so=False)
        neighbour.started_local_ms = self._clock.local_ms()
        neighbour.link = Link(
            self,
            neighbour.user_id,
            session,
            is_offerer=is_offerer,
            ice_servers=self.ice_servers,
            resolver=self._resolver,
            clock=self._clock,
            scheduler=self._scheduler,
        )
        return neighbour.link

    def _answer_call(self, neighbour: _Neighbour) -> None:
        age_ms = self._clock.local_ms() - neighbour.started_local_ms
        is_on_its_way = neighbour.link is not None and not neighbour.is_up and age_ms < OFFER_TRAVEL_MS
        if not is_on_its_way:
            self._end(neighbour, says_so=False)
            neighbour.due_local_ms = self._clock.local_ms()
            self.tick()

    def _rest(self, neighbour: _Neighbour, first_ms: float) -> None:
        pause_ms = min(LAST_LINK_REST_MS, first_ms * 2.0 ** min(neighbour.failures, 10))
        neighbour.failures += 1
        neighbour.due_local_ms = self._clock.local_ms() + pause_ms * (0.5 + 0.5 * self._chance.fraction())

    def _end(self, neighbour: _Neighbour, *, says_so: bool) -> None:
        link, neighbour.link = neighbour.link, None
        was_up, neighbour.is_up = neighbour.is_up, False
        if link is None:
            return
        if says_so:
            self._send_signal(neighbour.user_id, Bye(link.session))
        task = asyncio.get_running_loop().create_task(link.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        if was_up:
            self._owner.peer_closed(neighbour.user_id)
