"""What peers say to each other inside sealed envelopes, as web/src/session/core/peer-message.ts. Pure.

`Status` is about oneself and replaces what was said before; a heartbeat is the director's
(`heartbeat_message`); a queue, a request and an ask are about what plays next (`queue_message`); a role
request is about what one device plays (`role_message`); a signal sets up a data channel. All but signals,
which are JSON, are bytes (big-endian). Whatever is malformed raises `WireError`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from unisono.peer.byte_reader import ByteReader, checked, flags_of
from unisono.peer.constants.session import (
    FILE_PREFIX_BYTES,
    FILE_TROUBLES,
    MAX_PERSON_NAME_CHARS,
    MAX_SPEAKER_DELAY_MS,
    MAX_START_MS,
    MAX_TOLD_ERROR_MS,
    MAX_TOLD_TROUBLES,
    NOT_READY_REASONS,
    STATUS_FLAGS,
    FileTrouble,
    NotReadyReason,
    StatusFlag,
)
from unisono.peer.errors import WireError
from unisono.peer.heartbeat_message import HEARTBEAT, HeartbeatMessage, decode_heartbeat, encode_heartbeat
from unisono.peer.json_wire import parse_json
from unisono.peer.queue import Queue, QueueRequest
from unisono.peer.queue_message import (
    QUEUE,
    QUEUE_ASK,
    QUEUE_REQUEST,
    QueueAsk,
    QueueMessage,
    decode_queue_message,
    encode_queue_message,
)
from unisono.peer.role_message import (
    ROLE_REQUEST,
    RoleRequest,
    ToldRole,
    decode_role_request,
    decode_told_role,
    encode_role_request,
    encode_told_role,
)
from unisono.peer.safe_text import safe_text
from unisono.peer.signal import Signal, read_signal

STATUS, BRACE = 1, 0x7B
QUEUE_TYPES = (bytes([QUEUE]), bytes([QUEUE_REQUEST]), bytes([QUEUE_ASK]))
_STATUS_HEAD = struct.Struct(">BBBHHHfB")
FILE_BYTES = 32
# Beside the not-ready reason: a role follows.
HAS_ROLE = 8
# Of the file's id, and what is the matter with it.
_TROUBLE = struct.Struct(">8sB")


@dataclass(frozen=True)
class Status:
    name: str
    is_visible: bool = False
    # The file this peer holds, has decoded and could play now.
    ready_file_id: str | None = None
    # It will not play the chosen file at all: nobody should wait for it.
    is_unable: bool = False
    rtt_ms: float = 0.0
    speaker_delay_ms: int = 0
    # How long it needs from a plan that arrives to sound at its loudspeaker.
    start_ms: int = 0
    # How far ahead (+) of the plan it sounds; None while it is not playing.
    sync_error_ms: float | None = None
    # It sounds within this of that error in 19 of 20 moments.
    uncertainty_ms: float = 0.0
    is_clicking: bool = False
    is_phone: bool = False
    not_ready_reason: NotReadyReason | None = None
    # Files that it cannot play, or not whole: the first 16 hex digits of the id, and what is the matter.
    troubles: tuple[tuple[str, FileTrouble], ...] = ()
    # The chosen file has ended here.
    is_over: bool = False
    # The chosen file, decoded here, could not be lined up with its owner's decode.
    is_unaligned: bool = False
    # What part of the sound it plays, by its own word; None: it says nothing of it, and plays all.
    role: ToldRole | None = None


@dataclass(frozen=True)
class StatusMessage:
    """`asks`: the sender has not been greeted by the receiver, and does not hear it before that."""

    status: Status
    asks: bool = False


PeerMessage = StatusMessage | HeartbeatMessage | QueueMessage | RoleRequest | Signal


def clean_name(name: str) -> str:
    """A person's name as it may be shown."""
    return safe_text(name, MAX_PERSON_NAME_CHARS)


def told_troubles(
    troubles: Mapping[str, FileTrouble], chosen: str | None
) -> tuple[tuple[str, FileTrouble], ...]:
    """Of files that this peer cannot play, or not whole, as many as a status holds, the chosen one first."""
    in_order = sorted(troubles, key=lambda file_id: (file_id != chosen, file_id))
    return tuple(
        (file_id[: 2 * FILE_PREFIX_BYTES], troubles[file_id]) for file_id in in_order[:MAX_TOLD_TROUBLES]
    )


def encode_message(message: PeerMessage) -> bytes:
    if isinstance(message, StatusMessage):
        return _encode_status(message.status, asks=message.asks)
    if isinstance(message, HeartbeatMessage):
        return encode_heartbeat(message)
    if isinstance(message, Queue | QueueRequest | QueueAsk):
        return encode_queue_message(message)
    if isinstance(message, RoleRequest):
        return encode_role_request(message)
    return b'{"k":"g","g":' + msgspec.json.encode(message) + b"}"


def decode_message(content: bytes) -> PeerMessage:
    """Raises `WireError` wire-malformed."""
    try:
        if content[:1] == bytes([STATUS]):
            return _decode_status(content)
        if content[:1] == bytes([HEARTBEAT]):
            return decode_heartbeat(content)
        if content[:1] in QUEUE_TYPES:
            return decode_queue_message(content)
        if content[:1] == bytes([ROLE_REQUEST]):
            return decode_role_request(content)
        if content[:1] == bytes([BRACE]):
            return _decode_signal(content)
    except (struct.error, ValueError, RecursionError) as cause:
        raise WireError("wire-malformed", "not a message") from cause
    raise WireError("wire-malformed", "message type")


