"""The director's heartbeat as bytes, as web/src/session/core/heartbeat-message.ts, which says what is where:
its record, the whole plan, and which queue is the latest. Pure.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from unisono.peer.byte_reader import ByteReader, checked, flags_of
from unisono.peer.constants.director import (
    MAX_CROSSFADE_MS,
    MAX_PLAN_US,
    MAX_TEMPO,
    MIN_LOOP_US,
    MIN_TEMPO,
    PLAN_STATES,
    REPEATS,
)
from unisono.peer.constants.session import MAX_CLOCK_NAME_CHARS
from unisono.peer.errors import WireError
from unisono.peer.plan import Heartbeat, Plan, Record
from unisono.peer.queue import QueueStamp

HEARTBEAT = 2
_HEAD = struct.Struct(">BBBI16sIIddBHB")
RESIGNED, HAS_FILE = 1, 2
STATE_BIT, REPEAT_BIT = 2, 4
HAS_ENTRY, HAS_LOOP, HAS_QUEUE, IS_OF_ANOTHER = 1, 2, 4, 8


@dataclass(frozen=True)
class HeartbeatMessage:
    """The director's word, and which queue it holds for the latest."""

    heartbeat: Heartbeat
    queue_stamp: QueueStamp | None = None


def encode_heartbeat(message: HeartbeatMessage) -> bytes:
    record, plan, stamp = message.heartbeat.record, message.heartbeat.plan, message.queue_stamp
    is_of_another = stamp is not None and (stamp.term, stamp.user_id) != (record.term, record.user_id)
    words = PLAN_STATES.index(plan.state) << STATE_BIT | REPEATS.index(plan.repeat) << REPEAT_BIT
    content = _HEAD.pack(
        HEARTBEAT,
        flags_of(record.is_resigned, plan.file_id is not None) | words,
        flags_of(plan.entry_id is not None, plan.loop_us is not None, stamp is not None, is_of_another),
        record.term,
        bytes.fromhex(record.user_id),
        plan.term,
        plan.rev,
        plan.global_start_us,
        plan.position_us,
        plan.tempo,
        plan.crossfade_ms,
        len(plan.clock_id),
    )
    content += (
        plan.clock_id.encode("ascii") + bytes.fromhex(plan.file_id or "") + bytes.fromhex(plan.entry_id or "")
    )
    if plan.loop_us is not None:
        content += struct.pack(">dd", *plan.loop_us)
    if stamp is not None:
        content += struct.pack(">I", stamp.rev)
        if is_of_another:
            content += struct.pack(">I", stamp.term) + bytes.fromhex(stamp.user_id)
    return content


def decode_heartbeat(content: bytes) -> HeartbeatMessage:
    """Raises `WireError` wire-malformed."""
    reader = ByteReader(content)
    reader.uint8()
    flags, more = reader.uint8(63), reader.uint8(15)
    state, repeat = flags >> STATE_BIT & 3, flags >> REPEAT_BIT
    checked(state, 0, len(PLAN_STATES) - 1)
    checked(repeat, 0, len(REPEATS) - 1)
    has_entry, has_queue = bool(more & HAS_ENTRY), bool(more & HAS_QUEUE)
    if (has_entry and not flags & HAS_FILE) or (more & IS_OF_ANOTHER and not has_queue):
        raise WireError("wire-malformed", "flags")
    record = Record(reader.uint32(), reader.user_id(), bool(flags & RESIGNED))
    term, rev = reader.uint32(), reader.uint32()
    start_us = checked(reader.float64(), -MAX_PLAN_US, MAX_PLAN_US)
    position_us = checked(reader.float64(), 0, MAX_PLAN_US)
    tempo = int(checked(reader.uint8(), MIN_TEMPO, MAX_TEMPO))
    crossfade_ms = reader.uint16(MAX_CROSSFADE_MS)
    plan = Plan(
        term=term,
        rev=rev,
        clock_id=reader.ascii(reader.uint8(MAX_CLOCK_NAME_CHARS)),
        file_id=reader.file_id() if flags & HAS_FILE else None,
        state=PLAN_STATES[state],
        global_start_us=start_us,
        position_us=position_us,
        entry_id=reader.entry_id() if has_entry else None,
        repeat=REPEATS[repeat],
        loop_us=_decode_loop(reader) if more & HAS_LOOP else None,
        tempo=tempo,
        crossfade_ms=crossfade_ms,
    )
    stamp = _decode_stamp(reader, record, is_of_another=bool(more & IS_OF_ANOTHER)) if has_queue else None
    reader.end()
    return HeartbeatMessage(Heartbeat(record, plan), stamp)


def _decode_loop(reader: ByteReader) -> tuple[float, float]:
    from_us = checked(reader.float64(), 0, MAX_PLAN_US)
    return from_us, checked(reader.float64(), from_us + MIN_LOOP_US, MAX_PLAN_US)


def _decode_stamp(reader: ByteReader, record: Record, *, is_of_another: bool) -> QueueStamp:
    rev = reader.uint32()
    if not is_of_another:
        return QueueStamp(record.term, record.user_id, rev)
    term = reader.uint32()
    return QueueStamp(term, reader.user_id(), rev)
