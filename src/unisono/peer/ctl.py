"""The messages of the two data channels between peers: `ctl` (JSON) and `bulk` (chunks of pieces). Pure.

The page's parser of `ctl` is written from this file (scripts/gen_peer_wire.py); `bulk` is that of
web/src/transfer/core/frames.ts. Parsed once, here; an unknown type is an error. Every ctl message carries a
running number `seq` from 0. Local ms.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from unisono.peer.constants.transfer import (
    CTL_CHAR_BURST,
    CTL_CHARS_PER_SEC,
    CTL_MESSAGE_BURST,
    CTL_MESSAGES_PER_SEC,
    MAX_ANNOUNCED_BULK_BYTES,
    MAX_BULK_BYTES,
    MAX_CLOCK_ID_CHARS,
    MAX_CTL_CHARS,
    MAX_CTL_HELD_BACK,
    MAX_FILE_BYTES,
    MAX_LISTED_FILES,
    MAX_PIECES,
    MAX_PIECES_PER_MESSAGE,
    MAX_WIRE_NAME_CHARS,
)
from unisono.peer.errors import WireError
from unisono.peer.json_wire import NOT_JSON, check_units, decode_json, units_of
from unisono.protocol import MAX_SAFE_INTEGER

MAX_ANNOTATION_CHARS = 27_307  # those in base64url, rounded up as the web app does
MAX_INDEX_CHARS = 64_000
MAX_REASON_CHARS = 64
MAX_U32 = 0xFFFFFFFF

CHUNK_HEAD = struct.Struct(">BBHII")
CHUNK_TYPE = 1

DropReason = Literal[
    "flood",
    "malformed",
    "too-large",
    "version",
    "before-hello",
    "no-hello",
    "silent",
    "unrequested",
    "contradiction",
    "unproven",
]

# Without `$`, which Python lets stand before a last line break.
FILE_ID_PATTERN = "^[0-9a-f]{64}(?![\\s\\S])"
BASE64URL_PATTERN = r"^[A-Za-z0-9_-]*(?![\s\S])"
# Of whole bytes, to the letter.
EXACT_BASE64URL_PATTERN = r"^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?(?![\s\S])"
FileId = Annotated[str, Meta(pattern=FILE_ID_PATTERN, min_length=64, max_length=64)]
Pieces = Annotated[
    list[Annotated[int, Meta(ge=0, le=MAX_PIECES - 1)]], Meta(max_length=MAX_PIECES_PER_MESSAGE)
]
Number = Annotated[int, Meta(ge=0, le=MAX_U32)]


class _Ctl(msgspec.Struct, frozen=True, tag=str.lower, rename="camel"):
    pass


class Hello(_Ctl, frozen=True):
    """First, from both; nothing else before both came."""

    v: Annotated[int, Meta(ge=0, le=0xFFFF)]
    # That the sender is a member and sees the same DTLS fingerprints.
    proof: Annotated[str, Meta(max_length=86, pattern=EXACT_BASE64URL_PATTERN)]
    # The largest bulk message the sender takes; MAX_BULK_BYTES when absent.
    bulk_bytes: Annotated[int, Meta(ge=MAX_BULK_BYTES, le=MAX_ANNOUNCED_BULK_BYTES)] | msgspec.UnsetType = (
        msgspec.UNSET
    )


class ListedFile(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    slot: Annotated[int, Meta(ge=0, le=0xFFFF)]
    file_id: FileId
    name: Annotated[str, Meta(max_length=MAX_WIRE_NAME_CHARS)]
    size_bytes: Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)]
    piece_length: Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)]
    is_own: bool
    is_whole: bool
    # Present where its owner still reads the file: with the owner and the size it makes the id.
    draft: Annotated[str, Meta(max_length=22, pattern=EXACT_BASE64URL_PATTERN)] | msgspec.UnsetType = (
        msgspec.UNSET
    )

    def __post_init__(self) -> None:
        check_units(self.name, MAX_WIRE_NAME_CHARS)


class Catalog(_Ctl, frozen=True):
    """The whole list of what its sender offers, again on every change."""

    files: Annotated[list[ListedFile], Meta(max_length=MAX_LISTED_FILES)]


class ManifestRequest(_Ctl, frozen=True, tag="manifest-request"):
    file_id: FileId


class ManifestMessage(_Ctl, frozen=True, tag="manifest"):
    file_id: FileId
    size_bytes: Annotated[int, Meta(ge=0, le=MAX_FILE_BYTES)]
    sha256: Annotated[str, Meta(max_length=44_000, pattern=BASE64URL_PATTERN)]


class Draft(_Ctl, frozen=True):
    """From the owner of a draft alone: the hashes of its pieces from this one on, in order, as they come."""

    file_id: FileId
    from_piece: Annotated[int, Meta(ge=0, le=MAX_PIECES - 1)]
    sha256: Annotated[str, Meta(max_length=44_000, pattern=BASE64URL_PATTERN)]


class Annotation(_Ctl, frozen=True):
    """One byte string per file; the lexicographically smallest wins everywhere."""

    file_id: FileId
    annotation: Annotated[str, Meta(max_length=MAX_ANNOTATION_CHARS, pattern=BASE64URL_PATTERN)]


class Index(_Ctl, frozen=True):
    """The sound index of a file, where which sound lies in it; the smallest wins, as with annotations."""

    file_id: FileId
    index: Annotated[str, Meta(max_length=MAX_INDEX_CHARS, pattern=BASE64URL_PATTERN)]


class BitfieldMessage(_Ctl, frozen=True, tag="bitfield"):
    file_id: FileId
    pieces: Annotated[str, Meta(max_length=256, pattern=BASE64URL_PATTERN)]


class Have(_Ctl, frozen=True):
    file_id: FileId
    pieces: Pieces


class Request(_Ctl, frozen=True, omit_defaults=True):
    """What is due to sound is given, on this link, before what is rarest."""

    file_id: FileId
    pieces: Pieces
    is_due: bool = False


class Due(_Ctl, frozen=True):
    """Of what was asked for before: these are due to sound by now. Of what waits no more it says nothing."""

    file_id: FileId
    pieces: Pieces


class Cancel(_Ctl, frozen=True):
    file_id: FileId
    pieces: Pieces


class Reject(_Ctl, frozen=True):
    """Answers a request that will not be served, or a cancel that came in time."""

    file_id: FileId
    pieces: Pieces


class Ping(_Ctl, frozen=True):
    id: Number


class PeerTime(msgspec.Struct, frozen=True, rename="camel"):
    """The answerer's global time, as it has it from the server: devices compare their clocks by it (T17)."""

    clock_id: Annotated[str, Meta(max_length=MAX_CLOCK_ID_CHARS)]
    global_us: Annotated[int, Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]

    def __post_init__(self) -> None:
        check_units(self.clock_id, MAX_CLOCK_ID_CHARS)


