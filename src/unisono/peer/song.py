"""A song as it is played, and how much of it is missing. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from unisono.peer.constants.audio import ROUGHLY_SHORT_DECODE_SHARE, SHORT_DECODE_SEC, SHORT_DECODE_SHARE
from unisono.peer.sound import ReadableSound


@dataclass
class SaidLength:
    """Of a song, by its file's own word, which a look through the file may correct while it plays already."""

    # None where it says nothing.
    sec: float | None = None
    # That is the length of a film, whose sound may be shorter.
    is_rough: bool = False


@dataclass(frozen=True)
class Song:
    """`offset_sec` is how much later its sound lies in this decode than in the anchor's."""

    file_id: str
    sample_rate: int
    # In two channels, and behind them what is isolated.
    sound: ReadableSound
    offset_sec: float = 0.0
    said: SaidLength = field(default_factory=SaidLength)
    # Those of the file that have names, where it has more than two; and the one that was decoded by itself.
    channel_names: tuple[str, ...] = ()
    isolated: str | None = None

    @property
    def duration_sec(self) -> float:
        """Without end until its end is known."""
        frames = self.sound.frames
        return math.inf if frames is None else frames / self.sample_rate

    @property
    def whole_sec(self) -> float:
        """When it ends for everybody: a decode that is short here does not end it for the others."""
        return max(self.duration_sec, self.said.sec or 0.0) if self.missing_sec > 0 else self.duration_sec

    @property
    def missing_sec(self) -> float:
        """How much of its end could not be decoded here; 0 where the lengths agree, or are not known yet."""
        said_sec = self.said.sec or 0.0
        share = ROUGHLY_SHORT_DECODE_SHARE if self.said.is_rough else SHORT_DECODE_SHARE
        missing_sec = said_sec - self.duration_sec
        return missing_sec if missing_sec > max(SHORT_DECODE_SEC, share * said_sec) else 0.0
