"""A decoded song, and how much of it is missing. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from unisono.peer.anchor import Sound
from unisono.peer.constants.audio import ROUGHLY_SHORT_DECODE_SHARE, SHORT_DECODE_SEC, SHORT_DECODE_SHARE


@dataclass(frozen=True)
class Song:
    """Decoded; `offset_sec` is how much later its sound lies in this decode than in the anchor's."""

    file_id: str
    sample_rate: int
    # Channels x frames, two channels.
    channels: Sound
    offset_sec: float = 0.0
    # How long its file says it is; None where it says nothing.
    said_sec: float | None = None
    # That is the length of a film, whose sound may be shorter.
    is_said_roughly: bool = False

    @property
    def duration_sec(self) -> float:
        return float(self.channels.shape[1] / self.sample_rate)

    @property
    def whole_sec(self) -> float:
        """When it ends for everybody: a decode that is short here does not end it for the others."""
        return max(self.duration_sec, self.said_sec or 0.0) if self.missing_sec > 0 else self.duration_sec

    @property
    def missing_sec(self) -> float:
        """How much of its end could not be decoded here; 0 where the lengths agree."""
        said_sec = self.said_sec or 0.0
        share = ROUGHLY_SHORT_DECODE_SHARE if self.is_said_roughly else SHORT_DECODE_SHARE
        missing_sec = said_sec - self.duration_sec
        return missing_sec if missing_sec > max(SHORT_DECODE_SEC, share * said_sec) else 0.0