class Pong(_Ctl, frozen=True, omit_defaults=True):
    id: Number
    time: PeerTime | msgspec.UnsetType = msgspec.UNSET


class Bye(_Ctl, frozen=True, tag="bye"):
    reason: Annotated[str, Meta(max_length=MAX_REASON_CHARS)]

    def __post_init__(self) -> None:
        check_units(self.reason, MAX_REASON_CHARS)


CtlMessage = (
    Hello
    | Catalog
    | ManifestRequest
    | ManifestMessage
    | Draft
    | Annotation
    | Index
    | BitfieldMessage
    | Have
    | Request
    | Due
    | Cancel
    | Reject
    | Ping
    | Pong
    | Bye
)

# After these there is nothing to ask for or to give that there was not before. Hundreds a second are within a
# neighbour's rate; where one of them breaks a rule, the next tick goes on without its sender.
CHANGES_NOTHING = (Ping, Pong, ManifestRequest, Annotation, Index, Draft, Bye)


class _Numbered(msgspec.Struct, frozen=True):
    seq: Number
    message: CtlMessage


_decoder: msgspec.json.Decoder[_Numbered] = msgspec.json.Decoder(_Numbered)
_encoder = msgspec.json.Encoder()


def chars_of(part: msgspec.Struct) -> int:
    """How many characters it has in a message, as a page counts them: in units of UTF-16."""
    return units_of(_encoder.encode(part).decode())


def encode_ctl(message: CtlMessage, seq: int) -> str:
    return _encoder.encode(_Numbered(seq, message)).decode()


class CtlInbox:
    """One peer's incoming control messages: size, rate, form and order are judged before anything acts."""

    def __init__(self) -> None:
        self._next_seq = 0
        self._held_back: dict[int, CtlMessage] = {}
        self._message_tokens = float(CTL_MESSAGE_BURST)
        self._char_tokens = float(CTL_CHAR_BURST)
        self._refilled_local_ms: float | None = None

    def take(self, data: object, local_ms: float) -> list[CtlMessage] | DropReason:
        """The messages that are now due, in order, or why this peer must go."""
        if not isinstance(data, str):
            return "malformed"
        chars = units_of(data)
        if chars > MAX_CTL_CHARS:
            return "too-large"
        if not self._allows(chars, local_ms):
            return "flood"
        try:
            numbered = decode_json(data, _decoder)
        except NOT_JSON:
            return "malformed"
        is_in_reach = self._next_seq <= numbered.seq < self._next_seq + MAX_CTL_HELD_BACK
        if not is_in_reach or numbered.seq in self._held_back:
            return "malformed"
        self._held_back[numbered.seq] = numbered.message
        due = []
        while self._next_seq in self._held_back:
            due.append(self._held_back.pop(self._next_seq))
            self._next_seq += 1
        return due

    def _allows(self, chars: int, local_ms: float) -> bool:
        before_ms = local_ms if self._refilled_local_ms is None else self._refilled_local_ms
        elapsed_sec = max(0.0, local_ms - before_ms) / 1000
        self._refilled_local_ms = local_ms
        self._message_tokens = (
            min(CTL_MESSAGE_BURST, self._message_tokens + elapsed_sec * CTL_MESSAGES_PER_SEC) - 1
        )
        self._char_tokens = min(CTL_CHAR_BURST, self._char_tokens + elapsed_sec * CTL_CHARS_PER_SEC) - chars
        return self._message_tokens >= 0 and self._char_tokens >= 0


@dataclass(frozen=True)
class Chunk:
    # The number under which the sender lists the file.
    slot: int
    piece: int
    offset_bytes: int
    # Of what arrived a view, not a copy.
    payload: bytes | memoryview


def encode_chunk(chunk: Chunk) -> bytes:
    return b"".join(
        (CHUNK_HEAD.pack(CHUNK_TYPE, 0, chunk.slot, chunk.piece, chunk.offset_bytes), chunk.payload)
    )


def parse_chunk(data: object) -> Chunk:
    """Raises `WireError` on anything that is not a chunk."""
    if not isinstance(data, bytes) or not CHUNK_HEAD.size < len(data) <= MAX_BULK_BYTES:
        raise WireError("wire-malformed", "no chunk")
    kind, flags, slot, piece, offset_bytes = CHUNK_HEAD.unpack_from(data)
    if kind != CHUNK_TYPE or flags != 0:
        raise WireError("wire-malformed", "bulk type or flags")
    return Chunk(slot, piece, offset_bytes, memoryview(data)[CHUNK_HEAD.size :])
