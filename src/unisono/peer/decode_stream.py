"""From the packets of one stream to stereo blocks at one rate, with what is damaged left out.

Frames of the output are counted from the beginning of the whole decode, also where it begins in the middle.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from unisono.peer.decode_protocol import SeekIndex
from unisono.peer.downmix import places_of, to_stereo, with_isolated
from unisono.peer.sound import Sound

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
# Of which FFmpeg names the channels by what the file says.
MASKED_FORMATS = frozenset({"wav", "w64"})

# From here on PyAV finds more planes in a frame than there are, and reading them ends the process.
MANY_PLANES = 8
# How often a long decode is asked whether what came so far is sound.
ASKED_EVERY_SEC = 10


class NoSoundError(Exception):
    """The file is refused; the message says why."""


class Decoding:
    """From the packets of one stream to stereo blocks at one rate."""

    def __init__(
        self,
        container: InputContainer,
        stream: AudioStream,
        rate: int,
        packets_before_leap: int | None = None,
    ) -> None:
        """`packets_before_leap`: behind these, timestamps leap though nothing is missing."""
        self._frames_before_leap = packets_before_leap
        self._container = container
        self._stream = stream
        self._rate = rate
        self._is_wav = container.format.name in MASKED_FORMATS
        # A channel of the file that is given out besides left and right; to be set before the first block.
        self.isolated: str | None = None
        self._is_exact = container.format.name in EXACT_FORMATS
        self._is_mp4 = "mp4" in container.format.name
        is_vorbis = "vorbis" in stream.codec_context.name
        self._least_gap_sec = LEAST_VORBIS_GAP_SEC if is_vorbis else LEAST_GAP_SEC
        self._shape: tuple[int, int] | None = None
        self._resampler: AudioResampler | None = None
        self._packer = _Packer()
        self._has_gap = False
        # Timestamp minus place in the output, s.
        self._base_sec: float | None = None
        # Place in the output of the next frame.
        self._given = 0
        # Of the first frame, left out so that the output's frames lie where they lie in the whole decode.
        self._left_out = 0
        # Where in the file the decoder gave up, by its own word for good.
        self.gave_up_at_byte: int | None = None
        self._read_bytes = 0
        self._misread = 0
        # How much came out of this decoding, wherever it began.
        self._sounded = 0
        self._source: Iterator[av.AudioFrame] = self._frames()

    @property
    def place(self) -> int:
        """The next frame's; of the whole decode."""
        return self._given

    def land(self, index: SeekIndex) -> bool:
        """After a seek: takes its place from the first frame's timestamp. Whether that is exact there."""
        self._frames_before_leap = None
        frame = next(self._source, None)
        if frame is None or frame.pts is None or frame.time_base is None:
            return False
        exact = (frame.pts - index.origin_pts) * Fraction(frame.time_base) * frame.sample_rate
        is_within = index.exact_bytes is None or self._read_bytes <= index.exact_bytes
        is_same = frame.sample_rate == index.source_rate and exact.denominator == 1
        if not is_within or not is_same or exact < 0:
            return False
        # A resampler must begin where a frame of its input is one of its output as well.
        step = frame.sample_rate // math.gcd(frame.sample_rate, self._rate)
        self._left_out = -int(exact) % step
        self._given = (int(exact) + self._left_out) * self._rate // frame.sample_rate
        self._base_sec = float(index.origin_pts * frame.time_base)
        self._source = chain([frame], self._source)
        return True

    def first_frame(self) -> av.AudioFrame | None:
        """The first that comes out, to look at; for who goes on with packets alone."""
        return next(self._source, None)

    def blocks(self) -> Iterator[Sound]:
        """Two channels x frames. Raises `NoSoundError`."""
        is_asked_at = ASKED_EVERY_SEC * self._rate
        padded: tuple[av.AudioFrame, int] | None = None
        for frame in self._source:
            if padded is not None:  # it was not the last
                yield from self._given_out(self._convert(padded[0], padded[1], None))
            yield from self._given_out(self._gap_before(frame))
            told = self._told_samples(frame)
            padded = (frame, told) if told < frame.samples else None
            yield from self._given_out(self._convert(frame, 0, told))
            if self._sounded >= is_asked_at:
                is_asked_at += ASKED_EVERY_SEC * self._rate
                self._refuse_noise()
        yield from self._given_out(self._flush())
        if self._sounded == 0 and self._given == 0:
            raise NoSoundError("it holds no sound")
        if self._sounded == self._given:
            self._refuse_noise()

    def length_sec(self, size_bytes: int) -> float | None:
        """How long all of it would be, where the decoder gave up: as the share of bytes it has read."""
        if not self.gave_up_at_byte:
            return None
        return self._given / self._rate * max(1.0, size_bytes / self.gave_up_at_byte)

    def _refuse_noise(self) -> None:
        if self._misread > MOST_MISREAD * self._sounded:
            raise NoSoundError("its samples are not sound")

    def _given_out(self, sound: Sound | None) -> Iterator[Sound]:
        if sound is not None and sound.shape[1] > 0:
            self._given += sound.shape[1]
            self._sounded += sound.shape[1]
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
        if self._frames_before_leap is not None:
            self._frames_before_leap -= 1
            if self._frames_before_leap < 0:
                self._frames_before_leap, self._base_sec = None, None
        if frame.pts is None or frame.time_base is None:
            return None
        pts_sec = float(frame.pts * frame.time_base)
        place_sec = self._given / self._rate
        ahead_sec = math.inf if self._base_sec is None else pts_sec - self._base_sec - place_sec
        if is_gap and self._least_gap_sec < ahead_sec <= LONGEST_GAP_SEC:
            return np.zeros((self._rows, round(ahead_sec * self._rate)), dtype=np.float32)
        if not is_gap or not math.isfinite(ahead_sec) or ahead_sec < -self._least_gap_sec:
            self._base_sec = pts_sec - place_sec
        return None

    def _told_samples(self, frame: av.AudioFrame) -> int:
        """Fewer than there are where an encoder filled its last packet up: MP4 tells how long that is."""
        if not self._is_mp4 or not frame.duration or frame.time_base is None:
            return frame.samples
        return min(frame.samples, round(frame.duration * frame.time_base * frame.sample_rate))

    def _convert(self, frame: av.AudioFrame, begin: int, end: int | None) -> Sound | None:
        samples = self._packer.floats(frame)[:, begin:end]
        bad = ~np.isfinite(samples) | (np.abs(samples) > LOUDEST)
        if bad.any():
            self._misread += int(np.count_nonzero(bad.any(axis=0)) * self._rate / frame.sample_rate)
            samples[:, bad.any(axis=0)] = 0
        masked = [each.name for each in frame.layout.channels] if self._is_wav else []
        places = places_of(len(samples), self._stream.codec_context.name, masked)
        isolated = self.isolated
        sound = with_isolated(samples, places, isolated) if isolated else to_stereo(samples, places)
        if self._left_out:
            left_out = min(self._left_out, sound.shape[1])
            sound, self._left_out = sound[:, left_out:], self._left_out - left_out
        shape = (len(samples), frame.sample_rate)
        before = None
        if shape != self._shape:
            before = self._flush()
            self._shape = shape
            is_other_rate = frame.sample_rate != self._rate
            self._resampler = AudioResampler("fltp", self._layout, self._rate) if is_other_rate else None
        if self._resampler is not None:
            whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), "fltp", self._layout)
            whole.sample_rate = frame.sample_rate
            sound = self._joined(self._resampler.resample(whole))
        return sound if before is None else np.concatenate([before, sound], axis=1)

    def _flush(self) -> Sound | None:
        """What the resampler still holds. Without a resampler, nothing."""
        return None if self._resampler is None else self._joined(self._resampler.resample(None))

    @property
    def _rows(self) -> int:
        return 2 if self.isolated is None else 3

    @property
    def _layout(self) -> str:
        """For a resampler, which mixes nothing where it is the same before and behind."""
        return "stereo" if self.isolated is None else "3.0"

    def _joined(self, frames: list[av.AudioFrame]) -> Sound:
        arrays = [frame.to_ndarray() for frame in frames]
        return np.concatenate(arrays, axis=1) if arrays else np.zeros((self._rows, 0), dtype=np.float32)


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
