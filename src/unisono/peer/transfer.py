"""The conversation with every neighbour about files: who lists what, who gets which piece. Pure.

Told events and the local time (ms), it answers with what to do. It speaks the protocol of docs/swarm.md and
keeps its rules; where the web app is clever, it is plain: no super-seeding, no end-game. `KnownFiles` says
which files are known and fit, `Downloads` what is asked of whom.
Rules: (F1) nothing but `hello` is accepted or sent before both hellos; (F3) only verified and written pieces
are held, listed and served; (F4) bad input ends that one link, with a reason, and touches nobody else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from unisono.peer import ctl
from unisono.peer.ambient import Chance
from unisono.peer.annotations import Annotations
from unisono.peer.constants.transfer import (
    CATALOG_PERIOD_MS,
    CTL_VERSION,
    HELLO_PATIENCE_MS,
    LINK_DEAD_AFTER_MS,
    MAX_CATALOG_CHARS,
    MAX_OWN_FILES,
    MAX_QUEUED_UPLOADS,
    UPLOAD_SLOTS,
)
from unisono.peer.downloads import Downloads
from unisono.peer.errors import FileError, WireError
from unisono.peer.file_state import (
    MAX_KNOWN_FILES,
    AnnotationSlot,
    Drop,
    Effect,
    Forget,
    KnownFile,
    Neighbour,
    SendCtl,
    SendPiece,
    stalled_after_ms,
)
from unisono.peer.known_files import KnownFiles, Needs
from unisono.peer.manifest import Manifest, encode_bitfield, parse_manifest
from unisono.peer.pings import Pings


class Transfer:
    """`accepts_annotation`, `accepts_index`: whether what comes with a file makes sense; alike everywhere."""

    def __init__(
        self,
        me: str,
        chance: Chance,
        capacity_bytes: int,
        accepts_annotation: Callable[[bytes], bool],
        accepts_index: Callable[[bytes], bool] = lambda _: True,
    ) -> None:
        self._neighbours: dict[str, Neighbour] = {}
        self._effects: list[Effect] = []
        self._turn = 0
        self._is_catalog_stale = False
        self._catalog_sent_ms = -math.inf
        self._known = KnownFiles(me, self._neighbours, capacity_bytes)
        self._annotations = Annotations(
            self._known, {"annotation": accepts_annotation, "index": accepts_index}, self._emit
        )
        self._downloads = Downloads(me, self._neighbours, self._known, chance, self._emit)
        self._pings = Pings(self._neighbours, self._emit)
        self.pace_bytes_per_sec = 0.0
        """What bulk may take of the uplink now; 0 while unknown."""

    @property
    def files(self) -> Mapping[str, KnownFile]:
        return self._known.by_id

    def set_capacity(self, capacity_bytes: int) -> None:
        """May change while the peer stays: so does the room on its disc."""
        self._known.capacity_bytes = capacity_bytes

    # --- events ---------------------------------------------------------------------------------------------

    def link_opened(self, peer: str, local_ms: float) -> list[Effect]:
        """The shell puts the proof of the link into the hello."""
        self._close(peer)  # one that was never reported closed owes nothing any more
        self._neighbours[peer] = Neighbour(peer, local_ms, local_ms)
        self._send(peer, ctl.Hello(CTL_VERSION, ""))
        return self._flush()

    def link_closed(self, peer: str, local_ms: float) -> list[Effect]:
        self._close(peer)
        return self._settle(local_ms)

    def receive(self, peer: str, message: ctl.CtlMessage, local_ms: float) -> list[Effect]:
        neighbour = self._neighbours.get(peer)
        if neighbour is None:
            return []
        reason = self._take(neighbour, message, local_ms)
        if reason is not None:
            self._drop(neighbour, reason)
        return self._flush() if isinstance(message, ctl.CHANGES_NOTHING) else self._settle(local_ms)

    def receive_chunk(self, peer: str, chunk: ctl.Chunk, local_ms: float) -> list[Effect]:
        neighbour = self._neighbours.get(peer)
        if neighbour is None:
            return []
        taken = self._downloads.take_chunk(neighbour, chunk, local_ms)
        if taken == "more":
            return []  # nothing else changes, thousands of times a second
        if taken != "whole":
            self._drop(neighbour, taken)
        return self._settle(local_ms)

    def piece_sent(self, peer: str, file_id: str, piece: int, local_ms: float) -> list[Effect]:
        neighbour = self._neighbours.get(peer)
        if neighbour is not None:
            neighbour.sending.pop((file_id, piece), None)
        return self._settle(local_ms)

    def piece_kept(self, file_id: str, piece: int, local_ms: float) -> list[Effect]:
        """F3. The piece is written."""
        file = self.files.get(file_id)
        if file is not None and piece in file.storing:
            file.storing.discard(piece)
            self._hold(file, piece)
        return self._settle(local_ms)

    def piece_unstored(self, file_id: str, piece: int, local_ms: float) -> list[Effect]:
        """F3. The piece could not be written: it is not held, and nothing is fetched for a while."""
        file = self.files.get(file_id)
        if file is not None:
            file.storing.discard(piece)
        self._downloads.rest(local_ms)
        return self._settle(local_ms)

    def piece_lost(self, file_id: str, piece: int, local_ms: float) -> list[Effect]:
        """F3. A piece can no longer be read, also as its file made way: whoever asked is refused, and all
        hear what is left.
        """
        file, asked = self.files.get(file_id), (file_id, piece)
        for neighbour in self._neighbours.values():
            if asked in neighbour.sending or asked in neighbour.waiting:
                neighbour.sending.pop(asked, None)
                neighbour.waiting = [each for each in neighbour.waiting if each != asked]
                neighbour.due.discard(asked)
                self._reject(neighbour.user_id, file_id, [piece])
        if file is not None and piece in file.held:
            file.held.discard(piece)
            for neighbour in self._neighbours.values():
                neighbour.advertised.discard(file_id)
                neighbour.pending.pop(file_id, None)
            self._is_catalog_stale = True
        return self._settle(local_ms)

    def has_no_room_for(self, file_id: str, local_ms: float) -> bool:
        """Whether the file is not fetched because it would not fit, or because nothing can be written."""
        file = self.files.get(file_id)
        if file is None or file.is_complete:
            return False
        return self._downloads.is_resting(local_ms) or file not in self._known.to_fetch()

    def is_given(self, file_id: str) -> bool:
        """Whether all of it is here, or somebody lists it."""
        return self._known.is_given(file_id)

    def add_mine(self, manifest: Manifest, name: str, local_ms: float) -> list[Effect]:
        """I offer a file whose pieces are all in the store. Raises `FileError` file-too-many."""
        file_id = manifest.file_id
        others = [file for file in self.files.values() if file.is_mine and file.file_id != file_id]
        if len(others) >= MAX_OWN_FILES:
            raise FileError("file-too-many", f"a peer offers no more than {MAX_OWN_FILES}")
        known = self.files.get(file_id)
        if known is not None:
            self._downloads.cancel_file(known)
        self._make_place(4)
        file = self._known.learn(file_id, manifest.size_bytes, name)
        file.size_bytes, file.manifest, file.name, file.is_mine = manifest.size_bytes, manifest, name, True
        file.held = set(range(file.piece_count))
        for neighbour in self._neighbours.values():
            neighbour.advertised.discard(file_id)
            neighbour.pending.pop(file_id, None)
        self._is_catalog_stale = True
        return self._settle(local_ms)

    def set_annotation(
        self, file_id: str, annotation: bytes, local_ms: float, slot: AnnotationSlot = "annotation"
    ) -> list[Effect]:
        """Raises ValueError for one that others would not take."""
        self._annotations.set(slot, file_id, annotation)
        return self._settle(local_ms)

    def set_urgent(self, file_id: str, pieces: Sequence[int], local_ms: float) -> list[Effect]:
        """S45. Pieces whose sound is due next, in this order, are fetched before all others. Each call
        replaces the one before for the file, and none ends it.
        """
        return self._settle(local_ms) if self._downloads.urgency.set(file_id, pieces) else []

    def prefer(self, file_id: str | None, local_ms: float) -> list[Effect]:
        if file_id == self._known.preferred:
            return []
        self._known.preferred = file_id
        return self._settle(local_ms)

    def set_needs(self, needed: Sequence[str], played: Sequence[str], local_ms: float) -> list[Effect]:
        """S50. Which files are needed after the preferred one, in that order, and which have played, the
        oldest first. Each call replaces the one before.
        """
        needs = Needs(tuple(needed[:MAX_KNOWN_FILES]), tuple(played[-MAX_KNOWN_FILES:]))
        if needs == self._known.needs:
            return []
        self._known.needs = needs
        return self._settle(local_ms)

    def tick(self, local_ms: float) -> list[Effect]:
        """A few times a second."""
        for neighbour in list(self._neighbours.values()):
            if not neighbour.has_said_hello:
                if local_ms - neighbour.opened_local_ms > HELLO_PATIENCE_MS:
                    self._drop(neighbour, "no-hello")
                continue
            self._annotations.tell(neighbour, local_ms)
            self._downloads.relieve(neighbour, local_ms)
            is_mute = bool(neighbour.owed) and local_ms - neighbour.heard_local_ms > LINK_DEAD_AFTER_MS
            if is_mute or any(local_ms - begun > LINK_DEAD_AFTER_MS for begun in neighbour.sending.values()):
                self._drop(neighbour, "silent")
        self._pings.tick(local_ms)
        return self._settle(local_ms)

    def ping(self, peer: str, local_ms: float) -> list[Effect]:
        """Asks a neighbour for a sign of life."""
        neighbour = self._neighbours.get(peer)
        if neighbour is not None and neighbour.has_said_hello:
            self._pings.ping(neighbour, local_ms)
        return self._flush()

    # --- what neighbours say --------------------------------------------------------------------------------

    def _take(self, neighbour: Neighbour, message: ctl.CtlMessage, local_ms: float) -> ctl.DropReason | None:
        peer = neighbour.user_id
        if isinstance(message, ctl.Hello):
            return self._greet(neighbour, message.v)
        if not neighbour.has_said_hello:
            return "before-hello"  # F1
        reason: ctl.DropReason | None = None
        match message:
            case ctl.Catalog(files):
                reason = self._take_catalog(neighbour, files)
            case ctl.ManifestRequest(file_id):
                self._give_manifest(peer, file_id)
            case ctl.ManifestMessage():
                reason = self._take_manifest(neighbour, message)
            case ctl.Annotation(file_id, annotation):
                reason = self._annotations.take(neighbour, "annotation", file_id, annotation)
            case ctl.Index(file_id, index):
                reason = self._annotations.take(neighbour, "index", file_id, index)
            case ctl.Ping(ping_id):
                self._send(peer, ctl.Pong(ping_id))
            case ctl.Pong():
                self._pings.take(neighbour, message, local_ms)
            case ctl.Bye() | ctl.Draft():
                pass  # its side closes the connection; drafts are not fetched (S55)
            case _:
                reason = self._take_pieces(neighbour, message, local_ms)
        return reason

    def _take_pieces(
        self,
        neighbour: Neighbour,
        message: ctl.BitfieldMessage | ctl.Have | ctl.Request | ctl.Due | ctl.Cancel | ctl.Reject,
        local_ms: float,
    ) -> ctl.DropReason | None:
        reason: ctl.DropReason | None = None
        match message:
            case ctl.BitfieldMessage(file_id, pieces):
                reason = neighbour.take_bitfield(file_id, pieces)
            case ctl.Have(file_id, new):
                reason = neighbour.take_have(file_id, new)
            case ctl.Request(file_id, wanted, is_due):
                reason = self._take_request(neighbour, file_id, wanted, is_due=is_due)
            case ctl.Due(file_id, hastened):
                neighbour.due.update(
                    key for key in neighbour.waiting if key[0] == file_id and key[1] in hastened
                )
            case ctl.Cancel(file_id, unwanted):
                self._reject(neighbour.user_id, file_id, neighbour.take_cancel(file_id, unwanted))
            case ctl.Reject(file_id, refused):
                self._downloads.take_reject(neighbour, file_id, refused, local_ms)
        return reason

    def _greet(self, neighbour: Neighbour, version: int) -> ctl.DropReason | None:
        if neighbour.has_said_hello:
            return "malformed"
        if version != CTL_VERSION:
            return "version"
        neighbour.has_said_hello = True
        self._send_catalog(neighbour)
        return None

    def _take_catalog(self, neighbour: Neighbour, files: list[ctl.ListedFile]) -> ctl.DropReason | None:
        reason = neighbour.take_catalog(files)
        if reason is not None:
            return reason
        self._known.forget_unlisted()
        refused = -1
        for entry in self._known.provable(neighbour):
            known = self.files.get(entry.file_id)
            if known is not None and known.manifest is not None and known.size_bytes != entry.size_bytes:
                return "contradiction"
            worth = 3 if entry.is_own else 0
            if known is not None or (worth > refused and self._make_place(worth)):
                self._known.learn(entry.file_id, entry.size_bytes, entry.name)
            else:
                refused = max(refused, worth)
        self._known.forget_unlisted()
        return None

    def _give_manifest(self, peer: str, file_id: str) -> None:
        file = self.files.get(file_id)
        if file is None or file.manifest is None or not file.held:
            self._send(peer, ctl.Reject(file_id, []))
            return
        self._send(peer, ctl.ManifestMessage(file_id, file.size_bytes, file.manifest.encoded_hashes))

    def _take_manifest(self, neighbour: Neighbour, message: ctl.ManifestMessage) -> ctl.DropReason | None:
        file = self.files.get(message.file_id)
        if file is None or file.manifest is not None:
            return None
        try:
            manifest = parse_manifest(message.file_id, message.size_bytes, message.sha256)
        except WireError:
            return "malformed"
        entry = neighbour.listing.get(message.file_id)
        if entry is None or entry.size_bytes != manifest.size_bytes:
            return "contradiction"
        file.manifest, file.size_bytes, file.manifest_asked = manifest, manifest.size_bytes, None
        # Who listed another size than the proven manifest has told an untruth.
        for other in list(self._neighbours.values()):
            theirs = other.listing.get(file.file_id)
            if theirs is not None and theirs.size_bytes != file.size_bytes:
                self._drop(other, "contradiction")
        return None

    def _take_request(
        self, neighbour: Neighbour, file_id: str, pieces: list[int], *, is_due: bool
    ) -> ctl.DropReason | None:
        file = self.files.get(file_id)
        refused: list[int] = []
        for piece in pieces:
            key = (file_id, piece)
            if file is not None and file.manifest is not None and piece >= file.piece_count:
                return "malformed"
            if file is None or file.slot is None or piece not in file.held:  # no slot: it was never listed
                refused.append(piece)
            elif key not in neighbour.waiting and key not in neighbour.sending:
                if len(neighbour.waiting) >= MAX_QUEUED_UPLOADS:
                    return "flood"
                neighbour.waiting.append(key)
                if is_due:
                    neighbour.due.add(key)
        self._reject(neighbour.user_id, file_id, refused)
        return None

    def _hold(self, file: KnownFile, piece: int) -> None:
        file_id = file.file_id
        file.held.add(piece)
        for other in self._neighbours.values():
            if file_id in other.advertised:
                other.pending.setdefault(file_id, []).append(piece)
        if len(file.held) == 1 or file.is_complete:
            self._is_catalog_stale = True

    # --- after any event ------------------------------------------------------------------------------------

    def _settle(self, local_ms: float) -> list[Effect]:
        """Asks for what is wanted, gives what was asked, tells what is new."""
        if not self._downloads.is_resting(local_ms):
            for file in self._known.spare():
                self._let_go(file)
        self._downloads.ask(local_ms)
        self._give_pieces(local_ms)
        self._send_stale_catalog(local_ms)
        for neighbour in self._neighbours.values():
            for file_id, pieces in neighbour.pending.items():
                self._send(neighbour.user_id, ctl.Have(file_id, pieces))
            neighbour.pending.clear()
        return self._flush()

    def _let_go(self, file: KnownFile) -> None:
        self._downloads.cancel_file(file)
        for neighbour in self._neighbours.values():
            pieces = [piece for file_id, piece in neighbour.waiting if file_id == file.file_id]
            self._reject(neighbour.user_id, file.file_id, neighbour.take_cancel(file.file_id, pieces))
            neighbour.pending.pop(file.file_id, None)
            neighbour.advertised.discard(file.file_id)  # listed anew before the next catalog, it is told anew
        file.in_flight.clear()
        if file.held or file.storing:
            file.held.clear()
            file.storing.clear()  # what is written by then goes with the rest
            self._emit(Forget(file.file_id))
            self._is_catalog_stale = True

    def _give_pieces(self, local_ms: float) -> None:
        """Links take turns; within a link goes first what is due (S47), then the preferred file."""
        busy = sum(
            local_ms - begun_ms < stalled_after_ms(self.files.get(file_id), self.pace_bytes_per_sec)
            for neighbour in self._neighbours.values()
            for (file_id, _), begun_ms in neighbour.sending.items()
        )
        able = [neighbour for neighbour in self._neighbours.values() if len(neighbour.sending) < UPLOAD_SLOTS]
        guests = [neighbour for neighbour in able if neighbour.waiting]
        while busy < UPLOAD_SLOTS and guests:
            self._turn += 1
            guest = guests[self._turn % len(guests)]
            due = guest.due
            upload = min(guest.waiting, key=lambda each: (each not in due, self._known.turn_of(each[0])))
            guest.waiting.remove(upload)
            due.discard(upload)
            guest.sending[upload] = local_ms
            slot = self._known.slot_of(self.files[upload[0]])
            self._emit(SendPiece(guest.user_id, slot, *upload))
            busy += 1
            guests = [each for each in guests if each.waiting and len(each.sending) < UPLOAD_SLOTS]

    # --- what this peer lists -------------------------------------------------------------------------------

    def _send_stale_catalog(self, local_ms: float) -> None:
        """A changed catalog goes to all, but not more often than `CATALOG_PERIOD_MS`."""
        if not self._is_catalog_stale or local_ms - self._catalog_sent_ms < CATALOG_PERIOD_MS:
            return
        self._is_catalog_stale = False
        self._catalog_sent_ms = local_ms
        for neighbour in self._neighbours.values():
            if neighbour.has_said_hello:
                self._send_catalog(neighbour)

    def _send_catalog(self, neighbour: Neighbour) -> None:
        held = [file for file in self.files.values() if file.held]
        served = sorted(held, key=lambda file: not file.is_mine)
        listed: list[KnownFile] = []
        chars = 0
        for file in served[:MAX_KNOWN_FILES]:
            self._known.slot_of(file)
            chars += ctl.chars_of(file.listed) + 1
            if chars > MAX_CATALOG_CHARS:
                break
            listed.append(file)
        self._send(neighbour.user_id, ctl.Catalog([file.listed for file in listed]))
        # A file that found no place in the list is told of once it has one: nobody heeds its pieces before.
        neighbour.advertised &= {file.file_id for file in listed}
        for file in listed:
            if file.file_id not in neighbour.advertised:
                neighbour.advertised.add(file.file_id)
                neighbour.pending.pop(file.file_id, None)
                field_text = encode_bitfield(file.held, file.piece_count)
                self._send(neighbour.user_id, ctl.BitfieldMessage(file.file_id, field_text))

    def _make_place(self, worth: int) -> bool:
        """Only so many files may be known: forgets one of less worth where needed; whether there is place."""
        if not self._known.is_full:
            return True
        least, its_worth = self._known.least_worth()
        if its_worth >= worth:
            return False
        self._let_go(least)
        self._known.forget(least)
        return True

    def _close(self, peer: str) -> None:
        neighbour = self._neighbours.pop(peer, None)
        if neighbour is None:
            return
        self._downloads.closed(neighbour)
        self._known.forget_unlisted()

    def _drop(self, neighbour: Neighbour, reason: ctl.DropReason) -> None:
        """F4. A mere silence may be tried again; an offence may not."""
        is_for_good = reason not in ("no-hello", "silent")
        self._emit(Drop(neighbour.user_id, reason, is_for_good))
        self._close(neighbour.user_id)

    def _reject(self, peer: str, file_id: str, pieces: list[int]) -> None:
        if pieces:
            self._send(peer, ctl.Reject(file_id, pieces))

    def _send(self, peer: str, message: ctl.CtlMessage) -> None:
        self._emit(SendCtl(peer, message))

    def _emit(self, effect: Effect) -> None:
        self._effects.append(effect)

    def _flush(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects
