"""Decodes one file in a process of its own: `python -m unisono.peer.decode_worker MAX_RATE MAX_BYTES < song`.

A song comes from a stranger and its decoder is written in C: here it can hang, eat memory or crash without
the peer. The process opens nothing but the song, writes nothing but its output, and ends by its limits.
Output: blocks, each a kind (one byte), a length (32 bit, big-endian) and content: "h" JSON of `Heading`, "s"
sound as 32-bit floats, left and right in turn, and last "e" JSON of `Ending`, without which it broke down.
"""

from __future__ import annotations

import io
import json
import math
import re
import struct
import sys
import wave
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, cast

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from unisono.peer.anchor import Sound
from unisono.peer.decode_lead_in import Behind, container_start
from unisono.peer.decode_length import said_length
from unisono.peer.downmix import places_of, to_stereo

BLOCK_HEAD = struct.Struct(">cI")

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

WAV_HEAD_BYTES = 12
WAV_CHUNK = struct.Struct("<4sI")
# Channels and the size of a block, behind the code and around the rates.
WAV_FORMAT = struct.Struct("<2xH8xH")

# 1 is full scale: decoders overshoot by some dB. Beyond 18 dB it is not sound but misread numbers.
LOUDEST = 8.0
# Of a song's frames; more of them that are not sound, and it is refused.
MOST_MISREAD = 0.1
# Less than a frame of any usual codec: timestamps are rounded, and a short step is none.
LEAST_GAP_SEC = 0.008
LONGEST_GAP_SEC = 60.0
# Vorbis has packets of two lengths, and only the end of each page says when it is: FFmpeg guesses in between.
LEAST_VORBIS_GAP_SEC = 0.1
# Errors in a row, without a frame between them: what follows is no sound any more.
MOST_ERRORS = 2_000
# Their timestamps are exact: a gap in them is sound that was lost without an error.
EXACT_FORMATS = frozenset({"flac", "ogg"})

# From here on PyAV finds more planes in a frame than there are, and reading them ends the process.
MANY_PLANES = 8

MEMORY_BYTES = 1024**3
CPU_SEC = 300


@dataclass(frozen=True)
class Heading:
    sample_rate: int
    # What the file says of its length; None where it says nothing.
    said_sec: float | None
    # That of a film, whose sound may be shorter.
    is_rough: bool = False


@dataclass(frozen=True)
class Ending:
    # None: decoded to its end.
    refusal: str | None = None
    is_too_long: bool = False
    # A better word on the length than the container's.
    said_sec: float | None = None


class _NoSoundError(Exception):
    """The file is refused; the message says why."""


