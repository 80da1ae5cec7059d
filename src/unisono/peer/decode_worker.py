"""Decodes one file in a process of its own: `python -m unisono.peer.decode_worker JOB < song`.

A song comes from a stranger and its decoder is written in C: here it can hang, eat memory or crash without
the peer. The process opens nothing but the song, writes nothing but its output, and ends by its limits. It
goes on as far as its output is read. Job and output: `decode_protocol`.
"""

from __future__ import annotations

import io
import sys
import time
import wave
from contextlib import suppress
from typing import BinaryIO

import av
import msgspec
import numpy as np

from unisono.peer.decode_open import opened
from unisono.peer.decode_protocol import BLOCK_HEAD, BYTES_PER_SAMPLE, MAX_BLOCK_BYTES, Ending, Heading, Job
from unisono.peer.decode_seek import TooLongError, decoding_at, survey
from unisono.peer.decode_stream import Decoding, NoSoundError
from unisono.peer.role_part import isolated_for
from unisono.peer.sound import Sound, Span

MEMORY_BYTES = 1024**3
# Of one core, without anything new: a song may be long, and play for as long as it likes.
CPU_SEC = 300
MOST_CPU_SEC = 24 * 3600
CPU_RENEWED_EVERY_SEC = 10

# The first sound is not waited for; later ones come in larger pieces, each of which costs its reader a turn.
FIRST_BLOCK_FRAMES = 4_096
BLOCK_FRAMES = 16_384
# Who waits while sound is thrown away is told so.
TOLD_EVERY_FRAMES = 60 * 48_000


class _Output:
    """Blocks; whatever is written is progress, which the time limit counts from."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._renewed_at_sec = time.process_time()

    def write(self, kind: bytes, content: bytes = b"") -> None:
        self._stream.write(BLOCK_HEAD.pack(kind, len(content)))
        self._stream.write(content)
        self._stream.flush()
        if time.process_time() - self._renewed_at_sec > CPU_RENEWED_EVERY_SEC:
            self._renewed_at_sec = time.process_time()
            _limit_cpu()

    def write_sound(self, sound: Sound) -> None:
        step = MAX_BLOCK_BYTES // (BYTES_PER_SAMPLE * len(sound))
        for begin in range(0, sound.shape[1], step):
            part = np.ascontiguousarray(sound[:, begin : begin + step].T, dtype="<f4")
            self.write(b"s", part.tobytes())


class _Collector:
    """Puts small blocks together, and lets through a span of the song only."""

    def __init__(self, output: _Output, span: tuple[int, int | None]) -> None:
        self._output = output
        self._next, self._end = span
        self._least_frames = FIRST_BLOCK_FRAMES
        self._parts: list[Sound] = []
        self._held = 0
        self._told_at = 0

    @property
    def is_done(self) -> bool:
        return self._end is not None and self._next >= self._end

    def take(self, sound: Sound, place: int) -> None:
        begin = max(0, self._next - place)
        end = sound.shape[1] if self._end is None else min(sound.shape[1], self._end - place)
        if end <= begin:
            if place - self._told_at >= TOLD_EVERY_FRAMES:
                self._told_at = place
                self._output.write(b"n")
            return
        self._parts.append(sound[:, begin:end])
        self._next += end - begin
        self._held += end - begin
        if self._held >= self._least_frames:
            self.flush()

    def flush(self) -> None:
        if self._parts:
            self._output.write_sound(np.concatenate(self._parts, axis=1))
            self._parts, self._held, self._least_frames = [], 0, BLOCK_FRAMES

    def fill(self) -> None:
        """Silence behind the song's end."""
        step = MAX_BLOCK_BYTES // (2 * BYTES_PER_SAMPLE)
        while self._end is not None and self._next < self._end:
            frames = min(step, self._end - self._next)
            self._output.write_sound(np.zeros((2, frames), dtype=np.float32))
            self._next += frames


