"""How fast one page's file is with three others on the same host: `python -m bench.swarm_host`.

Four silent Chromium, nothing shaped, a new room for each run: the host's cores alone limit this. The bound
is what three need, at the rate at which two plain data channels between the same four browsers move bytes at
the same time (bench/one_channel.py), which takes all cores there are. Told beside it: CPU seconds of the
browsers for each GB delivered, by thread. The build before takes its turn where `--before` names a checkout.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.figures import builds_in_turn
from bench.first_piece import RECORD, holds_it
from bench.one_channel import measure_together
from bench.report import print_table, save
from lab.browsers.device import wait_for_all
from lab.browsers.launch import Fleet
from lab.browsers.process_tree import cpu_sec_by_thread, processes_marked
from lab.file_room import FileRoom, make_noise
from lab.room import has_peers
from lab.server_process import ServerProcess

NAMES = ("ada", "bo", "cy", "di")
LIMIT_SEC = 200.0
CHANNEL_BYTES = 48 * 1024**2
SHOWN_THREADS = 8
HEADER = ["build", "s", "channels together, MB/s", "x bound", "moved, MB/s", "CPU s/GB"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.swarm_host", description="One file to three, on one host.")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--mb", type=int, default=100)
    parser.add_argument("--before", type=Path, help="a checkout whose built web app takes its turn, too")
    options = parser.parse_args()
    builds = builds_in_turn(options.before)
    raw: dict[str, list[dict[str, Any]]] = {build: [] for build in builds}
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as name:
        noise = make_noise(Path(name) / "noise.mp3", options.mb * 1_000_000)
        for _ in range(options.runs):
            for build, checkout in builds.items():
                found = share(Path(name), checkout, noise)
                raw[build].append(found)
                print(f"{build}: {found['taken_sec']:.1f} s = {found['times_bound']:.2f} x bound", flush=True)
    columns = ("taken_sec", "channels_mb_per_sec", "times_bound", "moved_mb_per_sec", "cpu_sec_per_gb")
    rows = [
        [build, *(statistics.median(each[column] for each in runs) for column in columns)]
        for build, runs in raw.items()
    ]
    print_table(f"{options.mb} MB from one to three, one host, nothing shaped", HEADER, rows)
    for build, runs in raw.items():
        print_threads(build, runs[0]["threads_sec_per_gb"])
    save(f"swarm-host-{options.mb}mb", {"header": HEADER, "figures": rows, "raw": raw})


def share(folder: Path, checkout: Path | None, path: Path) -> dict[str, Any]:
    env = None if checkout is None else {**os.environ, "PYTHONPATH": str(checkout / "src")}
    server = ServerProcess(folder / "server.log", env=env)
    try:
        with Fleet(server.url) as fleet:
            devices = FileRoom(fleet, server.url).enter(*NAMES, script=RECORD)
            wait_for_all(devices, has_peers(len(devices)), "to be linked")
            ada, bo, cy, di = devices
            goodput = measure_together([(ada, bo), (cy, di)], CHANNEL_BYTES)
            pids = {pid for device in devices for pid in processes_marked(device.mark)}
            before = cpu_sec_by_thread(pids)
            ada.add_file(path)
            wait_for_all(devices, holds_it, "to hold the file", LIMIT_SEC)
            used = {name: sec - before.get(name, 0.0) for name, sec in cpu_sec_by_thread(pids).items()}
            records = [device.page.evaluate("window.record") for device in devices]
    finally:
        server.stop()
    needed_bytes = (len(NAMES) - 1) * path.stat().st_size
    taken_sec = (max(each["whole"] for each in records) - records[0]["added"]) / 1000
    return {
        "taken_sec": taken_sec,
        "channels_mb_per_sec": goodput / 1e6,
        "times_bound": taken_sec * goodput / needed_bytes,
        "moved_mb_per_sec": needed_bytes / taken_sec / 1e6,
        "cpu_sec_per_gb": sum(used.values()) * 1e9 / needed_bytes,
        "threads_sec_per_gb": {name: round(sec * 1e9 / needed_bytes, 2) for name, sec in used.items()},
        "load": os.getloadavg()[0],
    }


def print_threads(build: str, threads: Mapping[str, float]) -> None:
    spent = sorted(threads.items(), key=lambda each: -each[1])[:SHOWN_THREADS]
    print(f"{build}, CPU s/GB by thread: " + ", ".join(f"{name} {sec:.0f}" for name, sec in spent))


if __name__ == "__main__":
    main()