class Decoding:
    """From the packets of one stream to stereo blocks at one rate."""

    def __init__(self, container: InputContainer, stream: AudioStream, rate: int) -> None:
        self._container = container
        self._stream = stream
        self._rate = rate
        self._is_wav = container.format.name in ("wav", "w64")
        self._is_exact = container.format.name in EXACT_FORMATS
        is_vorbis = "vorbis" in stream.codec_context.name
        self._least_gap_sec = LEAST_VORBIS_GAP_SEC if is_vorbis else LEAST_GAP_SEC
        self._shape: tuple[int, int] | None = None
        self._resampler: AudioResampler | None = None
        self._packer = _Packer()
        self._has_gap = False
        # Timestamp minus place in the output, s.
        self._base_sec: float | None = None
        self._given = 0
        # Where in the file the decoder gave up, by its own word for good.
        self.gave_up_at_byte: int | None = None
        self._read_bytes = 0
        self._misread = 0

    def blocks(self) -> Iterator[Sound]:
        """Two channels x frames. Raises `_NoSoundError`."""
        for frame in self._frames():
            yield from self._given_out(self._gap_before(frame))
            yield from self._given_out(self._convert(frame))
        yield from self._given_out(self._flush())
        if self._given == 0:
            raise _NoSoundError("it holds no sound")
        if self._misread > MOST_MISREAD * self._given:
            raise _NoSoundError("its samples are not sound")

    def length_sec(self, size_bytes: int) -> float | None:
        """How long all of it would be, where the decoder gave up: as the share of bytes it has read."""
        if not self.gave_up_at_byte:
            return None
        return self._given / self._rate * max(1.0, size_bytes / self.gave_up_at_byte)

    def _given_out(self, sound: Sound | None) -> Iterator[Sound]:
        if sound is not None and sound.shape[1] > 0:
            self._given += sound.shape[1]
            yield sound

    def _frames(self) -> Iterator[av.AudioFrame]:
        """What cannot be read or decoded is left out; whatever lies behind it is tried."""
        errors = 0
        while errors < MOST_ERRORS:
            try:
                for packet in self._container.demux(self._stream):
                    self._read_bytes = self._read_bytes if packet.pos is None else packet.pos + packet.size
                    try:
                        for frame in packet.decode():
                            errors = 0
                            yield frame
                    except av.EOFError:
                        raise
                    except (av.FFmpegError, ValueError):
                        errors += 1
                        self._has_gap = True
                    if errors >= MOST_ERRORS:
                        break
                else:
                    return
            except av.EOFError:
                return
            except av.PatchWelcomeError:  # a chained Ogg goes on in another shape: FFmpeg reads no further
                self.gave_up_at_byte = self._read_bytes
                return
            except av.FFmpegError:
                errors += 1
                self._has_gap = True

    def _gap_before(self, frame: av.AudioFrame) -> Sound | None:
        """Silence for what was left out, as long as the timestamps say, so that the rest keeps its place."""
        is_gap, self._has_gap = self._has_gap or self._is_exact, False
        if frame.pts is None or frame.time_base is None:
            return None
        pts_sec = float(frame.pts * frame.time_base)
        place_sec = self._given / self._rate
        ahead_sec = math.inf if self._base_sec is None else pts_sec - self._base_sec - place_sec
        if is_gap and self._least_gap_sec < ahead_sec <= LONGEST_GAP_SEC:
            return np.zeros((2, round(ahead_sec * self._rate)), dtype=np.float32)
        if not is_gap or not math.isfinite(ahead_sec) or ahead_sec < -self._least_gap_sec:
            self._base_sec = pts_sec - place_sec
        return None

    def _convert(self, frame: av.AudioFrame) -> Sound | None:
        samples = self._packer.floats(frame)
        bad = ~np.isfinite(samples) | (np.abs(samples) > LOUDEST)
        if bad.any():
            self._misread += int(np.count_nonzero(bad.any(axis=0)) * self._rate / frame.sample_rate)
            samples[:, bad.any(axis=0)] = 0
        masked = [each.name for each in frame.layout.channels] if self._is_wav else []
        sound = to_stereo(samples, places_of(len(samples), self._stream.codec_context.name, masked))
        shape = (len(samples), frame.sample_rate)
        before = None
        if shape != self._shape:
            before = self._flush()
            self._shape = shape
            is_other_rate = frame.sample_rate != self._rate
            self._resampler = AudioResampler("fltp", "stereo", self._rate) if is_other_rate else None
        if self._resampler is not None:
            stereo = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), "fltp", "stereo")
            stereo.sample_rate = frame.sample_rate
            sound = _joined(self._resampler.resample(stereo))
        return sound if before is None else np.concatenate([before, sound], axis=1)

    def _flush(self) -> Sound | None:
        """What the resampler still holds. Without a resampler, nothing."""
        return None if self._resampler is None else _joined(self._resampler.resample(None))


class _Packer:
    """Frames of many planes are packed into one first: by FFmpeg, which keeps their order and length."""

    def __init__(self) -> None:
        self._shape: tuple[str, str, int] | None = None
        self._converter = AudioResampler()

    def floats(self, frame: av.AudioFrame) -> Sound:
        """Channels x frames, full scale 1; a copy."""
        if not frame.format.is_planar or frame.layout.nb_channels < MANY_PLANES:
            return _floats(frame)
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:
            # At the same rate it holds nothing back, so that the one before needs no emptying.
            self._converter = AudioResampler("flt", frame.layout, frame.sample_rate)
            self._shape = shape
        parts = [_floats(packed) for packed in self._converter.resample(frame)]
        return np.concatenate(parts, axis=1) if parts else np.zeros((frame.layout.nb_channels, 0), np.float32)


