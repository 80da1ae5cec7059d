"""What a device says of its role, and a director's request for one, as bytes, as
web/src/session/core/role-message.ts. Pure. Whatever is malformed raises `WireError`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from unisono.peer.byte_reader import ByteReader
from unisono.peer.constants.session import ROLE_ANSWERS, ROLES, Role, RoleAnswer
from unisono.peer.queue import QueueStamp

ROLE_REQUEST = 6
# Its place among the roles, flags, the choice.
_TOLD_HEAD = struct.Struct(">BBI")
_SILENT = 8
_MOST_FLAGS = 2 * _SILENT - 1


@dataclass(frozen=True)
class ToldRole:
    """A device's own word on what it plays (R1)."""

    role: Role = "all"
    # Its person lets whoever directs assign roles.
    has_consented: bool = False
    # Another with each choice that is made on the device itself.
    choice: int = 0
    # Which request of which director it answers, and how.
    answer: tuple[QueueStamp, RoleAnswer] | None = None
    # It only holds songs and hands them on: nothing of what it plays can be heard.
    is_silent: bool = False


@dataclass(frozen=True)
class RoleRequest:
    """Who asks is who sends it."""

    role: Role
    # The choice of the device that the director knows of (R5).
    choice: int
    term: int
    rev: int


def encode_told_role(told: ToldRole) -> bytes:
    flags = int(told.has_consented) | (_SILENT if told.is_silent else 0)
    answered = b""
    if told.answer is not None:
        stamp, code = told.answer
        flags |= 1 + ROLE_ANSWERS.index(code) << 1
        answered = struct.pack(">II", stamp.term, stamp.rev) + bytes.fromhex(stamp.user_id)
    return _TOLD_HEAD.pack(ROLES.index(told.role), flags, told.choice) + answered


def decode_told_role(reader: ByteReader) -> ToldRole:
    role = _decode_role(reader)
    flags = reader.uint8(_MOST_FLAGS)
    choice = reader.uint32()
    answer = None
    answer_place = flags >> 1 & 3
    if answer_place:
        term, rev = reader.uint32(), reader.uint32()
        answer = QueueStamp(term, reader.user_id(), rev), ROLE_ANSWERS[answer_place - 1]
    return ToldRole(role, flags & 1 == 1, choice, answer, flags & _SILENT != 0)


def encode_role_request(request: RoleRequest) -> bytes:
    place = ROLES.index(request.role)
    return struct.pack(">BBIII", ROLE_REQUEST, place, request.choice, request.term, request.rev)


def decode_role_request(content: bytes) -> RoleRequest:
    reader = ByteReader(content)
    reader.uint8()
    request = RoleRequest(_decode_role(reader), reader.uint32(), reader.uint32(), reader.uint32())
    reader.end()
    return request


def _decode_role(reader: ByteReader) -> Role:
    return ROLES[reader.uint8(len(ROLES) - 1)]
