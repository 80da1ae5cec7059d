"""What a role plays of a sound: of one that has no such channel, something near it, so that nobody is silent
for a song of two channels (P87). Pure; as web/src/audio/role-part.ts, by vectors/roles.json.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unisono.peer.constants.session import Role
from unisono.peer.low_band import LowBand
from unisono.peer.sound import ReadableSound, Sound

# Surrounds and backs stand for each other: files of six channels have either.
_NEXT_TO: dict[Role, Role] = {
    "surround-left": "back-left",
    "surround-right": "back-right",
    "back-left": "surround-left",
    "back-right": "surround-right",
}
_INSTEAD: dict[Role, Role] = {
    "front-left": "left",
    "front-right": "right",
    "centre": "all",
    "lfe": "low",
    "surround-left": "left",
    "surround-right": "right",
    "back-left": "left",
    "back-right": "right",
    "back-centre": "all",
}
# Row of a sound, behind left and right.
_ISOLATED = 2


def is_channel(role: Role) -> bool:
    return role in _INSTEAD


def part_for(role: Role, channels: Sequence[str]) -> Role:
    """`channels`: those of the sound that have names; a channel is played by a sound that has it."""
    if not is_channel(role) or role in channels:
        return role
    near = _NEXT_TO.get(role)
    return near if near is not None and near in channels else _INSTEAD[role]


def isolated_for(role: Role, channels: Sequence[str]) -> str | None:
    """The channel that has to be decoded besides what all play."""
    part = part_for(role, channels)
    return part if is_channel(part) else None


def played(sound: ReadableSound, part: Role) -> ReadableSound:
    """Two channels of a sound, before anything is done to them at their place."""
    match part:
        case "all" | "low" | "without-low":
            return _Rows(sound, (0, 1))
        case "left":
            return _Rows(sound, (0, 0))
        case "right":
            return _Rows(sound, (1, 1))
        case _:
            return _Rows(sound, (_ISOLATED, _ISOLATED))


def filtered(sound: ReadableSound, part: Role, sample_rate: int) -> ReadableSound:
    """`sound` is what is `played` of the whole song, or of the stretch of it that sounds."""
    if part == "low":
        return LowBand(sound, sample_rate)
    return _WithoutLow(sound, sample_rate) if part == "without-low" else sound


class _Rows:
    def __init__(self, sound: ReadableSound, rows: tuple[int, int]) -> None:
        self._sound = sound
        self._rows = rows

    @property
    def frames(self) -> int | None:
        return self._sound.frames

    def read(self, first: int, length: int) -> Sound | None:
        sound = self._sound.read(first, length)
        if sound is None or (self._rows == (0, 1) and len(sound) == len(self._rows)):
            return sound
        return sound[[min(row, len(sound) - 1) for row in self._rows]]


class _WithoutLow:
    def __init__(self, sound: ReadableSound, sample_rate: int) -> None:
        self._sound = sound
        self._low = LowBand(sound, sample_rate)

    @property
    def frames(self) -> int | None:
        return self._sound.frames

    def read(self, first: int, length: int) -> Sound | None:
        sound, low = self._sound.read(first, length), self._low.read(first, length)
        return None if sound is None or low is None else np.asarray(sound - low, dtype=np.float32)
