"""What a room costs while nothing happens in it: `python -m bench.idle`.

Nine silent Chromium on one host: cores taken and wake-ups a second, first of bare connections between all of
them (two channels each, as Unisono has, and nothing else: the floor), then in a room without a song. Then CPU
seconds while a file moves from one to eight, nothing shaped. The build before takes its turn where `--before`
names a checkout.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import builds_in_turn, marked
from bench.report import print_table, save
from lab.browsers.device import Device, wait_for_all
from lab.browsers.launch import Fleet
from lab.browsers.process_tree import cpu_sec_by_thread
from lab.file_room import MIB, NO_SOUND, SILENT, FileRoom, make_noise
from lab.room import has_peers, holds
from lab.server_process import ServerProcess

PAGES = 9
SETTLED_MS = 20_000.0  # the clock's burst is over by then, and the output's line has stood
SHOWN_THREADS = 8

_OPEN = """(count) => {
  window.bare = Array.from({ length: count }, () => {
    const connection = new RTCPeerConnection();
    const channel = (label, id) => connection.createDataChannel(label, { negotiated: true, id });
    return { connection, channels: [channel("ctl", 0), channel("bulk", 1)] };
  });
}"""
_DESCRIBE = """async ([index, remote]) => {
  const { connection } = bare[index];
  if (remote) await connection.setRemoteDescription(remote);
  if (remote?.type === "answer") return null;
  const own = await (remote ? connection.createAnswer() : connection.createOffer());
  await connection.setLocalDescription(own);
  while (connection.iceGatheringState !== "complete")
    await new Promise((resolve) => connection.addEventListener("icegatheringstatechange", resolve,
      { once: true }));
  return connection.localDescription.toJSON();
}"""
_ARE_OPEN = "() => bare.every(({ channels }) => channels.every(({ readyState }) => readyState === 'open'))"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.idle", description="What waiting costs.")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each stretch that is measured")
    parser.add_argument("--before", type=Path, help="a checkout whose built web app takes its turn, too")
    options = parser.parse_args()
    figures: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        noise = make_noise(Path(folder) / "noise.mp3", 8 * MIB)
        for build, checkout in builds_in_turn(options.before).items():
            env = None if checkout is None else {**os.environ, "PYTHONPATH": str(checkout / "src")}
            server = ServerProcess(Path(folder) / f"{build}.log", env=env)
            try:
                with Fleet(server.url) as fleet:
                    names = [f"page{number}" for number in range(1, PAGES + 1)]
                    devices = [fleet.chromium(name, SILENT, extra_args=NO_SOUND) for name in names]
                    if not figures:
                        connect_bare(devices)
                        figures["bare connections"] = rest(devices, options.seconds)
                    enter(devices, server.url)
                    figures[f"{build}: no song"] = rest(devices, options.seconds)
                    figures[f"{build}: a file moves"] = move(devices, noise)
            finally:
                server.stop()
    report(figures)


def connect_bare(devices: list[Device]) -> None:
    """Everyone with everyone, on a page that serves only as their home."""
    for device in devices:
        device.open()
        device.page.evaluate(_OPEN, len(devices) - 1)
    for one, offerer in enumerate(devices):
        for other, answerer in enumerate(devices[one + 1 :], start=one + 1):
            offer = offerer.page.evaluate(_DESCRIBE, [other - 1, None])
            answer = answerer.page.evaluate(_DESCRIBE, [one, offer])
            offerer.page.evaluate(_DESCRIBE, [other - 1, answer])
    for device in devices:
        device.page.wait_for_function(_ARE_OPEN, polling=500)


def enter(devices: list[Device], url: str) -> None:
    room = FileRoom(Fleet(url), url)
    for device in devices:
        device.page.goto("about:blank")
        room.join(device)
    wait_for_all(devices, has_peers(len(devices)), "to be linked")


def rest(devices: list[Device], seconds: float) -> dict[str, Any]:
    devices[0].pause(SETTLED_MS)
    pids = marked(device.mark for device in devices)
    used, woken, began = cpu_sec_by_thread(pids), wakeups(pids), time.monotonic()
    devices[0].pause(1000 * seconds)
    taken_sec = time.monotonic() - began
    cores = {name: (sec - used.get(name, 0)) / taken_sec for name, sec in cpu_sec_by_thread(pids).items()}
    return {
        "cores": sum(cores.values()),
        "wakeups_per_sec": (wakeups(pids) - woken) / taken_sec,
        "threads": {name: round(share, 4) for name, share in cores.items()},
        "load": os.getloadavg()[0],
    }


def move(devices: list[Device], path: Path) -> dict[str, Any]:
    pids = marked(device.mark for device in devices)
    used, woken, began = cpu_sec_by_thread(pids), wakeups(pids), time.monotonic()
    devices[0].add_file(path)
    wait_for_all(devices, lambda shot: holds(shot, path.name), "to hold the file")
    taken_sec = time.monotonic() - began
    spent = {name: sec - used.get(name, 0) for name, sec in cpu_sec_by_thread(pids).items()}
    needed_gb = (len(devices) - 1) * path.stat().st_size / 1e9
    return {
        "cores": sum(spent.values()) / taken_sec,
        "wakeups_per_sec": (wakeups(pids) - woken) / taken_sec,
        "threads": {name: round(sec / taken_sec, 4) for name, sec in spent.items()},
        "cpu_sec_per_gb": sum(spent.values()) / needed_gb,
        "taken_sec": taken_sec,
        "load": os.getloadavg()[0],
    }


def wakeups(pids: set[int]) -> int:
    """How often threads of these processes have begun to run after waiting."""
    count = 0
    for pid in pids:
        for status in Path(f"/proc/{pid}/task").glob("*/status"):
            try:
                lines = status.read_text().splitlines()
            except OSError:
                continue  # it has ended
            count += sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))
    return count


def report(figures: dict[str, dict[str, Any]]) -> None:
    header = ["", "cores", "wake-ups/s", "CPU s/GB", "load"]
    rows: list[list[object]] = [
        [name, each["cores"], each["wakeups_per_sec"], each.get("cpu_sec_per_gb", ""), each["load"]]
        for name, each in figures.items()
    ]
    print_table(f"{PAGES} pages, one host", header, rows)
    for name, each in figures.items():
        spent = sorted(each["threads"].items(), key=lambda thread: -thread[1])[:SHOWN_THREADS]
        print(f"{name}: " + ", ".join(f"{thread} {share:.3f}" for thread, share in spent))
    save("idle", {"figures": figures})


if __name__ == "__main__":
    main()
