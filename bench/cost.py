"""What one playing peer costs its device: `python -m bench.cost --seconds 300`.

One Chromium, quiet, plays a song of five minutes alone. Processor time and memory of all its processes, once
a second, from /proc: percent of one core; MB of proportional set size, in which shared pages count once.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bench.report import RESULTS, print_table, save
from lab.browsers.launch import Fleet
from lab.browsers.process_tree import processes_marked
from lab.rig.pulse import SpeakerRig
from lab.rig.song import make_song
from lab.room import Room
from lab.server_process import ServerProcess

SONG_SEC = 300.0
BEFORE_SEC = 15.0
SETTLED_SEC = 10.0  # decoding and the first queue are over by then
SAMPLE_SEC = 1.0
TICKS_PER_SEC = os.sysconf("SC_CLK_TCK")

# Seconds since Play, percent of one core, MB.
Sample = tuple[float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.cost", description="CPU and memory of one playing peer.")
    parser.add_argument("--seconds", type=float, default=SONG_SEC, help="how much of the song")
    options = parser.parse_args()
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder, SpeakerRig(1, priority=True) as rig:
        song = make_song(Path(folder), duration_sec=SONG_SEC)
        server = ServerProcess(Path(folder) / "server.log")
        try:
            with Fleet(server.url) as fleet:
                room = Room(fleet, rig, server.url)
                [ada] = room.enter("ada")
                fleet.give_sound_priority()
                room.share(ada, song.path)
                began = time.monotonic() + BEFORE_SEC
                has_begun = False
                last_at, last_sec = time.monotonic(), cpu_sec(ada.mark)
                while time.monotonic() < began + options.seconds:
                    ada.pause(SAMPLE_SEC * 1000)
                    at, used_sec = time.monotonic(), cpu_sec(ada.mark)
                    share = 100 * (used_sec - last_sec) / (at - last_at)
                    samples.append((at - began, share, memory_mb(ada.mark)))
                    last_at, last_sec = at, used_sec
                    if not has_begun and at >= began:
                        has_begun = True
                        room.start(ada, song.path.name)
        finally:
            server.stop()
    report(samples, options.seconds)


def cpu_sec(mark: str) -> float:
    """Of all processes that carry the mark, those that ended left out."""
    ticks = 0
    for pid in processes_marked(mark):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])  # utime, stime: proc(5)
    return ticks / TICKS_PER_SEC


def memory_mb(mark: str) -> float:
    kib = 0
    for pid in processes_marked(mark):
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        kib += next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return kib * 1024 / 1e6


def report(samples: list[Sample], seconds: float) -> None:
    phases = {
        "in the room, silent": [sample for sample in samples if sample[0] < 0],
        "playing, settled": [sample for sample in samples if sample[0] >= SETTLED_SEC],
    }
    rows: list[list[object]] = []
    figures: dict[str, dict[str, float]] = {}
    for name, chosen in phases.items():
        shares, sizes = [each[1] for each in chosen], [each[2] for each in chosen]
        figures[name] = {
            "cpu_percent_median": statistics.median(shares),
            "cpu_percent_max": max(shares),
            "memory_mb_median": statistics.median(sizes),
            "memory_mb_max": max(sizes),
        }
        rows.append([name, *figures[name].values(), len(chosen)])
    print_table(
        f"One Chromium, the first {seconds:g} s of a song of {SONG_SEC:g} s: all its processes",
        ["", "CPU % of a core", "max", "memory MB", "max", "seconds"],
        rows,
    )
    plot(samples)
    rounded = [[round(value, 2) for value in sample] for sample in samples]
    save("cost", {"seconds": seconds, "song_sec": SONG_SEC, "figures": figures, "samples": rounded})


def plot(samples: list[Sample]) -> None:
    figure = Figure(figsize=(10, 5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle("One Chromium playing alone: all its processes")
    above, below = figure.subplots(2, 1, sharex=True)
    at_sec = [sample[0] for sample in samples]
    above.plot(at_sec, [sample[1] for sample in samples])
    above.set_ylabel("CPU, % of one core")
    below.plot(at_sec, [sample[2] for sample in samples])
    below.set_ylabel("memory, MB (PSS)")
    below.set_xlabel("seconds since Play")
    for axes in (above, below):
        axes.set_ylim(bottom=0)
        axes.grid(visible=True, alpha=0.25)
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "cost.png")


if __name__ == "__main__":
    main()