def _floats(frame: av.AudioFrame) -> Sound:
    """Channels x frames, full scale 1; a copy."""
    raw: np.ndarray[Any, np.dtype[Any]] = frame.to_ndarray()
    if not frame.format.is_planar:
        raw = raw.reshape(-1, frame.layout.nb_channels).T
    if raw.dtype == np.uint8:
        return np.asarray((raw.astype(np.float32) - 128) / 128)
    if raw.dtype.kind == "i":
        return np.asarray(raw / float(1 << (8 * raw.dtype.itemsize - 1)), dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(raw.astype(np.float32))


def _joined(frames: list[av.AudioFrame]) -> Sound:
    arrays = [frame.to_ndarray() for frame in frames]
    return np.concatenate(arrays, axis=1) if arrays else np.zeros((2, 0), dtype=np.float32)


def decode(song: BinaryIO, output: BinaryIO, *, max_rate: int, max_bytes: int) -> Ending:
    """Writes heading and sound; returns how it ended."""
    try:
        if song.seekable() and (start := container_start(song)):
            song = cast("BinaryIO", Behind(song, start))
        with av.open(
            song,
            "r",
            metadata_errors="replace",
            options={"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "none"},
        ) as container:
            stream = _sound_in(container)
            if container.format.name == "wav":
                _refuse_padded(song, stream.codec_context.name)
            rate = min(max_rate, stream.rate)
            said = said_length(container, stream, song)
            heading = Heading(rate, said.sec, said.is_rough)
            _write(output, b"h", json.dumps(asdict(heading)).encode())
            decoding = Decoding(container, stream, rate)
            room_bytes = max_bytes
            for block in decoding.blocks():
                data = np.ascontiguousarray(block.T, dtype="<f4").tobytes()
                room_bytes -= len(data)
                if room_bytes < 0:
                    return Ending("its sound is too long for this computer's memory", is_too_long=True)
                _write(output, b"s", data)
            size_bytes = song.seek(0, io.SEEK_END)
            return Ending(said_sec=decoding.length_sec(size_bytes))
    except (_NoSoundError, av.FFmpegError, OSError, ValueError, ArithmeticError) as failure:
        return Ending(_words_of(failure))
    except MemoryError:
        return Ending("decoding it takes too much memory", is_too_long=True)


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
    raise _NoSoundError(refusals[0] if refusals else "no sound in it that this peer can decode")


def _refuse_padded(song: BinaryIO, codec: str) -> None:
    """Samples stored wider than they are: FFmpeg takes them for narrow ones, and they come out as noise.

    `song` is left where it stands. Raises `_NoSoundError`.
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
        raise _NoSoundError(f"its samples are stored in {stored_bits:g} bits each, which is not played here")


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


def _words_of(failure: Exception) -> str:
    if isinstance(failure, av.ArgumentError | av.InvalidDataError):
        return "a kind of file that is not played here"  # none of the formats on the list
    return (failure.strerror if isinstance(failure, av.FFmpegError) else str(failure)) or repr(failure)


def _write(output: BinaryIO, kind: bytes, content: bytes) -> None:
    output.write(BLOCK_HEAD.pack(kind, len(content)))
    output.write(content)


def limit_this_process() -> None:
    """Memory, time, no files: set once everything needed is loaded. What a system lacks is left out."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    limits = {
        "RLIMIT_AS": MEMORY_BYTES,
        "RLIMIT_CPU": CPU_SEC,
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": 0,
        # Standard input, output and error are open; a fourth file is not to be had.
        "RLIMIT_NOFILE": 3,
    }
    for name, most in limits.items():
        kind = getattr(resource, name, None)
        if kind is not None:
            with suppress(ValueError, OSError):
                resource.setrlimit(kind, (most, most))


def warm_up() -> None:
    """Decodes a moment of silence: modules are loaded late, and afterwards no file can be opened any more."""
    with io.BytesIO() as song:
        with wave.open(song, "wb") as writer:
            writer.setnchannels(3)
            writer.setsampwidth(2)
            writer.setframerate(8_000)
            writer.writeframes(bytes(6 * 800))
        song.seek(0)
        decode(song, io.BytesIO(), max_rate=4_000, max_bytes=1024 * 1024)


def main() -> None:
    av.logging.set_level(None)
    max_rate, max_bytes = int(sys.argv[1]), int(sys.argv[2])
    warm_up()
    limit_this_process()
    with suppress(BrokenPipeError):  # whoever asked has gone
        ending = decode(sys.stdin.buffer, sys.stdout.buffer, max_rate=max_rate, max_bytes=max_bytes)
        _write(sys.stdout.buffer, b"e", json.dumps(asdict(ending)).encode())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
