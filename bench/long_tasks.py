"""How long the main thread is held up while a big file comes in during a song: `python -m bench.long_tasks`.

Two Chromium on one host, one room. ada directs; both play; then ada adds 100 MB of noise. Told of each page,
from the adding until bo has all of it: how many tasks of its main thread took longer than 50 ms
(PerformanceObserver, `longtask`), the longest of them, and which scripts the frames beside them name
(`long-animation-frame`). The same for a stretch of the song after that, when nothing moves. The build
before takes its turn where `--before` names a checkout. A task that waits for a core counts like one that
works: read the load.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.figures import builds_in_turn
from bench.report import print_table, save
from lab.browsers.device import Device, wait_for_all
from lab.browsers.launch import Condition, Fleet
from lab.file_room import FileRoom, make_noise
from lab.rig.song import make_song
from lab.room import has_peers, holds, is_playing
from lab.server_process import ServerProcess

SONG_SEC = 185.0
QUIET_SEC = 15.0
SETTLE_MS = 4_000.0
LIMIT_SEC = 120.0
HEADER = ["build", "page", "stretch", "s", "tasks > 50 ms", "longest, ms", "in all, ms"]

RECORD = """
window.longTasks = [];
window.longFrames = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) longTasks.push([startTime, duration]);
}).observe({ type: "longtask", buffered: true });
new PerformanceObserver((list) => {
  for (const frame of list.getEntries())
    longFrames.push({
      startTime: frame.startTime, duration: frame.duration, renderStart: frame.renderStart,
      scripts: frame.scripts.map((each) => ({
        ms: each.duration, forcedMs: each.forcedStyleAndLayoutDuration,
        by: `${each.invokerType} ${each.invoker}`,
        at: `${each.sourceURL.split("/").at(-1)}:${each.sourceCharPosition} ${each.sourceFunctionName}`,
      })),
    });
}).observe({ type: "long-animation-frame", buffered: true });
"""
SINCE = """([fromMs, toMs]) => ({
  tasks: longTasks.filter(([at]) => at >= fromMs && at < toMs),
  frames: longFrames.filter(({ startTime, duration }) => startTime + duration >= fromMs && startTime < toMs),
})"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench.long_tasks", description="Long tasks while a file comes in during a song."
    )
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--mb", type=int, default=100)
    parser.add_argument(
        "--condition", choices=("quiet", "harsh"), default="quiet", help="lab/browsers/launch.py"
    )
    parser.add_argument("--before", type=Path, help="a checkout whose built web app takes its turn, too")
    options = parser.parse_args()
    builds = builds_in_turn(options.before)
    rows: list[list[object]] = []
    raw: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as name:
        folder = Path(name)
        song = make_song(folder, duration_sec=SONG_SEC).path
        noise = make_noise(folder / "mix.mp3", options.mb * 1_000_000)
        for _ in range(options.runs):
            for build, checkout in builds.items():
                found = measure(folder, checkout, song, noise, options.condition)
                raw.setdefault(build, []).append(found)
                rows += [[build, *row] for row in rows_of(found)]
    print_table(f"Long tasks while {options.mb} MB come in during a song", HEADER, rows)
    for build, runs in raw.items():
        print_scripts(build, runs)
    save(
        f"long-tasks-{options.condition}",
        {"mb": options.mb, "header": HEADER, "figures": rows, "raw": raw},
    )


def measure(
    folder: Path, checkout: Path | None, song: Path, noise: Path, condition: Condition
) -> dict[str, Any]:
    env = None if checkout is None else {**os.environ, "PYTHONPATH": str(checkout / "src")}
    server = ServerProcess(folder / "server.log", env=env)
    try:
        with Fleet(server.url, condition=condition) as fleet:
            ada, bo = pages = FileRoom(fleet, server.url).enter("ada", "bo", script=RECORD)
            wait_for_all(pages, has_peers(2), "to be linked")
            ada.add_file(song)
            wait_for_all(pages, lambda shot: holds(shot, song.name), "to hold the song")
            ada.play(song.name)
            wait_for_all(pages, is_playing, "to play")
            ada.pause(SETTLE_MS)
            stretches: dict[str, Any] = {}
            with_file = Stretch(pages)
            begun = time.monotonic()
            ada.add_file(noise)
            # Not asked through the whole snapshot, which is a task of the page's own.
            bo.page.wait_for_function(
                "(name) => unisono.snapshot().files.some((file) => file.name === name && file.seeded)",
                arg=noise.name,
                polling=1_000,
                timeout=LIMIT_SEC * 1000,
            )
            taken_sec = time.monotonic() - begun
            stretches["while it comes in"] = with_file.end(taken_sec)
            ada.pause(SETTLE_MS)
            quiet = Stretch(pages)
            ada.pause(QUIET_SEC * 1000)
            stretches["the song alone"] = quiet.end(QUIET_SEC)
            assert all(is_playing(page.snapshot()) for page in pages), "the song has ended meanwhile"
            return stretches
    finally:
        server.stop()


class Stretch:
    """What the pages' main threads did from now until `end`."""

    def __init__(self, pages: list[Device]) -> None:
        self._pages = pages
        self._from_ms = [self._now(page) for page in pages]

    def end(self, taken_sec: float) -> dict[str, Any]:
        found = {
            page.name: page.page.evaluate(SINCE, [from_ms, self._now(page)])
            for page, from_ms in zip(self._pages, self._from_ms, strict=True)
        }
        return {"sec": round(taken_sec, 1), "pages": found}

    @staticmethod
    def _now(page: Device) -> float:
        return float(page.page.evaluate("performance.now()"))


def rows_of(found: dict[str, Any]) -> list[list[object]]:
    return [
        [
            *(page, stretch, one["sec"], len(tasks["tasks"])),
            *(max((ms for _, ms in tasks["tasks"]), default=0), sum(ms for _, ms in tasks["tasks"])),
        ]
        for stretch, one in found.items()
        for page, tasks in one["pages"].items()
    ]


def print_scripts(build: str, runs: list[dict[str, Any]]) -> None:
    spent: Counter[str] = Counter()
    for run in runs:
        for page, tasks in run["while it comes in"]["pages"].items():
            for frame in tasks["frames"]:
                for script in frame["scripts"]:
                    spent[f"{page}: {script['by']} at {script['at']}"] += round(script["ms"])
    print(f"\n{build}: what long frames name, ms")
    for name, ms in spent.most_common(12):
        print(f"{ms:6}  {name}")


if __name__ == "__main__":
    main()
