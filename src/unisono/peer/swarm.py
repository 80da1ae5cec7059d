"""The file swarm of one session: links, proofs, pieces on disc, and the pure core between them. Local ms.

`files` says what is known and held; `add_file` offers one; `content_of` is where a complete one lies.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from unisono.peer import ctl
from unisono.peer.ambient import Chance, Clock
from unisono.peer.encoding import decode_base64url, encode_base64url
from unisono.peer.envelope import Sealer
from unisono.peer.errors import FileError, WireError
from unisono.peer.file_state import (
    Drop,
    Effect,
    Forget,
    KnownFile,
    PeerAnswered,
    PeerAsked,
    SendCtl,
    SendPiece,
    Store,
)
from unisono.peer.mesh import Mesh
from unisono.peer.own_network import OwnNetwork
from unisono.peer.pacer import Pacer
from unisono.peer.roster import Person
from unisono.peer.safe_text import clean_file_name, clean_line
from unisono.peer.send_scheduler import SendScheduler, Timer
from unisono.peer.signal import Signal
from unisono.peer.store import PieceStore
from unisono.peer.topology import neighbours_of
from unisono.peer.transfer import Transfer
from unisono.protocol import IceServer

# How often the room on the disc is looked at.
ROOM_PERIOD_MS = 5_000.0

log = logging.getLogger(__name__)


class _Conversation:
    """One link's numbering of control messages, both ways."""

    def __init__(self) -> None:
        self.inbox = ctl.CtlInbox()
        self.next_seq = 0