def do(job: Job, song: BinaryIO, stream: BinaryIO) -> Ending:
    """Writes all but the ending, which it returns."""
    output = _Output(stream)
    try:
        if job.from_sec is not None:
            return _play(job, job.from_sec, song, output)
        if job.spans is not None:
            return _give_spans(job, job.spans, song, output)
        return _survey(job, song, output)
    except TooLongError as failure:
        return Ending(str(failure), is_too_long=True)
    except BrokenPipeError:
        raise
    except (NoSoundError, av.FFmpegError, OSError, ValueError, ArithmeticError) as failure:
        return Ending(_words_of(failure))
    except MemoryError:
        return Ending("decoding it takes too much memory", is_too_long=True)


def _survey(job: Job, song: BinaryIO, output: _Output) -> Ending:
    with opened(song, job.max_rate) as song_open:
        said = song_open.said
        output.write(b"h", msgspec.json.encode(Heading(song_open.rate, said.sec, said.is_rough)))
    return Ending(index=survey(song, job.max_rate, lambda: output.write(b"n")))


def _play(job: Job, from_sec: float, song: BinaryIO, output: _Output) -> Ending:
    with decoding_at(song, job.max_rate, job.index, lambda rate: round(from_sec * rate)) as (
        song_open,
        decoding,
        first,
    ):
        said, channels = song_open.said, song_open.channels
        decoding.isolated = isolated_for(job.role, channels)
        heading = Heading(song_open.rate, said.sec, said.is_rough, first, tuple(channels), decoding.isolated)
        output.write(b"h", msgspec.json.encode(heading))
        _write_span(decoding, output, (first, None))
        return Ending(frames=decoding.place)


def _give_spans(job: Job, spans: list[Span], song: BinaryIO, output: _Output) -> Ending:
    for first, length in spans:
        with decoding_at(song, job.max_rate, job.index, lambda _, first=first: first) as (_, decoding, _):  # type: ignore[misc]
            _write_span(decoding, output, (first, first + length))
    return Ending()


def _write_span(decoding: Decoding, output: _Output, span: tuple[int, int | None]) -> None:
    collector = _Collector(output, span)
    place = decoding.place
    for sound in decoding.blocks():
        collector.take(sound, place)
        place += sound.shape[1]
        if collector.is_done:
            break
    collector.flush()
    collector.fill()


def _words_of(failure: Exception) -> str:
    if isinstance(failure, av.ArgumentError | av.InvalidDataError):
        return "a kind of file that is not played here"  # none of the formats on the list
    return (failure.strerror if isinstance(failure, av.FFmpegError) else str(failure)) or repr(failure)


def limit_this_process() -> None:
    """Memory, time, no files: set once everything needed is loaded. What a system lacks is left out."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    limits = {
        "RLIMIT_AS": MEMORY_BYTES,
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
    _limit_cpu()


def _limit_cpu() -> None:
    """As much again as from the beginning on, until the very end."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    soft_sec = min(MOST_CPU_SEC, int(time.process_time()) + CPU_SEC)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft_sec, MOST_CPU_SEC))


def warm_up() -> None:
    """Decodes a moment of silence: modules are loaded late, and afterwards no file can be opened any more."""
    with io.BytesIO() as song:
        with wave.open(song, "wb") as writer:
            writer.setnchannels(3)
            writer.setsampwidth(2)
            writer.setframerate(8_000)
            writer.writeframes(bytes(6 * 800))
        song.seek(0)
        do(Job(4_000), song, io.BytesIO())
        do(Job(4_000, from_sec=0.0), song, io.BytesIO())


def main() -> None:
    av.logging.set_level(None)
    job = msgspec.json.decode(sys.argv[1], type=Job)
    warm_up()
    limit_this_process()
    with suppress(BrokenPipeError):  # whoever asked has gone
        ending = do(job, sys.stdin.buffer, sys.stdout.buffer)
        _Output(sys.stdout.buffer).write(b"e", msgspec.json.encode(ending))


if __name__ == "__main__":
    main()
