"""How long a file says it is, as far as that can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from av.audio.stream import AudioStream
from av.container import InputContainer

from unisono.peer.decode_lead_in import behind_tags

# They say nothing of their length: FFmpeg divides their size by the rate of their first moments.
GUESSED_FORMATS = frozenset({"mp3", "aac"})
# They say how long the whole film is, and its sound may be shorter.
FILM_FORMATS = frozenset({"matroska,webm"})

FRAME_HEAD_BYTES = 4
# More than its header and what may count its frames.
LOOK_BYTES = 128
# Where the number of frames stands in a VBRI header, which lies behind 32 bytes of silence.
VBRI_AT = FRAME_HEAD_BYTES + 32
VBRI_FRAMES_AT = VBRI_AT + 14
HAS_XING_FRAMES = 1
LAYER_3 = 1
MPEG_1, MPEG_2 = 3, 2
MONO = 3
RATES_HZ = (44_100, 48_000, 32_000)


@dataclass(frozen=True)
class SaidLength:
    # None where the file says nothing.
    sec: float | None
    # The sound itself may be shorter without a fault.
    is_rough: bool = False


def said_length(
    container: InputContainer, stream: AudioStream, song: BinaryIO, counted_before_sec: float
) -> SaidLength:
    """`song` is left where it stands. `counted_before_sec`: what the file counts before its first sound."""
    if container.format.name in GUESSED_FORMATS:
        return SaidLength(_mp3_sec(song) if container.format.name == "mp3" else None)
    if stream.duration and stream.time_base:
        whole_sec = float(stream.duration * stream.time_base)
        return SaidLength(max(0.0, whole_sec - counted_before_sec))
    if container.duration is None:
        return SaidLength(None)
    return SaidLength(container.duration / 1e6, is_rough=container.format.name in FILM_FORMATS)


def _mp3_sec(song: BinaryIO) -> float | None:
    """By the Xing, Info or VBRI header in its first frame."""
    place = song.tell()
    try:
        head = _first_frame(song)
    finally:
        song.seek(place)
    is_frame = len(head) > VBRI_FRAMES_AT + 4 and head[0] == 0xFF and head[1] >= 0xE0
    if not is_frame or head[1] >> 1 & 3 != LAYER_3:
        return None
    version, rate_index = head[1] >> 3 & 3, head[2] >> 2 & 3
    if rate_index == len(RATES_HZ):
        return None
    rate_hz = RATES_HZ[rate_index] // {MPEG_1: 1, MPEG_2: 2}.get(version, 4)
    frame_samples = 1152 if version == MPEG_1 else 576
    return _frames_in(head, version) * frame_samples / rate_hz or None


def _frames_in(head: bytes, version: int) -> int:
    """0 where the header does not count them."""
    is_mono = head[3] >> 6 == MONO
    side_bytes = (17 if is_mono else 32) if version == MPEG_1 else (9 if is_mono else 17)
    xing = head[FRAME_HEAD_BYTES + side_bytes :]
    if xing[:4] in (b"Xing", b"Info"):
        return int.from_bytes(xing[8:12], "big") if xing[7] & HAS_XING_FRAMES else 0
    if head[VBRI_AT : VBRI_AT + 4] == b"VBRI":
        return int.from_bytes(head[VBRI_FRAMES_AT : VBRI_FRAMES_AT + 4], "big")
    return 0


def _first_frame(song: BinaryIO) -> bytes:
    """Its beginning, behind all tags."""
    song.seek(behind_tags(song))
    return song.read(LOOK_BYTES)