class FileSwarm:
    def __init__(
        self,
        *,
        me: str,
        clock: Clock,
        chance: Chance,
        sealer: Sealer,
        send_signal: Callable[[str, Signal], None],
        accepts_annotation: Callable[[bytes], bool],
        accepts_index: Callable[[bytes], bool] = lambda _: True,
        time_at: Callable[[float], ctl.PeerTime | None],
        on_peer_time: Callable[[PeerAnswered, ctl.PeerTime], None],
    ) -> None:
        self._me = me
        self._clock = clock
        self._sealer = sealer
        self._time_at = time_at
        self._on_peer_time = on_peer_time
        self._store = PieceStore()
        if self._store.is_in_memory:
            log.warning(
                "%s lies in memory, and there is no other folder: few songs fit.", self._store.folder.parent
            )
        self._transfer = Transfer(me, chance, self._store.capacity_bytes(), accepts_annotation, accepts_index)
        self._room_seen_local_ms = clock.local_ms()
        self._is_full = False
        self._pacer = Pacer()
        self._scheduler = SendScheduler(self._pacer, clock, _call_after_ms)
        self._network = OwnNetwork()
        self._mesh = Mesh(self, me, clock, chance, send_signal, self._scheduler)
        self._conversations: dict[str, _Conversation] = {}
        self._pending: list[Effect] = []
        self._is_performing = False

    @property
    def files(self) -> list[KnownFile]:
        return list(self._transfer.files.values())

    @property
    def linked(self) -> list[str]:
        return self._mesh.linked

    def get(self, file_id: str) -> KnownFile | None:
        return self._transfer.files.get(file_id)

    def content_of(self, file_id: str) -> Path | None:
        """None while it is not held in full."""
        file = self.get(file_id)
        return self._store.path_of(file_id) if file is not None and file.is_complete else None

    def holds(self, file_id: str, from_byte: int, to_byte: int) -> bool:
        """S48. Whether these bytes are there to read from `part_of`; false beyond the file."""
        file = self.get(file_id)
        return file is not None and file.holds(from_byte, to_byte)

    def part_of(self, file_id: str) -> Path | None:
        """Where what is held of a file lies: of its full size, and zeros where pieces are missing. None while
        none is there.
        """
        file = self.get(file_id)
        return self._store.path_of(file_id) if file is not None and file.held else None

    async def add_file(self, path: Path) -> str:
        """Offers a file; returns its id. Raises `FileError`."""
        leaving = threading.Event()
        try:
            manifest = await asyncio.to_thread(self._store.copy_in, path, leaving.is_set)
        except asyncio.CancelledError:
            leaving.set()  # or the whole process would wait for the thread to copy gigabytes
            raise
        file_id = manifest.file_id
        try:
            added = self._transfer.add_mine(manifest, clean_file_name(path), self._clock.local_ms())
        except FileError:
            if self.get(file_id) is None:  # what is not offered takes no room
                self._store.path_of(file_id).unlink(missing_ok=True)
            raise
        self._perform(added)
        return file_id

    def has_no_room_for(self, file_id: str) -> bool:
        return self._transfer.has_no_room_for(file_id, self._clock.local_ms())

    def is_given(self, file_id: str) -> bool:
        """Whether the file can be had, as far as this peer knows."""
        return self._transfer.is_given(file_id)

    def set_annotation(self, file_id: str, annotation: bytes) -> None:
        self._perform(self._transfer.set_annotation(file_id, annotation, self._clock.local_ms()))

    def set_urgent(self, file_id: str, pieces: Sequence[int]) -> None:
        """Pieces whose sound is due next, in this order."""
        self._perform(self._transfer.set_urgent(file_id, pieces, self._clock.local_ms()))

    def prefer(self, file_id: str | None) -> None:
        self._perform(self._transfer.prefer(file_id, self._clock.local_ms()))

    def set_needs(self, needed: Sequence[str], played: Sequence[str]) -> None:
        """Which files are needed after the preferred one, and which have played, the oldest first."""
        self._perform(self._transfer.set_needs(needed, played, self._clock.local_ms()))

    def set_ice_servers(self, servers: Sequence[IceServer]) -> None:
        self._mesh.ice_servers = servers

    def set_members(self, people: Iterable[Person]) -> None:
        """The links follow this list."""
        by_id = {person.user_id: person for person in people}

        def is_phone(user_id: str) -> bool:
            person = by_id.get(user_id)
            return person is not None and person.status is not None and person.status.is_phone

        wanted = neighbours_of(self._me, by_id, is_phone)
        self._mesh.set_neighbours({user_id: by_id[user_id].is_away for user_id in wanted})

    def receive_signal(self, sender: str, signal: Signal) -> None:
        self._mesh.receive(sender, signal)

    def set_playing(self, *, is_playing: bool) -> None:
        """While music plays, less may queue before the uplink."""
        self._pacer.set_playing(is_playing=is_playing)

    def report_rtt(self, rtt_ms: float) -> None:
        """A round trip of the clock's probes: the path whose queue is only this device's own."""
        self._pacer.record_rtt("clock", rtt_ms, self._clock.local_ms())

    def wake(self) -> None:
        """The device slept: its paths are tried at once."""
        self._mesh.wake(self._network.addresses)

    def tick(self) -> None:
        """A few times a second."""
        local_ms = self._clock.local_ms()
        if self._network.has_changed(local_ms):
            log.info("this device has other addresses now")
            self._pacer.forget_network()
            self._mesh.wake(self._network.addresses)
        self._mesh.tick()
        if local_ms - self._room_seen_local_ms >= ROOM_PERIOD_MS:
            self._room_seen_local_ms = local_ms
            with contextlib.suppress(OSError):
                self._transfer.set_capacity(self._store.capacity_bytes())
        self._transfer.pace_bytes_per_sec = self._pacer.rate_bytes_per_sec
        self._perform(self._transfer.tick(local_ms))

    async def close(self) -> None:
        """Ends all links and wipes what was fetched; idempotent."""
        for peer in list(self._conversations):
            self._send(peer, ctl.Bye("left"))
        await self._mesh.close()
        self._scheduler.close()
        self._store.close()

    # --- what the mesh says ---------------------------------------------------------------------------------

    def peer_opened(self, peer: str) -> None:
        self._conversations[peer] = _Conversation()
        self._perform(self._transfer.link_opened(peer, self._clock.local_ms()))

    def peer_closed(self, peer: str) -> None:
        self._conversations.pop(peer, None)
        self._pacer.forget_path(peer)
        self._perform(self._transfer.link_closed(peer, self._clock.local_ms()))

    def peer_silent(self, peer: str) -> None:
        self._perform(self._transfer.ping(peer, self._clock.local_ms()))

    def peer_ctl(self, peer: str, data: object) -> None:
        conversation = self._conversations.get(peer)
        if conversation is None:
            return
        local_ms = self._clock.local_ms()
        messages = conversation.inbox.take(data, local_ms)
        if isinstance(messages, str):
            self._drop(Drop(peer, messages, is_for_good=True))
            return
        for message in messages:
            if isinstance(message, ctl.Hello) and not self._is_proven(peer, message.proof):
                # Not for good: whoever sat in between may be gone when the next connection is made.
                self._drop(Drop(peer, "unproven", is_for_good=False))
                return
            self._perform(self._transfer.receive(peer, message, local_ms))

    def peer_bulk(self, peer: str, data: object) -> None:
        try:
            chunk = ctl.parse_chunk(data)
        except WireError:
            self._drop(Drop(peer, "malformed", is_for_good=True))
            return
        self._perform(self._transfer.receive_chunk(peer, chunk, self._clock.local_ms()))

    # --- effects --------------------------------------------------------------------------------------------

    def _perform(self, effects: list[Effect]) -> None:
        """Effects may cause events that cause effects: they wait their turn."""
        self._pending.extend(effects)
        if self._is_performing:
            return
        self._is_performing = True
        try:
            while self._pending:
                self._do(self._pending.pop(0))
        finally:
            self._is_performing = False

    def _do(self, effect: Effect) -> None:
        match effect:
            case SendCtl(peer, message):
                self._send(peer, message)
            case SendPiece():
                self._send_piece(effect)
            case Store():
                self._keep(effect)
            case Forget(file_id):
                self._store.path_of(file_id).unlink(missing_ok=True)
            case Drop():
                self._drop(effect)
            case PeerAsked(peer):
                self._pacer.record_ping(peer, self._clock.local_ms())
            case PeerAnswered(peer, asked_local_ms, answered_local_ms, time):
                self._pacer.record_rtt(peer, answered_local_ms - asked_local_ms, answered_local_ms)
                if time is not None:
                    self._on_peer_time(effect, time)

    def _send(self, peer: str, message: ctl.CtlMessage) -> None:
        conversation = self._conversations.get(peer)
        if conversation is None:
            return
        if isinstance(message, ctl.Hello):
            message = ctl.Hello(message.v, self._proof_for(peer))
        if isinstance(message, ctl.Pong):
            time = self._time_at(self._clock.local_ms())
            message = ctl.Pong(message.id, msgspec.UNSET if time is None else time)
        self._mesh.send_ctl(peer, ctl.encode_ctl(message, conversation.next_seq))
        conversation.next_seq += 1

    def _send_piece(self, effect: SendPiece) -> None:
        peer, file_id, piece = effect.peer, effect.file_id, effect.piece
        conversation = self._conversations.get(peer)
        file = self.get(file_id)
        if file is None:  # it made way meanwhile
            self._perform(self._transfer.piece_lost(file_id, piece, self._clock.local_ms()))
            return
        try:
            data = self._store.read(file_id, piece, file.size_bytes)
        except OSError as failure:
            log.warning("%s can no longer be read: %s", clean_line(file.name), failure)
            self._perform(self._transfer.piece_lost(file_id, piece, self._clock.local_ms()))
            return

        def sent() -> None:
            if conversation is self._conversations.get(peer):
                self._perform(self._transfer.piece_sent(peer, file_id, piece, self._clock.local_ms()))

        self._mesh.send_piece(peer, effect.slot, piece, data, sent)

    def _keep(self, effect: Store) -> None:
        """A piece counts as held once it is written; where it cannot be, the peer says so and stays."""
        file, local_ms = self.get(effect.file_id), self._clock.local_ms()
        if file is None:
            return
        try:
            self._store.write(file.file_id, effect.piece, file.size_bytes, effect.data)
        except OSError as failure:
            if not self._is_full:
                log.warning(
                    "%s cannot be stored: %s. Tried again later.", clean_line(file.name), failure.strerror
                )
            self._is_full = True
            self._perform(self._transfer.piece_unstored(file.file_id, effect.piece, local_ms))
        else:
            self._is_full = False
            self._perform(self._transfer.piece_kept(file.file_id, effect.piece, local_ms))

    def _drop(self, effect: Drop) -> None:
        log.warning("the connection to %s was ended: %s", effect.peer, effect.reason)
        self._send(effect.peer, ctl.Bye(effect.reason))
        self._mesh.drop(effect.peer, is_for_good=effect.is_for_good)

    # --- the proof of a link --------------------------------------------------------------------------------

    def _proof_for(self, peer: str) -> str:
        seen = self._mesh.fingerprints_of(peer)
        return encode_base64url(self._sealer.prove_link(peer, seen.own, seen.theirs)) if seen else ""

    def _is_proven(self, peer: str, proof: str) -> bool:
        seen = self._mesh.fingerprints_of(peer)
        if seen is None:
            return False
        try:
            return self._sealer.is_link_proven(peer, decode_base64url(proof), seen.own, seen.theirs)
        except WireError:
            return False


def _call_after_ms(delay_ms: float, task: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(delay_ms / 1000, task)