def _encode_status(status: Status, *, asks: bool) -> bytes:
    flags: dict[StatusFlag, bool] = {
        "visible": status.is_visible,
        "unable": status.is_unable,
        "clicking": status.is_clicking,
        "phone": status.is_phone,
        "ready-file": status.ready_file_id is not None,
        "asks": asks,
        "over": status.is_over,
        "unaligned": status.is_unaligned,
    }
    bits = flags_of(*(flags[flag] for flag in STATUS_FLAGS))
    not_ready_reason = (
        0 if status.not_ready_reason is None else 1 + NOT_READY_REASONS.index(status.not_ready_reason)
    )
    has_role = 0 if status.role is None else HAS_ROLE
    halves = not_ready_reason | has_role | len(status.troubles) << 4
    troubles = b"".join(
        _TROUBLE.pack(bytes.fromhex(prefix), FILE_TROUBLES.index(trouble))
        for prefix, trouble in status.troubles
    )
    error_ms = math.nan if status.sync_error_ms is None else status.sync_error_ms
    rtt_tenths = min(0xFFFF, round(status.rtt_ms * 10))
    uncertainty = math.ceil(min(0xFF, status.uncertainty_ms * 10))
    head = _STATUS_HEAD.pack(
        STATUS,
        bits,
        halves,
        status.speaker_delay_ms,
        rtt_tenths,
        status.start_ms,
        error_ms,
        uncertainty,
    )
    role = b"" if status.role is None else encode_told_role(status.role)
    return head + bytes.fromhex(status.ready_file_id or "") + troubles + role + status.name.encode()


def _decode_status(content: bytes) -> StatusMessage:
    _, bits, halves, delay_ms, rtt_tenths, start_ms, error_ms, uncertainty = _STATUS_HEAD.unpack_from(content)
    has = {flag for bit, flag in enumerate(STATUS_FLAGS) if bits & 1 << bit}
    not_ready_reason, count = halves & 7, halves >> 4
    checked(not_ready_reason, 0, len(NOT_READY_REASONS))
    checked(count, 0, MAX_TOLD_TROUBLES)
    checked(delay_ms, 0, MAX_SPEAKER_DELAY_MS)
    checked(start_ms, 0, MAX_START_MS)
    if not math.isnan(error_ms):
        checked(error_ms, -MAX_TOLD_ERROR_MS, MAX_TOLD_ERROR_MS)
    file_id, rest = _file_if(content[_STATUS_HEAD.size :], is_there="ready-file" in has)
    troubles = tuple(_decode_trouble(rest, at) for at in range(0, count * _TROUBLE.size, _TROUBLE.size))
    rest = rest[count * _TROUBLE.size :]
    reader = ByteReader(rest)
    role = decode_told_role(reader) if halves & HAS_ROLE else None
    name = reader.rest()
    if len(name) > 4 * MAX_PERSON_NAME_CHARS:
        raise WireError("wire-malformed", "name")
    status = Status(
        name=clean_name(name.decode()),
        is_visible="visible" in has,
        ready_file_id=file_id,
        is_unable="unable" in has,
        rtt_ms=rtt_tenths / 10,
        speaker_delay_ms=delay_ms,
        start_ms=start_ms,
        sync_error_ms=None if math.isnan(error_ms) else round(error_ms, 3),
        uncertainty_ms=uncertainty / 10,
        is_clicking="clicking" in has,
        is_phone="phone" in has,
        not_ready_reason=NOT_READY_REASONS[not_ready_reason - 1] if not_ready_reason else None,
        troubles=troubles,
        is_over="over" in has,
        is_unaligned="unaligned" in has,
        role=role,
    )
    return StatusMessage(status, asks="asks" in has)


def _decode_trouble(content: bytes, at: int) -> tuple[str, FileTrouble]:
    prefix, trouble = _TROUBLE.unpack_from(content, at)
    checked(trouble, 0, len(FILE_TROUBLES) - 1)
    return prefix.hex(), FILE_TROUBLES[trouble]


def _decode_signal(content: bytes) -> Signal:
    """In full, or, for a candidate, what cannot be inferred."""
    match parse_json(content):
        case {"k": "g", "g": whole}:
            return read_signal(whole)
        case {"k": "c", "c": [session, candidate, mid, *_]}:
            # One bundled media section: its index is 0 where its name is missing.
            place = {"sdpMLineIndex": 0} if mid is None else {"sdpMid": mid}
            init = {"candidate": candidate, **place}
            return read_signal({"kind": "candidate", "session": session, "candidate": init})
    raise WireError("wire-malformed", "not a signal")


def _file_if(rest: bytes, *, is_there: bool) -> tuple[str | None, bytes]:
    if not is_there:
        return None, rest
    if len(rest) < FILE_BYTES:
        raise WireError("wire-malformed", "runs over")
    return rest[:FILE_BYTES].hex(), rest[FILE_BYTES:]
