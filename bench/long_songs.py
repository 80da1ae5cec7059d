"""What the length of a song costs: `python -m bench.long_songs --runs 3 --before CHECKOUT`.

Two Chromium. One adds an MP3 of so many minutes and presses Play as soon as both hold it, stops, and presses
Play again. Told: memory of the listener's renderer above what the page takes at rest (MB of proportional
set size; the most that was seen, ten times a second), and how long it took from the tap until both say that
they play. `--at-once`: Play right after Add, with a WAV of 106 MB, until all of three play. The build before
takes its turn where `--before` names a checkout.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bench.figures import builds_in_turn
from bench.report import RESULTS, print_table, save
from lab.browsers.device import Device, Snapshot, wait_for_all
from lab.browsers.launch import Fleet
from lab.browsers.process_tree import memory_mib, processes_marked
from lab.rig.pulse import SpeakerRig
from lab.rig.song import make_large_song, make_song
from lab.room import Room, holds, is_playing
from lab.server_process import ServerProcess

MINUTES = (5, 40, 60, 180)
REST_SEC = 3.0
PLAYS_SEC = 30.0
SAMPLE_SEC = 0.1
COPY_SEC = 180.0
MB_PER_MIB = 1024**2 / 1e6
# A build that refuses a song never plays it.
LIMIT_SEC = 90.0

Value = TypeVar("Value")


@dataclass
class Run:
    rest_mb: float
    peak_mb: float = 0.0
    first_play_sec: float | None = None
    second_play_sec: float | None = None
    samples: list[tuple[float, float]] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench.long_songs", description="Memory and first sound over the length."
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--minutes", type=int, nargs="*", default=list(MINUTES))
    parser.add_argument("--before", type=Path, help="a checkout whose built web app takes its turn, too")
    parser.add_argument("--at-once", action="store_true", help="Play right after Add, instead")
    options = parser.parse_args()
    builds = builds_in_turn(options.before)
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as name:
        folder = Path(name)
        if options.at_once:
            measure_at_once(folder, builds, options.runs)
        else:
            measure_lengths(folder, builds, options.minutes, options.runs)


def measure_lengths(folder: Path, builds: dict[str, Path | None], minutes: list[int], runs: int) -> None:
    results: dict[str, dict[int, list[Run]]] = {build: {} for build in builds}
    for length in minutes:
        song = make_night(folder, length)
        for number in range(runs):
            for build, checkout in builds.items():
                run = in_room(folder, checkout, partial(play_twice, song=song))
                results[build].setdefault(length, []).append(run)
                print(f"{build}, {length} min, run {number + 1}: {said(run)}", flush=True)
    rows: list[list[object]] = []
    for length in minutes:
        for build in builds:
            each = results[build][length]
            rows.append(
                [
                    f"{length} min",
                    build,
                    statistics.median(run.peak_mb - run.rest_mb for run in each),
                    median_or_none([run.first_play_sec for run in each]),
                    median_or_none([run.second_play_sec for run in each]),
                ]
            )
    print_table(
        "A song in two Chromium: the listener's renderer, and Play",
        ["song", "build", "memory above rest, MB", "first Play, s", "second, s"],
        rows,
    )
    plot(results)
    plain = {
        build: {str(length): [vars(run) for run in each] for length, each in lengths.items()}
        for build, lengths in results.items()
    }
    save("long-songs", {"runs": runs, "figures": rows, "raw": plain})


def measure_at_once(folder: Path, builds: dict[str, Path | None], runs: int) -> None:
    song = make_large_song(folder, duration_sec=600.0).path
    found: dict[str, list[float]] = {build: [] for build in builds}
    for number in range(runs):
        for build, checkout in builds.items():
            sec = in_room(folder, checkout, partial(play_at_once, song=song), devices=3)
            found[build].append(sec)
            print(f"{build}, run {number + 1}: {sec:.2f} s", flush=True)
    rows: list[list[object]] = [[build, statistics.median(secs), max(secs)] for build, secs in found.items()]
    size_mb = song.stat().st_size / 1e6
    print_table(
        f"Add, then Play at once, of {size_mb:.0f} MB: until all of three play", ["build", "s", "most"], rows
    )
    save("play-at-once", {"size_mb": size_mb, "raw": found})


def in_room(folder: Path, checkout: Path | None, act: Callable[[Room], Value], devices: int = 2) -> Value:
    env = None if checkout is None else {**os.environ, "PYTHONPATH": str(checkout / "src")}
    server = ServerProcess(folder / "server.log", env=env)
    try:
        with SpeakerRig(devices, priority=True) as rig, Fleet(server.url) as fleet:
            room = Room(fleet, rig, server.url)
            room.enter(*(f"c{index}" for index in range(devices)))
            fleet.give_sound_priority()
            return act(room)
    finally:
        server.stop()


def play_twice(room: Room, song: Path) -> Run:
    ada, bo = room.devices
    ada.pause(REST_SEC * 1000)
    run = Run(rest_mb=renderer_mb(bo))
    with watched(bo, run):
        ada.add_file(song)
        bo.wait_for(lambda shot: holds(shot, song.name), "to hold the song")
        run.first_play_sec = until_playing(room, lambda: ada.play(song.name))
        if run.first_play_sec is not None:
            ada.pause(PLAYS_SEC * 1000)
            ada.stop()
            wait_for_all(room.devices, lambda shot: not is_playing(shot), "to stop")
            run.second_play_sec = until_playing(room, lambda: ada.play(song.name))
    return run


def play_at_once(room: Room, song: Path) -> float:
    ada = room.devices[0]
    began = time.monotonic()
    ada.add_file(song)
    ada.file_row(song.name).get_by_role("button", name="Play", exact=False).first.wait_for()
    ada.play(song.name)
    wait_for_all(room.devices, is_sounding, "to play")
    return time.monotonic() - began


def until_playing(room: Room, tap: Callable[[], None]) -> float | None:
    """Until all of them sound; None: one of them refused it."""
    began = time.monotonic()
    tap()
    while time.monotonic() - began < LIMIT_SEC:
        if all(is_sounding(device.snapshot()) for device in room.devices):
            return time.monotonic() - began
        room.devices[0].pause(20)
    return None


def is_sounding(shot: Snapshot) -> bool:
    return bool(is_playing(shot) and (shot["playback"]["positionSec"] or 0) > 0)


class watched:  # noqa: N801 - reads as a verb where it is used
    """Samples the renderer's memory in a thread of its own."""

    def __init__(self, device: Device, run: Run) -> None:
        self._device = device
        self._run = run
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _sample(self) -> None:
        began = time.monotonic()
        while not self._is_over.wait(SAMPLE_SEC):
            now_mb = renderer_mb(self._device)
            self._run.samples.append((round(time.monotonic() - began, 2), round(now_mb, 1)))
            self._run.peak_mb = max(self._run.peak_mb, now_mb)


