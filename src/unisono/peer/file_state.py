"""What the transfer core knows of files and of neighbours, and what it wants done. Pure; local ms."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from msgspec import UNSET

from unisono.peer.constants.transfer import (
    LARGE_PIECE_BYTES,
    MAX_FILE_BYTES,
    MAX_LISTED_FILES,
    MAX_OWN_FILES,
    MAX_REFUSAL_PAUSE_MS,
    REFUSAL_PAUSE_MS,
    UPLOAD_SLOTS,
)
from unisono.peer.ctl import CtlMessage, DropReason, ListedFile, PeerTime
from unisono.peer.draft import is_draft_of
from unisono.peer.errors import WireError
from unisono.peer.manifest import Manifest, decode_bitfield, piece_count_of, piece_length_of

# What travels beside a file's manifest: bytes that align its decodes, and its sound index. Opaque here.
AnnotationSlot = Literal["annotation", "index"]

# As many as one catalog may list: what is held must fit into one's own.
MAX_KNOWN_FILES = MAX_LISTED_FILES

# In the place of a piece: the manifest, which may be refused as well.
MANIFEST = -1

# A piece that takes longer than this, and than so many times what all that is begun takes at the rate at
# which anything may leave, waits for its receiver, not for this peer: others have their turn meanwhile.
STALLED_MS = 1_500.0
STALLED_FACTOR = 3.0


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
    data: bytes | bytearray


@dataclass(frozen=True)
class Forget:
    """Nothing of this file is held any more: its room is for others."""

    file_id: str


@dataclass(frozen=True)
class Drop:
    """End the connection. Not for good: it may be tried again."""

    peer: str
    reason: DropReason
    is_for_good: bool


@dataclass(frozen=True)
class PeerAsked:
    """A ping leaves for a neighbour."""

    peer: str


@dataclass(frozen=True)
class PeerAnswered:
    """A neighbour answered a ping, with its global time where it knows it."""

    peer: str
    asked_local_ms: float
    answered_local_ms: float
    time: PeerTime | None


Effect = SendCtl | SendPiece | Store | Forget | Drop | PeerAsked | PeerAnswered


@dataclass
class KnownFile:
    file_id: str
    size_bytes: int
    name: str
    # The number under which this peer lists the file; None until it first does.
    slot: int | None = None
    manifest: Manifest | None = None
    is_mine: bool = False
    held: set[int] = field(default_factory=set)
    # Verified and being written.
    storing: set[int] = field(default_factory=set)
    # Piece to the one it was asked of.
    in_flight: dict[int, str] = field(default_factory=dict)
    annotations: dict[AnnotationSlot, bytes] = field(default_factory=dict)
    manifest_asked: tuple[str, float] | None = None

    @property
    def piece_count(self) -> int:
        return piece_count_of(self.size_bytes)

    @property
    def is_complete(self) -> bool:
        return self.manifest is not None and len(self.held) == self.piece_count

    @property
    def annotation(self) -> bytes | None:
        return self.annotations.get("annotation")

    @property
    def index(self) -> bytes | None:
        return self.annotations.get("index")

    def holds(self, from_byte: int, to_byte: int) -> bool:
        """Whether all pieces with any of these bytes are written; false beyond the file."""
        if self.manifest is None or not 0 <= from_byte <= to_byte <= self.size_bytes:
            return False
        piece_length = piece_length_of(self.size_bytes)
        return all(
            piece in self.held for piece in range(from_byte // piece_length, -(-to_byte // piece_length))
        )

    @property
    def listed(self) -> ListedFile:
        if self.slot is None:
            raise ValueError("not listed yet")
        return ListedFile(
            slot=self.slot,
            file_id=self.file_id,
            name=self.name,
            size_bytes=self.size_bytes,
            piece_length=piece_length_of(self.size_bytes),
            is_own=self.is_mine,
            is_whole=self.is_complete,
        )

    def merge_annotation(self, slot: AnnotationSlot, annotation: bytes) -> None:
        """S44. Of two different ones the lexicographically smaller stays, on every peer."""
        former = self.annotations.get(slot)
        if former is None or annotation < former:
            self.annotations[slot] = annotation


def stalled_after_ms(file: KnownFile | None, pace_bytes_per_sec: float) -> float:
    """How long a piece of this file may stay begun before it counts as waiting for its receiver; a pace of 0
    is an unknown one.
    """
    piece_length = 0 if file is None else piece_length_of(file.size_bytes)
    paced_ms = UPLOAD_SLOTS * piece_length / pace_bytes_per_sec * 1000 if pace_bytes_per_sec > 0 else 0.0
    # A piece of a file above 512 MiB takes as much longer.
    return max(STALLED_MS * max(1.0, piece_length / LARGE_PIECE_BYTES), STALLED_FACTOR * paced_ms)


@dataclass
class Owed:
    """A request is live until it is finished, rejected or cancelled; a cancelled one stays known until its
    data or its reject comes, so that what arrives without any is an offence.
    """

    size_bytes: int
    asked_local_ms: float
    # It was asked of another before, who was late.
    is_second: bool = False
    # What has come. One buffer: kept as chunks, many small ones would take far more than they bring.
    content: bytearray = field(default_factory=bytearray)
    is_live: bool = True


@dataclass
class Neighbour:
    user_id: str
    opened_local_ms: float
    heard_local_ms: float
    has_said_hello: bool = False
    listing: dict[str, ListedFile] = field(default_factory=dict)
    # Ids that are its drafts' by proof: no file can have one of them.
    draft_ids: frozenset[str] = frozenset()
    file_of_slot: dict[int, str] = field(default_factory=dict)
    holdings: dict[str, set[int]] = field(default_factory=dict)
    advertised: set[str] = field(default_factory=set)
    pending: dict[str, list[int]] = field(default_factory=dict)
    owed: dict[tuple[str, int], Owed] = field(default_factory=dict)
    waiting: list[tuple[str, int]] = field(default_factory=list)
    # Of those that wait: what it says to be due.
    due: set[tuple[str, int]] = field(default_factory=set)
    # Since when, local ms.
    sending: dict[tuple[str, int], float] = field(default_factory=dict)
    # How often in a row it did not give a piece of what it lists, or MANIFEST, and until when it is not asked
    # for it, local ms.
    refusals: dict[tuple[str, int], tuple[int, float]] = field(default_factory=dict)
    # The annotation kept here, where it is known to have that; empty where it has another.
    annotations: dict[tuple[AnnotationSlot, str], bytes] = field(default_factory=dict)
    index_told_local_ms: float = -math.inf
    pinged_local_ms: float = -math.inf
    ping_id: int = 0
    # Those not answered yet: when they were sent, local ms.
    pings: dict[int, float] = field(default_factory=dict)

    @property
    def live(self) -> list[tuple[str, int]]:
        return [key for key, owed in self.owed.items() if owed.is_live]

    def take_catalog(self, catalog: list[ListedFile]) -> DropReason | None:
        """Takes a whole catalog over; what nobody may offer is neither fetched nor shown."""
        files = [entry for entry in catalog if entry.draft is UNSET]
        self.draft_ids = frozenset(entry.file_id for entry in catalog if is_draft_of(self.user_id, entry))
        listed: dict[str, ListedFile] = {}
        own_files = 0
        named = {entry.file_id for entry in files}
        owed = {file_id for file_id, _ in self.owed}
        for entry in files:
            former = self.file_of_slot.get(entry.slot)
            is_anothers = former is not None and former != entry.file_id
            if entry.file_id in listed or (is_anothers and (former in named or former in owed)):
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
        self.refusals = {key: value for key, value in self.refusals.items() if key[0] in listed}
        self.annotations = {
            key: annotation
            for key, annotation in self.annotations.items()
            if key[1] in listed or key[1] in self.advertised
        }
        # Data of a slot may come after the file was withdrawn, but not when nothing of it is owed.
        self.file_of_slot = {
            slot: file_id
            for slot, file_id in self.file_of_slot.items()
            if (file_id in listed and listed[file_id].slot == slot) or file_id in owed
        }
        return None

    def is_whole(self, file_id: str) -> bool:
        entry = self.listing.get(file_id)
        return entry is not None and entry.is_whole

    def record_refusal(self, file_id: str, piece: int, local_ms: float) -> None:
        count = self.refusals.get((file_id, piece), (0, 0.0))[0] + 1
        pause_ms = min(MAX_REFUSAL_PAUSE_MS, REFUSAL_PAUSE_MS * 2 ** min(count - 1, 10))
        self.refusals[(file_id, piece)] = (count, local_ms + pause_ms)

    def can_give(self, file_id: str, piece: int, local_ms: float) -> bool:
        """Neither owed, nor refused a moment ago."""
        refusal = self.refusals.get((file_id, piece))
        return (file_id, piece) not in self.owed and (refusal is None or refusal[1] <= local_ms)

    def take_bitfield(self, file_id: str, text: str) -> DropReason | None:
        entry = self.listing.get(file_id)
        if entry is None:
            return None
        try:
            self.holdings[file_id] = decode_bitfield(text, piece_count_of(entry.size_bytes))
            self.refusals = {
                key: value for key, value in self.refusals.items() if key[0] != file_id or key[1] == MANIFEST
            }
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
        self.due.difference_update((file_id, piece) for piece in cancelled)
        return cancelled

    def next_annotation(self, slot: AnnotationSlot, files: Iterable[KnownFile]) -> tuple[str, bytes] | None:
        """A file's id and its annotation, where this neighbour does not have it; from then on it counts as
        having it. An annotation crosses a link only while one of its two ends lists the file there.
        """
        for file in files:
            is_about = file.file_id in self.advertised or file.file_id in self.listing
            annotation, key = file.annotations.get(slot), (slot, file.file_id)
            if annotation is not None and is_about and self.annotations.get(key) != annotation:
                self.annotations[key] = annotation
                return file.file_id, annotation
        return None
