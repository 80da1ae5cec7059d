"""How soon a file that is added is with another: `python -m bench.first_piece --before CHECKOUT`.

Two silent Chromium on one host, a new room for each run. Told: from the choosing of a file of noise until the
other page has listed it, holds its first piece, and holds all of it, and until its owner has all of it;
and how fast the file moved in between, beside one plain data channel between the same two browsers
(bench/one_channel.py). The build before takes its turn where `--before` names a checkout.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.figures import builds_in_turn
from bench.one_channel import measure_goodput
from bench.report import print_table, save
from lab.browsers.device import Snapshot, wait_for_all
from lab.browsers.launch import Fleet
from lab.file_room import FileRoom, make_noise
from lab.room import has_peers
from lab.server_process import ServerProcess

SIZES_MB = (100, 1_000)
# The slowest seen of 1 GB took a minute and a half.
LIMIT_SEC = 220.0
# Enough for a steady rate, and short of what the file takes.
CHANNEL_BYTES = 64 * 1024**2
PERIODS = ("listed", "first piece there", "all read here", "all there")
HEADER = ["file", "build", *(f"{name}, s" for name in PERIODS), "MB/s", "one channel, MB/s"]

# When what is first seen of the only file, wall clock in ms: both pages run on one host. Every 10 ms until
# the first piece is there, then every 100: looking takes processor time, and the transfer needs all there is.
RECORD = """
window.record = {};
addEventListener("change", () => { window.record.added ??= Date.now(); }, true);
const look = () => {
  const [file] = window.unisono?.snapshot().files ?? [];
  if (file) {
    window.record.listed ??= Date.now();
    if (file.heldBytes > 0) window.record.held ??= Date.now();
    if (file.heldBytes === file.sizeBytes) window.record.whole ??= Date.now();
  }
  setTimeout(look, window.record.held ? 100 : 10);
};
look();
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.first_piece", description="From Add to another's piece.")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--mb", type=int, nargs="*", default=list(SIZES_MB))
    parser.add_argument("--before", type=Path, help="a checkout whose built web app takes its turn, too")
    options = parser.parse_args()
    builds = builds_in_turn(options.before)
    rows: list[list[object]] = []
    raw: dict[str, list[list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as name:
        for mb in options.mb:
            noise = make_noise(Path(name) / f"noise-{mb}.mp3", mb * 1_000_000)
            for _ in range(options.runs):
                for build, checkout in builds.items():
                    found = add_and_wait(Path(name), checkout, noise)
                    raw.setdefault(f"{mb} MB, {build}", []).append(found)
                    print(f"{mb} MB, {build}: {[round(each, 2) for each in found]}", flush=True)
            for build in builds:
                runs = raw[f"{mb} MB, {build}"]
                rows.append(
                    [f"{mb} MB", build, *(statistics.median(each) for each in zip(*runs, strict=True))]
                )
    print_table("A file on its way from one Chromium to another, one host", HEADER, rows)
    save("first-piece", {"figures": rows, "raw": raw})


def add_and_wait(folder: Path, checkout: Path | None, path: Path) -> list[float]:
    """The four periods in seconds, then MB/s of the file and of one plain channel."""
    env = None if checkout is None else {**os.environ, "PYTHONPATH": str(checkout / "src")}
    server = ServerProcess(folder / "server.log", env=env)
    try:
        with Fleet(server.url) as fleet:
            ada, bo = FileRoom(fleet, server.url).enter("ada", "bo", script=RECORD)
            wait_for_all([ada, bo], has_peers(2), "to be linked")
            channel_mb_per_sec = measure_goodput(ada, bo, CHANNEL_BYTES) / 1e6
            ada.add_file(path)
            wait_for_all([ada, bo], holds_it, "to hold the file", LIMIT_SEC)
            for each in (ada, bo):
                each.page.wait_for_function("() => window.record.whole")
            ours, theirs = [each.page.evaluate("window.record") for each in (ada, bo)]
    finally:
        server.stop()
    return [
        *since_adding(ours, theirs),
        path.stat().st_size / 1e3 / (theirs["whole"] - theirs["held"]),
        channel_mb_per_sec,
    ]


def since_adding(ours: Mapping[str, int], theirs: Mapping[str, int]) -> list[float]:
    seen = (theirs["listed"], theirs["held"], ours["whole"], theirs["whole"])
    return [(at - ours["added"]) / 1000 for at in seen]


def holds_it(shot: Snapshot) -> bool:
    return bool(shot["files"]) and all(file["heldBytes"] == file["sizeBytes"] for file in shot["files"])


if __name__ == "__main__":
    main()