def renderer_mb(device: Device) -> float:
    """The page's own process; its zygote and the browser's other processes left out."""
    sizes = []
    for pid in processes_marked(device.mark):
        try:
            is_renderer = b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if is_renderer:
            sizes.append(memory_mib([pid]) * MB_PER_MIB)
    return max(sizes, default=0.0)


def make_night(folder: Path, minutes: int) -> Path:
    """An MP3 of so many minutes: the frames of one song, one copy behind the other."""
    path = folder / f"night-{minutes}.mp3"
    if path.exists():
        return path
    once = folder / "once.mp3"
    if not once.exists():
        source = make_song(folder, duration_sec=COPY_SEC).path
        plain = ("-vn", "-map", "0:a", "-write_xing", "0", "-id3v2_version", "0")
        command = [
            "ffmpeg",
            "-loglevel",
            "error",
            "-i",
            str(source),
            *plain,
            "-c:a",
            "libmp3lame",
            "-b:a",
            "128k",
        ]
        subprocess.run([*command, str(once)], check=True)
    content = once.read_bytes()
    copies = minutes * 60 / COPY_SEC
    path.write_bytes(content * int(copies) + content[: int(len(content) * (copies % 1))])
    return path


def median_or_none(values: list[float | None]) -> float | str:
    known = [value for value in values if value is not None]
    return statistics.median(known) if len(known) == len(values) else "refused"


def said(run: Run) -> str:
    times = [
        "refused" if sec is None else f"{sec:.2f} s" for sec in (run.first_play_sec, run.second_play_sec)
    ]
    return f"{run.peak_mb - run.rest_mb:.0f} MB above {run.rest_mb:.0f}, Play {times[0]}, again {times[1]}"


def plot(results: dict[str, dict[int, list[Run]]]) -> None:
    figure = Figure(figsize=(8, 4.5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots()
    for build, lengths in results.items():
        peaks = [statistics.median(run.peak_mb - run.rest_mb for run in each) for each in lengths.values()]
        axes.plot(list(lengths), peaks, marker="o", label=build)
    axes.set_yscale("log")
    axes.set_xlabel("length of the song, minutes")
    axes.set_ylabel("memory above rest, MB (PSS)")
    axes.set_title("The renderer of a page that fetches and plays an MP3")
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend()
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "long-songs.png")


if __name__ == "__main__":
    main()
