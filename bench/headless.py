"""A headless peer with a long song: `python -m bench.headless [--hours 3] [--codec libmp3lame]`.

One peer with a recorder, alone at a server on this machine, in this process. It offers the song, plays it,
and is sent to other places of it. Memory is that of this process and its decoders, in MB above what they took
before the song was added: proportional (shared pages count once) and resident. Not part of any gate.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import secrets
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from lab.server_process import ServerProcess
from unisono.peer.ambient import RealClock
from unisono.peer.keys import derive_keys
from unisono.peer.playback_controller import PlaybackController
from unisono.peer.recorder import Recorder
from unisono.peer.session import PeerSession
from unisono.peer.session_options import SessionOptions

PIECE_SEC = 60
SAMPLE_SEC = 0.05
PLAYED_SEC = 8.0
LEAPS = (0.5, 0.97, 0.1)
PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
RSS = re.compile(r"^Rss:\s+(\d+) kB", re.MULTILINE)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.headless", description="A headless peer with a long song.")
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--codec", default="libmp3lame")
    parser.add_argument("--suffix", default="mp3")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        song = _song(Path(folder), options.hours, options.codec, options.suffix)
        print(f"{song.stat().st_size / 1e6:.0f} MB, {options.hours:g} h, {options.codec}")
        server = ServerProcess(Path(folder) / "server.log")
        try:
            asyncio.run(_run(server, song, Path(folder) / "take.wav", options.hours * 3600))
        finally:
            server.stop()


async def _run(server: ServerProcess, song: Path, take: Path, song_sec: float) -> None:
    recorders: list[Recorder] = []

    def record(controller: PlaybackController) -> Recorder:
        recorders.append(Recorder(take, controller, RealClock()))
        return recorders[0]

    keys = await asyncio.to_thread(derive_keys, "PARTY", secrets.token_bytes(32))
    url = server.url.replace("http", "ws", 1)
    session = PeerSession(SessionOptions(keys=keys, server=url, name="ada", sinks=[record]))
    running = asyncio.create_task(session.run())
    try:
        await _until(lambda: session.director.is_me)
        await asyncio.sleep(2)
        before = _memory_mb()
        with _peak() as peak:
            await _timed("offered, with its anchor", _offer(session, song))
        _print_memory("offering", peak, before)
        file_id = session.files[0].file_id
        session.songs.loader.surveys._known.clear()  # noqa: SLF001 - as whoever fetched it, and knows nothing of it yet
        with _peak() as peak:
            begun_sec = time.monotonic()
            session.play(file_id)
            await _until(lambda: file_id in session.songs.songs)
            print(f"ready after {time.monotonic() - begun_sec:.2f} s")
            await _until(lambda: recorders[0].error_ms is not None)
            print(f"recorded sound after {time.monotonic() - begun_sec:.2f} s, with the plan's own lead")
            await asyncio.sleep(PLAYED_SEC)
            for share in LEAPS:
                await _leap(session, recorders[0], share * song_sec)
                await asyncio.sleep(PLAYED_SEC / 2)
        _print_memory("playing", peak, before)
    finally:
        recorders[0].close(session.clock.estimate)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def _offer(session: PeerSession, song: Path) -> None:
    await session.songs.loader.offer(song)
    await _until(lambda: session.files[0].is_complete)


async def _leap(session: PeerSession, recorder: Recorder, to_sec: float) -> None:
    """As a seek does, but at once: the song goes on there now."""
    global_us = session.clock.global_us_at(RealClock().local_ms())
    assert global_us is not None
    begun_sec = time.monotonic()
    moved = replace(
        session.plan, rev=session.plan.rev + 1, global_start_us=global_us, position_us=to_sec * 1e6
    )
    session._directing._write(moved, RealClock().local_ms())  # noqa: SLF001 - a peer without a page has no other way to seek
    await asyncio.sleep(0.3)
    await _until(lambda: recorder.error_ms is not None)
    print(f"a leap to {to_sec:.0f} s sounds after {time.monotonic() - begun_sec:.2f} s at most")


async def _timed(what: str, work: asyncio.Future[None] | object) -> None:
    begun_sec = time.monotonic()
    await work  # type: ignore[misc]
    print(f"{what}: {time.monotonic() - begun_sec:.2f} s")


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not is_so():  # noqa: ASYNC110 - states of others, who tell nobody here
            await asyncio.sleep(0.01)


@contextlib.contextmanager
def _peak() -> Iterator[list[float]]:
    """The highest of both figures, filled in at the end."""
    highest, has_ended = [0.0, 0.0], threading.Event()

    def sample() -> None:
        while not has_ended.wait(SAMPLE_SEC):
            for at, value in enumerate(_memory_mb()):
                highest[at] = max(highest[at], value)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield highest
    finally:
        has_ended.set()
        thread.join()


def _memory_mb() -> tuple[float, float]:
    """Proportional and resident, of this process and its decoders."""
    pss, rss = 0.0, 0.0
    for pid in {os.getpid(), *_decoders()}:
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            for found in PSS.findall(text):
                pss += int(found) / 1024
            for found in RSS.findall(text):
                rss += int(found) / 1024
    return pss, rss


def _decoders() -> set[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found |= {int(child) for child in (task / "children").read_text().split()}
    return {pid for pid in found if b"decode_worker" in _command_of(pid)}


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _print_memory(what: str, peak: list[float], before: tuple[float, float]) -> None:
    above = [high - low for high, low in zip(peak, before, strict=True)]
    print(f"{what}: {above[0]:.0f} MB proportional, {above[1]:.0f} MB resident above {before[1]:.0f} MB")


def _song(folder: Path, hours: float, codec: str, suffix: str) -> Path:
    """A minute of music-like sound, over and over."""
    piece, song = folder / f"piece.{suffix}", folder / f"song.{suffix}"
    sound = (
        f"sine=f=330:d={PIECE_SEC}:r=44100,volume=2[a];anoisesrc=d={PIECE_SEC}:a=0.3:seed=3:r=44100[b];"
        "[a][b]amix,aformat=channel_layouts=stereo,volume='0.3+0.2*sin(t*3)':eval=frame"
    )
    ffmpeg = ("ffmpeg", "-v", "error", "-y")
    subprocess.run([*ffmpeg, "-filter_complex", sound, "-c:a", codec, str(piece)], check=True)
    loops = str(max(0, round(hours * 3600 / PIECE_SEC) - 1))
    subprocess.run([*ffmpeg, "-stream_loop", loops, "-i", str(piece), "-c", "copy", str(song)], check=True)
    return song


if __name__ == "__main__":
    main()
