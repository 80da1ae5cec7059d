"""How far apart loudspeakers are: N browsers playing one song, recorded sample-aligned; Snapcast beside them.

    python -m bench.speakers --seats cccc --runs 5 --seconds 60 --condition quiet --snapcast

A seat is `c` (Chromium) or `f` (Firefox). Spread = latest minus earliest device of a second's medians, ms.
Unisono and Snapcast (Debian's snapserver and snapclient) are measured in the same rig, in turn.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.report import RESULTS, print_table, save
from bench.snapcast import play_snapcast
from tests.browsers.device import wait_for_all
from tests.browsers.launch import Condition, Fleet
from tests.e2e.room import Room, is_playing
from tests.rig.analysis import Summary, first_sound_sec, summarise
from tests.rig.plot import save_plot
from tests.rig.pulse import SpeakerRig
from tests.rig.song import Song, make_song
from tests.rig.tracking import Signal, Tracks, track
from tests.server_process import ServerProcess

RANGES = {"first second": (0.0, 1.0), "3-60 s": (3.0, 60.0), "settled 15-60 s": (15.0, 60.0)}
PARTS = ("median_ms", "p95_ms", "max_ms")
SETTLE_SEC = 4.0  # people do not press Play in the second they joined


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        song = make_song(Path(folder))
        players = {"Unisono": play_unisono} | ({"Snapcast": play_snapcast} if options.snapcast else {})
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in players}
        for run in range(options.runs):
            for name, play in players.items():
                load = os.getloadavg()[0]
                recording = play(song, options.seats, options.seconds, options.condition, Path(folder))
                tracks = track(recording, song.reference)
                figures = measure(tracks)
                runs[name].append({"load": round(load, 2), "figures": figures})
                print(
                    f"{name} run {run + 1}: "
                    + "; ".join(f"{key}: {line(value)}" for key, value in figures.items())
                )
                save_plot(
                    tracks, RESULTS / f"{stem(options)}-{name.lower()}.png", f"{name}, {describe(options)}"
                )
    report(options, runs)


def play_unisono(song: Song, seats: str, seconds: float, condition: Condition, folder: Path) -> Signal:
    """One swarm from New swarm to the recording of `seconds` of its song."""
    server = ServerProcess(folder / "server.log")
    try:
        with (
            SpeakerRig(len(seats), priority=condition == "quiet") as rig,
            Fleet(server.url, condition=condition) as fleet,
        ):
            room = Room(fleet, rig, server.url)
            for index, kind in enumerate(seats):
                enter(room, f"{kind}{index}", kind)
            fleet.give_sound_priority()
            ada = room.devices[0]
            room.share(ada, song.path)
            ada.page.wait_for_timeout(SETTLE_SEC * 1000)
            rig.record(folder / "room.f32")
            ada.play(song.path.name)
            wait_for_all(room.devices, is_playing, "to play")
            room.listen(seconds)
            return rig.stop_recording()
    finally:
        server.stop()


def enter(room: Room, name: str, kind: str) -> None:
    launch = room.fleet.firefox if kind == "f" else room.fleet.chromium
    device = launch(name, room.rig.env(len(room.devices)))
    device.open(room.link or room.base_url)
    if room.link:
        device.join()
    else:
        device.new_swarm()
        room.link = device.invite_link()


def measure(tracks: Tracks) -> dict[str, dict[str, Any] | None]:
    """Summaries of all ranges that the recording holds; None where no second has every device in the song."""
    figures: dict[str, dict[str, Any] | None] = {}
    sound_at_sec = first_sound_sec(tracks)
    for name, (from_sec, to_sec) in RANGES.items():
        try:
            summary: Summary = summarise(tracks, from_sec, to_sec, sound_at_sec=sound_at_sec)
            figures[name] = asdict(summary)
        except ValueError:
            figures[name] = None
    return figures


def line(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return "not measurable"
    return f"{figure['median_ms']:.3f} / {figure['p95_ms']:.3f} / {figure['max_ms']:.3f} ms"


def report(options: argparse.Namespace, runs: dict[str, list[dict[str, Any]]]) -> None:
    rows: list[list[object]] = []
    middle: dict[str, dict[str, dict[str, float]]] = {}
    for name, all_runs in runs.items():
        middle[name] = {}
        for key in RANGES:
            figures = [run["figures"][key] for run in all_runs if run["figures"][key]]
            if not figures:
                rows.append([name, key, "-", "-", "-", 0, "-"])
                continue
            medians = {part: statistics.median(each[part] for each in figures) for part in PARTS}
            middle[name][key] = medians
            lost = sum(each["uncorrelated_windows"] + each["incomplete_seconds"] for each in figures)
            rows.append([name, key, *medians.values(), len(figures), lost])
    print_table(
        f"Spread at the loudspeakers, {describe(options)}: median of the runs' medians, p95s and maxima, ms",
        ["player", "range", "median", "p95", "max", "runs", "lost"],
        rows,
    )
    if "Snapcast" in middle:
        for key in RANGES:
            if key in middle["Unisono"] and key in middle["Snapcast"]:
                ratio = middle["Unisono"][key]["median_ms"] / max(middle["Snapcast"][key]["median_ms"], 1e-6)
                print(f"Unisono / Snapcast, median, {key}: {ratio:.2f}")
    save(stem(options), {"options": {**vars(options)}, "runs": runs, "median_of_runs": middle})


def describe(options: argparse.Namespace) -> str:
    length = f"{options.seconds:g} s, {options.runs} runs"
    return f"{options.seats} ({len(options.seats)} devices), {options.condition}, {length}"


def stem(options: argparse.Namespace) -> str:
    return f"speakers-{options.seats}-{options.condition}"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench.speakers", description="Spread of N loudspeakers playing one song."
    )
    parser.add_argument("--seats", default="cccc", help="one letter per device: c = Chromium, f = Firefox")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=62.0)
    parser.add_argument("--condition", choices=["quiet", "harsh"], default="quiet")
    parser.add_argument("--snapcast", action="store_true", help="the same with Snapcast, in turn")
    return parser.parse_args()


if __name__ == "__main__":
    started = time.monotonic()
    main()
    print(f"took {time.monotonic() - started:.0f} s")
