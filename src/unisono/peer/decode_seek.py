"""Decoding from the middle of a song, to the same samples as from its beginning.

Most containers tell by timestamps exactly where a frame is, and FFmpeg seeks in them to the packet. One look
through all packets, without decoding them, shows whether a file is such a one and up to where. Where it is
not (Matroska, which rounds to milliseconds; a chain of files; behind a hole), decoding begins at the last
place that is known, or at the beginning, and what is too early is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from typing import BinaryIO

import av

from unisono.peer.decode_open import OpenSong, opened
from unisono.peer.decode_protocol import SeekIndex
from unisono.peer.decode_stream import Decoding, NoSoundError

# Opus is the same to the bit a second after its decoder began, the others sooner; two windows of Vorbis more.
LEAD_SEC = 1.5
LEAST_LEAD_SEC = 1.0
# Where the first seek came too late.
FAR_LEAD_SEC = 12.0
# A container that counts in halves of the sample rate (HE-AAC) is still exact.
MOST_SAMPLES_PER_TICK = 2
# How often who waits is told that it goes on, in packets; and the most sound that is looked through.
TOLD_EVERY_PACKETS = 4096
MAX_SONG_SEC = 100 * 3600


# Formats of frames without a container, and which bits of a frame's second and third byte are its rate. Two
# files of different rates may have been joined.
RATE_BITS = {"mp3": 0x1E0C, "aac": 0x003C}


class TooLongError(NoSoundError):
    """Nobody listens as long as that."""


@contextmanager
def decoding_at(
    song: BinaryIO, max_rate: int, index: SeekIndex | None, first: Callable[[int], int]
) -> Iterator[tuple[OpenSong, Decoding, int]]:
    """A decoding that begins at or before a frame: `first` says which, of the sample rate.

    Where nothing exact is known it begins at the beginning.
    """
    lead_secs = (LEAD_SEC, FAR_LEAD_SEC) if index is not None and index.exact_frames > 0 else ()
    for lead_sec in lead_secs:
        with ExitStack() as stack:
            decoding = None
            with suppress(av.FFmpegError, ValueError):
                song_open = stack.enter_context(opened(song, max_rate))
                frame = first(song_open.rate)
                decoding = _landed(song_open, index, frame, lead_sec) if index is not None else None
            if decoding is not None:
                yield song_open, decoding, frame
                return
    with opened(song, max_rate) as song_open:
        yield song_open, song_open.decoding(), first(song_open.rate)


def _landed(song: OpenSong, index: SeekIndex, frame: int, lead_sec: float) -> Decoding | None:
    """None: from the beginning on is as near, or the seek missed."""
    target = min(frame, index.exact_frames) - round(lead_sec * song.rate)
    time_base = song.stream.time_base
    if target <= 0 or time_base is None:
        return None
    ticks = index.origin_pts + int(Fraction(target, song.rate) / time_base)
    song.container.seek(ticks, stream=song.stream, backward=True)
    decoding = song.decoding()
    is_near = decoding.land(index) and decoding.place <= target + (lead_sec - LEAST_LEAD_SEC) * song.rate
    return decoding if is_near else None


def survey(song: BinaryIO, max_rate: int, tell: Callable[[], None]) -> SeekIndex:
    """Looks through the file. Raises `NoSoundError` and FFmpeg's errors; `tell` is called now and then."""
    with opened(song, max_rate) as song_open:
        rate = song_open.rate
        known, is_given_up = _timestamps(song_open, tell)
    # FFmpeg says that it reads no further only to who has read all before.
    tail = None if is_given_up else known
    # The end is decoded, as it is trimmed to the sample; behind a gap all of the rest.
    with decoding_at(song, max_rate, tail, lambda _: known.exact_frames) as (song_open, decoding, _):
        for count, _ in enumerate(decoding.blocks()):
            if count % TOLD_EVERY_PACKETS == 0:
                tell()
                _refuse_endless(decoding.place, rate)
        said_sec = decoding.length_sec(song_open.size_bytes)
    return SeekIndex(
        decoding.place,
        known.origin_pts,
        known.source_rate,
        known.exact_frames,
        known.exact_bytes,
        said_sec,
    )


def _timestamps(song: OpenSong, tell: Callable[[], None]) -> tuple[SeekIndex, bool]:
    """How far they follow each other without a gap; and whether FFmpeg reads no further there, for good."""
    decoding = song.decoding()
    frame = decoding.first_frame()
    if frame is None:
        raise NoSoundError("it holds no sound")
    time_base = song.stream.time_base
    if frame.pts is None or time_base is None or not _is_fine(time_base * frame.sample_rate):
        return SeekIndex(0), False
    expected = frame.pts + Fraction(frame.samples, frame.sample_rate) / time_base
    is_whole, is_given_up, read_bytes = False, False, 0
    rate_bits, source_rate_bits = RATE_BITS.get(song.container.format.name), None
    try:
        for count, packet in enumerate(song.container.demux(song.stream)):
            if packet.size == 0 and packet.pts is None:
                is_whole = True  # its end
                break
            if packet.pts != expected or not packet.duration or packet.pos is None:
                break
            if rate_bits is not None:
                own_rate_bits = int.from_bytes(memoryview(packet)[1:3], "big") & rate_bits
                source_rate_bits = own_rate_bits if source_rate_bits is None else source_rate_bits
                if own_rate_bits != source_rate_bits:
                    break
            expected += packet.duration
            read_bytes = max(read_bytes, packet.pos + packet.size)
            if count % TOLD_EVERY_PACKETS == 0:
                tell()
    except av.PatchWelcomeError:
        is_given_up = True
    except av.FFmpegError:
        pass  # as far as it went
    exact_frames = int((expected - frame.pts) * time_base * song.rate)
    _refuse_endless(exact_frames, song.rate)
    exact_bytes = None if is_whole else read_bytes
    return SeekIndex(0, frame.pts, frame.sample_rate, exact_frames, exact_bytes), is_given_up


def _is_fine(samples_per_tick: Fraction) -> bool:
    """Whether a timestamp can name each sample at which a packet begins."""
    is_whole = samples_per_tick.denominator == 1 and samples_per_tick <= MOST_SAMPLES_PER_TICK
    return samples_per_tick.numerator == 1 or is_whole


def _refuse_endless(frames: int, rate: int) -> None:
    if frames > MAX_SONG_SEC * rate:
        raise TooLongError(f"its sound is longer than {MAX_SONG_SEC // 3600} hours")
