"""The queue, what others ask of it, and asking for it, as bytes: as web/src/session/core/queue-message.ts,
which says what is where. A full queue in a full swarm fits one envelope. Pure.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, replace

from unisono.peer.byte_reader import ByteReader, checked
from unisono.peer.constants.director import (
    MAX_PLAN_US,
    MAX_QUEUE_DONE,
    MAX_QUEUE_ENTRIES,
    MAX_QUEUE_PERSONS,
    MAX_QUEUE_PLAYED,
    MIN_DURATION_US,
    QUEUE_OPS,
    QUEUE_PLACES,
    SKIP_REASONS,
)
from unisono.peer.constants.director import (
    QueueOp as OpName,
)
from unisono.peer.errors import WireError
from unisono.peer.queue import (
    Add,
    Boost,
    Clear,
    Lock,
    Move,
    Queue,
    QueueEntry,
    QueueOp,
    QueueRequest,
    QueueStamp,
    Remove,
    persons_in,
)

QUEUE, QUEUE_REQUEST, QUEUE_ASK = 3, 4, 5
_NAMES: dict[type[QueueOp], OpName] = {
    Add: "add",
    Remove: "remove",
    Move: "move",
    Boost: "boost",
    Clear: "clear",
    Lock: "lock",
}


@dataclass(frozen=True)
class QueueAsk:
    """Whoever directs answers with its queue."""


QueueMessage = Queue | QueueRequest | QueueAsk


def encode_queue_message(message: QueueMessage) -> bytes:
    """Raises ValueError for a queue that nobody has written."""
    if isinstance(message, Queue):
        return _encode_queue(message)
    if isinstance(message, QueueRequest):
        return _encode_request(message)
    return bytes([QUEUE_ASK])


def decode_queue_message(content: bytes) -> QueueMessage:
    """Raises `WireError` wire-malformed."""
    reader = ByteReader(content)
    match reader.uint8():
        case 3:
            message: QueueMessage = _decode_queue(reader)
        case 4:
            message = QueueRequest(reader.entry_id(), _decode_op(reader))
        case 5:
            message = QueueAsk()
        case _:
            raise WireError("wire-malformed", "message type")
    reader.end()
    return message


def _encode_queue(queue: Queue) -> bytes:
    stamp = queue.stamp
    if stamp is None:
        raise ValueError("a queue without a stamp")
    persons = sorted(persons_in(queue))
    place_of = {user_id: place for place, user_id in enumerate(persons)}
    counts = (len(persons), len(queue.entries), len(queue.played), len(queue.done))
    parts = [
        bytes([QUEUE, queue.is_locked]),
        struct.pack(">I16sI", stamp.term, bytes.fromhex(stamp.user_id), stamp.rev),
        bytes(counts),
        bytes.fromhex("".join(persons)),
    ]
    for entry in queue.entries:
        voices = sum(1 << place_of[user_id] for user_id in entry.boosts)
        parts += [_encode_entry(entry, place_of), voices.to_bytes(-(-len(persons) // 8), "little")]
    parts += [_encode_entry(entry, place_of) for entry in queue.played]
    return b"".join([*parts, bytes.fromhex("".join(queue.done))])


def _encode_entry(entry: QueueEntry, place_of: dict[str, int]) -> bytes:
    skipped = 0 if entry.skipped is None else 1 + SKIP_REASONS.index(entry.skipped)
    head = bytes.fromhex(entry.entry_id + entry.file_id) + bytes([place_of[entry.added_by]])
    return head + _encode_duration(entry.duration_us) + bytes([skipped])


def _decode_queue(reader: ByteReader) -> Queue:
    is_locked = reader.is_set()
    term = reader.uint32()
    stamp = QueueStamp(term, reader.user_id(), reader.uint32())
    most = (MAX_QUEUE_PERSONS, MAX_QUEUE_ENTRIES, MAX_QUEUE_PLAYED, MAX_QUEUE_DONE)
    person_count, entry_count, played_count, done_count = (reader.uint8(each) for each in most)
    persons = [reader.user_id() for _ in range(person_count)]
    entries = []
    for _ in range(entry_count):
        entry = _decode_entry(reader, persons)
        voices = int.from_bytes(reader.take(-(-person_count // 8)), "little")
        boosts = tuple(user_id for place, user_id in enumerate(persons) if voices & 1 << place)
        entries.append(replace(entry, boosts=boosts))
    played = [_decode_entry(reader, persons) for _ in range(played_count)]
    done = [reader.entry_id() for _ in range(done_count)]
    if persons != sorted(set(persons)):
        raise WireError("wire-malformed", "persons out of order")
    for ids in ([entry.entry_id for entry in (*entries, *played)], done):
        if len(set(ids)) < len(ids):
            raise WireError("wire-malformed", "an id twice")
    return Queue(stamp, is_locked, tuple(entries), tuple(played), tuple(done))


def _decode_entry(reader: ByteReader, persons: list[str]) -> QueueEntry:
    entry_id, file_id = reader.entry_id(), reader.file_id()
    added_by = persons[reader.uint8(len(persons) - 1)]
    duration_us, skipped = _decode_duration(reader), reader.uint8(len(SKIP_REASONS))
    reason = SKIP_REASONS[skipped - 1] if skipped else None
    return QueueEntry(entry_id, file_id, added_by, duration_us, reason)


def _encode_request(request: QueueRequest) -> bytes:
    op = request.op
    head = (
        bytes([QUEUE_REQUEST])
        + bytes.fromhex(request.request_id)
        + bytes([QUEUE_OPS.index(_NAMES[type(op)])])
    )
    match op:
        case Add():
            place = bytes([QUEUE_PLACES.index(op.place)])
            return head + place + _encode_duration(op.duration_us) + bytes.fromhex(op.file_id)
        case Remove():
            return head + bytes.fromhex(op.entry_id)
        case Move():
            return head + bytes.fromhex(op.entry_id + (op.before_id or ""))
        case Boost():
            return head + bytes([op.is_on]) + bytes.fromhex(op.entry_id)
        case Clear():
            return head
        case Lock():
            return head + bytes([op.is_locked])


def _decode_op(reader: ByteReader) -> QueueOp:
    match QUEUE_OPS[reader.uint8(len(QUEUE_OPS) - 1)]:
        case "add":
            place = QUEUE_PLACES[reader.uint8(len(QUEUE_PLACES) - 1)]
            duration_us = _decode_duration(reader)
            return Add(reader.file_id(), duration_us, place)
        case "remove":
            return Remove(reader.entry_id())
        case "move":
            return Move(reader.entry_id(), reader.entry_id() if reader.has_more() else None)
        case "boost":
            is_on = reader.is_set()
            return Boost(reader.entry_id(), is_on)
        case "clear":
            return Clear()
        case "lock":
            return Lock(reader.is_set())


def _encode_duration(duration_us: float | None) -> bytes:
    return struct.pack(">d", math.nan if duration_us is None else duration_us)


def _decode_duration(reader: ByteReader) -> float | None:
    duration_us = reader.float64()
    return None if math.isnan(duration_us) else checked(duration_us, MIN_DURATION_US, MAX_PLAN_US)
