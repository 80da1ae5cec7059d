"""What a peer asks of its decoding process and what that answers. Pure.

The job is one argument in JSON. The answer is blocks, each a kind (one byte), a length (32 bit, big-endian)
and content: "h" JSON of `Heading`, "s" sound as 32-bit floats, left and right in turn (and, where the heading
says so, a channel by itself), "n" nothing yet, and last "e" JSON of `Ending`, without which the process broke
down.
"""

from __future__ import annotations

import struct

import msgspec

from unisono.peer.constants.session import Role

BLOCK_HEAD = struct.Struct(">cI")
# Longer than any block of an honest process.
MAX_BLOCK_BYTES = 1024 * 1024
BYTES_PER_SAMPLE = 4


class SeekIndex(msgspec.Struct, frozen=True):
    """What a look through the whole file tells: how long it is, and where its timestamps can be trusted."""

    # Of the whole decode.
    frames: int
    # Timestamp of the first frame, in the stream's time base, and the rate before any resampling.
    origin_pts: int = 0
    source_rate: int = 0
    # Up to this frame, and this byte (None: all), a timestamp says exactly where in the decode a frame is.
    exact_frames: int = 0
    exact_bytes: int | None = None
    # A better word on the length than the container's, where the decoder cannot read to the end.
    said_sec: float | None = None


class Job(msgspec.Struct, frozen=True):
    """One of three: play from a moment on, give some spans, or (neither) look through the file."""

    max_rate: int
    from_sec: float | None = None
    # First frame and number of frames; given one behind the other, each in full length.
    spans: list[tuple[int, int]] | None = None
    index: SeekIndex | None = None
    # Who plays: the role of this peer; where the song has such a channel, that comes behind left and right.
    role: Role = "all"


class Heading(msgspec.Struct, frozen=True):
    sample_rate: int
    # What the file says of its length; None where it says nothing.
    said_sec: float | None
    # That of a film, whose sound may be shorter.
    is_rough: bool = False
    # Where the sound that follows begins.
    from_frame: int = 0
    # Those of the song, where it has more than two and their order is known.
    channel_names: tuple[str, ...] = ()
    # What the third channel of the sound is; None: there are two.
    isolated: str | None = None

    @property
    def rows(self) -> int:
        """Of the sound that follows."""
        return 2 if self.isolated is None else 3


class Ending(msgspec.Struct, frozen=True):
    # None: done as asked.
    refusal: str | None = None
    is_too_long: bool = False
    # Where the decode ended, of who plays.
    frames: int | None = None
    # Of who looks through the file.
    index: SeekIndex | None = None
