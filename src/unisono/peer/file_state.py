"""What the transfer core knows of files and of neighbours, and what it wants done. Pure; local ms."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from unisono.peer.ctl import CtlMessage, DropReason, ListedFile
from unisono.peer.errors import WireError
from unisono.peer.manifest import (
    MAX_FILE_BYTES,
    Manifest,
    decode_bitfield,
    piece_count_of,
    piece_length_of,
    piece_size_of,
)

# Enforced by every receiver, because nobody else could.
MAX_OWN_FILES = 3


@dataclass(frozen=True)
class SendCtl:
    peer: str
    message: CtlMessage


@dataclass(frozen=True)
class SendPiece:
    """Read a held piece and send it; report `piece_sent` when its last chunk has left."""

    peer: str
    slot: int
    file_id: str
    piece: int


@dataclass(frozen=True)
class Store:
    """Write a verified piece; report `piece_kept` once it is written, else `piece_unstored`."""

    file_id: str
    piece: int
    data: bytes


@dataclass(frozen=True)
class Drop:
    """End the connection. Not for good: it may be tried again."""

    peer: str
    reason: DropReason
    is_for_good: bool


Effect = SendCtl | SendPiece | Store | Drop


@dataclass
class KnownFile:
    file_id: str
    size_bytes: int
    name: str
    # The number under which this peer lists the file.
    slot: int
    manifest: Manifest | None = None
    is_mine: bool = False
    held: set[int] = field(default_factory=set)
    # Verified and being written.
    storing: set[int] = field(default_factory=set)
    # Piece to the one it was asked of.
    in_flight: dict[int, str] = field(default_factory=dict)
    note: bytes | None = None
    manifest_asked: tuple[str, float] | None = None

    @property
    def piece_count(self) -> int:
        return piece_count_of(self.size_bytes)

    @property
    def is_complete(self) -> bool:
        return self.manifest is not None and len(self.held) == self.piece_count

    @property
    def listed(self) -> ListedFile:
        return ListedFile(
            slot=self.slot,
            file_id=self.file_id,
            name=self.name,
            size_bytes=self.size_bytes,
            piece_length=piece_length_of(self.size_bytes),
            is_own=self.is_mine,
            is_whole=self.is_complete,
        )

    def merge_note(self, note: bytes) -> None:
        """Of two different ones the lexicographically smaller stays, on every peer."""
        if self.note is None or note < self.note:
            self.note = note

    @property
    def held_bytes(self) -> int:
        return sum(piece_size_of(self.size_bytes, piece) for piece in self.held)


@dataclass
class Owed:
    """A request is live until it is finished, rejected or cancelled; a cancelled one stays known until its
    data or its reject comes, so that what arrives without any is an offence.
    """

    size_bytes: int
    data: bytearray = field(default_factory=bytearray)
    is_live: bool = True


@dataclass
class Neighbour:
    user_id: str
    opened_local_ms: float
    heard_local_ms: float
    is_greeted: bool = False
    listing: dict[str, ListedFile] = field(default_factory=dict)
    file_of_slot: dict[int, str] = field(default_factory=dict)
    holdings: dict[str, set[int]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    untold: dict[str, list[int]] = field(default_factory=dict)
    owed: dict[tuple[str, int], Owed] = field(default_factory=dict)
    waiting: list[tuple[str, int]] = field(default_factory=list)
    sending: set[tuple[str, int]] = field(default_factory=set)
    # The best note of each file that it is known to have.
    notes: dict[str, bytes] = field(default_factory=dict)
    pinged_local_ms: float = -math.inf
    ping_id: int = 0

    @property
    def live(self) -> list[tuple[str, int]]:
        return [key for key, owed in self.owed.items() if owed.is_live]

    def take_catalog(self, files: list[ListedFile]) -> DropReason | None:
        """Takes a whole catalogue over; what nobody may offer is neither fetched nor shown."""
        listed: dict[str, ListedFile] = {}
        own_files = 0
        for entry in files:
            former = self.file_of_slot.get(entry.slot)
            if entry.file_id in listed or (former is not None and former != entry.file_id):
                return "malformed"
            if entry.size_bytes > 0 and entry.piece_length != piece_length_of(entry.size_bytes):
                return "malformed"
            own_files += entry.is_own
            if not 0 < entry.size_bytes <= MAX_FILE_BYTES or (entry.is_own and own_files > MAX_OWN_FILES):
                continue
            before = self.listing.get(entry.file_id)
            if before is not None and before.size_bytes != entry.size_bytes:
                return "contradiction"
            self.file_of_slot[entry.slot] = entry.file_id
            listed[entry.file_id] = entry
        self.listing = listed
        self.holdings = {file_id: pieces for file_id, pieces in self.holdings.items() if file_id in listed}
        return None

    def take_bitfield(self, file_id: str, text: str) -> DropReason | None:
        entry = self.listing.get(file_id)
        if entry is None:
            return None
        try:
            self.holdings[file_id] = decode_bitfield(text, piece_count_of(entry.size_bytes))
        except WireError:
            return "malformed"
        return None

    def take_have(self, file_id: str, pieces: list[int]) -> DropReason | None:
        entry = self.listing.get(file_id)
        if entry is None or file_id not in self.holdings:
            return None  # withdrawn meanwhile
        if any(piece >= piece_count_of(entry.size_bytes) for piece in pieces):
            return "malformed"
        self.holdings[file_id].update(pieces)
        return None

    def take_cancel(self, file_id: str, pieces: list[int]) -> list[int]:
        """Takes back what has not begun; returns that."""
        cancelled = [piece for piece in pieces if (file_id, piece) in self.waiting]
        self.waiting = [each for each in self.waiting if each[0] != file_id or each[1] not in cancelled]
        return cancelled

    def next_note(self, files: Iterable[KnownFile]) -> tuple[str, bytes] | None:
        """A file's id and its note, where this neighbour does not have it; counts as told. A note crosses a
        link only while one of its two ends lists the file there.
        """
        for file in files:
            is_about = file.file_id in self.told or file.file_id in self.listing
            if file.note is not None and is_about and self.notes.get(file.file_id) != file.note:
                self.notes[file.file_id] = file.note
                return file.file_id, file.note
        return None
