"""Opens a song for decoding: which formats and which of its tracks, and what it says of its length."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from unisono.peer.decode_lead_in import Behind, container_start
from unisono.peer.decode_length import SaidLength, said_length
from unisono.peer.decode_ogg_start import OggStart, ogg_start
from unisono.peer.decode_stream import MASKED_FORMATS, Decoding, NoSoundError
from unisono.peer.downmix import names_of, places_of

# What phones play. FFmpeg knows hundreds more, among them lists that name other files and addresses.
FORMATS = (
    "mp3",
    "aac",
    "mov,mp4,m4a,3gp,3g2,mj2",
    "flac",
    "ogg",
    "wav",
    "w64",
    "matroska,webm",
    "aiff",
    "au",
    "caf",
    "amr",
)
CODECS = re.compile(
    r"mp[123](float)?|aac|alac|flac|(lib)?(vorbis|opus|speex)|e?ac3|amr[nw]b|adpcm_(ms|ima_wav)|pcm_.*"
)

# Channels that are played as they are.
MIXED = 2
WAV_HEAD_BYTES = 12
WAV_CHUNK = struct.Struct("<4sI")
# Channels and the size of a block, behind the code and around the rates.
WAV_FORMAT = struct.Struct("<2xH8xH")


@dataclass(frozen=True)
class OpenSong:
    container: InputContainer
    stream: AudioStream
    rate: int
    said: SaidLength
    # Of the song, without what stands before its container.
    size_bytes: int
    ogg: OggStart

    @property
    def channels(self) -> list[str]:
        """The names of its channels, where it has more than two and their order is known."""
        places = [each.name for each in self.stream.layout.channels]
        if len(places) <= MIXED:
            return []
        masked = places if self.container.format.name in MASKED_FORMATS else []
        return names_of(places_of(len(places), self.stream.codec_context.name, masked))

    def decoding(self) -> Decoding:
        return Decoding(self.container, self.stream, self.rate, self.ogg.packets_before_leap)


@contextmanager
def opened(song: BinaryIO, max_rate: int) -> Iterator[OpenSong]:
    """From its beginning, however far it was read before. Raises `NoSoundError` and FFmpeg's errors."""
    size_bytes = 0
    if song.seekable():
        song.seek(0)
        if start := container_start(song):
            song = cast("BinaryIO", Behind(song, start))
        size_bytes = song.seek(0, io.SEEK_END)
        song.seek(0)
    with av.open(
        song,
        "r",
        metadata_errors="replace",
        options={"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "none"},
    ) as container:
        stream = _sound_in(container)
        if container.format.name == "wav":
            _refuse_padded(song, stream.codec_context.name)
        ogg = ogg_start(container, stream, song)
        said = said_length(container, stream, song, ogg.sec)
        yield OpenSong(container, stream, min(max_rate, stream.rate), said, size_bytes, ogg)


def _sound_in(container: InputContainer) -> AudioStream:
    """The first track that can be played; films bring several."""
    refusals: list[str] = []
    for stream in container.streams.audio:
        # Without a decoder there is no context, whatever PyAV's types say.
        codec: str = getattr(stream.codec_context, "name", "unknown")
        if not CODECS.fullmatch(codec):
            refusals.append(f"its sound is {codec}, which is not played here")
        elif not stream.rate or stream.rate < 0:
            refusals.append("it names no sample rate")
        else:
            return stream
    raise NoSoundError(refusals[0] if refusals else "no sound in it that this peer can decode")


def _refuse_padded(song: BinaryIO, codec: str) -> None:
    """Samples stored wider than they are: FFmpeg takes them for narrow ones, and they come out as noise.

    `song` is left where it stands. Raises `NoSoundError`.
    """
    sample_bits = re.fullmatch(r"pcm_[suf](\d+)(le|be)?", codec)
    if not sample_bits:
        return
    place = song.tell()
    try:
        stored_bits = _stored_bits(song)
    finally:
        song.seek(place)
    if stored_bits is not None and stored_bits != int(sample_bits[1]):
        raise NoSoundError(f"its samples are stored in {stored_bits:g} bits each, which is not played here")


def _stored_bits(song: BinaryIO) -> float | None:
    """Of one sample, by the size of a block of all channels in a WAV's format chunk."""
    song.seek(WAV_HEAD_BYTES)
    while len(head := song.read(WAV_CHUNK.size)) == WAV_CHUNK.size:
        name, size_bytes = WAV_CHUNK.unpack(head)
        if name == b"fmt ":
            form = song.read(WAV_FORMAT.size)
            if len(form) < WAV_FORMAT.size:
                return None
            channels, block_bytes = WAV_FORMAT.unpack(form)
            return block_bytes * 8 / channels if channels and block_bytes else None
        song.seek(size_bytes + size_bytes % 2, io.SEEK_CUR)
    return None
