"""Where the sound of an Ogg file begins by its own count.

Who records a broadcast gets the headers and then whatever was sent just then, so the first page may state any
place. FFmpeg leaves that out of the length of Vorbis, but not of Opus, where it says when the sound begins.
FLAC is said to begin at 0: the packets of the first page are counted from there, all others by their pages.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from av.audio.stream import AudioStream
from av.container import InputContainer

# RFC 3533, section 6: flags, granule position, serial number, and at the end the number of segments.
PAGE_HEAD = struct.Struct("<4sxBqI8xB")
IS_FIRST = 2
FULL_SEGMENT = 255
# Before STREAMINFO: a marker, a version, a count, "fLaC", a block header (RFC 9639, section 10.1).
FLAC_MAPPING_BYTES = 17
FLAC_BLOCK_SIZES = struct.Struct(">HH")
# Headers with large pictures lie before the first page of sound.
MOST_BYTES_BEFORE = 20 * 1024 * 1024


@dataclass(frozen=True)
class OggStart:
    # Seconds that the file counts before its first sound.
    sec: float = 0.0
    # Behind so many packets FFmpeg's timestamps leap, where nothing is missing.
    packets_before_leap: int | None = None


def ogg_start(container: InputContainer, stream: AudioStream, song: BinaryIO) -> OggStart:
    """`song` is left where it stands."""
    if container.format.name != "ogg":
        return OggStart()
    codec = stream.codec_context.name
    if "opus" in codec and stream.start_time and stream.time_base:
        return OggStart(max(0.0, float(stream.start_time * stream.time_base)))
    if codec != "flac" or not song.seekable():
        return OggStart()
    place = song.tell()
    try:
        song.seek(0)
        return _flac_start(song, stream.rate)
    finally:
        song.seek(place)


def _flac_start(song: BinaryIO, rate_hz: int) -> OggStart:
    serial, block_frames, packets = None, 0, 0
    while song.tell() < MOST_BYTES_BEFORE and len(head := song.read(PAGE_HEAD.size)) == PAGE_HEAD.size:
        capture, flags, granule, page_serial, segments = PAGE_HEAD.unpack(head)
        laces = song.read(segments)
        if capture != b"OggS" or len(laces) < segments:
            break
        content = song.read(sum(laces))
        sizes = content[FLAC_MAPPING_BYTES : FLAC_MAPPING_BYTES + FLAC_BLOCK_SIZES.size]
        if flags & IS_FIRST and serial is None and content.startswith(b"\x7fFLAC") and len(sizes) == 4:
            serial, block_frames = page_serial, FLAC_BLOCK_SIZES.unpack(sizes)[1]
        elif page_serial == serial and granule != 0:  # headers state 0
            packets += sum(size < FULL_SEGMENT for size in laces)
            if granule > 0:
                before = granule - packets * block_frames
                return OggStart(before / rate_hz, packets) if before > 0 else OggStart()
    return OggStart()
