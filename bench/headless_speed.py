"""How fast a headless peer gives and takes: `python -m bench.headless_speed [--mib 128] [--runs 3]`.

Pairs on this host, unshaped, each as a ratio to a bare data channel between the same kinds of ends in the
same run (best of the message sizes tried): page and aiortc, aiortc and page, aiortc and aiortc. Once for the
whole file, and once for its second half, by which the pacers have found out what the path carries. `--before`
names another checkout, whose headless peer is measured in turn with this one's. Needs an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from bench.report import RESULTS, print_table, save
from lab.browsers.device import Device
from lab.browsers.launch import Fleet
from lab.file_room import NO_SOUND, SILENT, make_noise
from lab.server_process import ServerProcess

MIB = 1024**2
WAYS = ("page to peer", "peer to page", "peer to peer")
MESSAGE_KIB = (16, 64)
KEY = "K7QF-9TXM-2B4D"
LIMIT_MS = 120_000.0
HERE = Path(__file__).parents[1]


class Child:
    """A process that talks in lines of JSON; what else it prints is passed over."""

    def __init__(self, module: str, *arguments: str, source: Path = HERE) -> None:
        path = os.pathsep.join([str(source / "src"), str(HERE)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def say(self, words: object) -> None:
        assert self._process.stdin is not None
        print(json.dumps(words), file=self._process.stdin, flush=True)

    def hear(self, key: str) -> dict[str, Any]:
        """The next thing it says that has this key."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{") and key in (told := json.loads(line)):
                return dict(told)
        raise AssertionError("the child ended")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.headless_speed", description="A headless peer's speed.")
    parser.add_argument("--mib", type=int, default=128)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--before", type=Path, help="another checkout, whose peer is measured in turn")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--save-as", default="headless-speed")
    parser.add_argument("--append", action="store_true", help="to the runs that are kept under this name")
    options = parser.parse_args()
    builds = {"now": HERE, **({"before": options.before.resolve()} if options.before else {})}
    size_bytes = options.mib * MIB
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        file = make_noise(Path(folder) / "noise.mp3", size_bytes)
        server = ServerProcess(Path(folder) / "server.log")
        try:
            for number in range(options.runs):
                for way in options.ways:
                    runs.append(_measure(number, way, server.url, file, builds))
                    print(json.dumps(runs[-1]), flush=True)
        finally:
            server.stop()
    former = _kept(options.save_as) if options.append else []
    _report(options.save_as, options.mib, [*former, *runs])


def _kept(name: str) -> list[dict[str, Any]]:
    path = RESULTS / f"{name}.json"
    return list(json.loads(path.read_text(encoding="utf-8"))["runs"]) if path.exists() else []


def _report(name: str, mib: int, runs: list[dict[str, Any]]) -> None:
    medians: dict[str, dict[str, float]] = {}
    for way in WAYS:
        of_way = [run for run in runs if run["way"] == way]
        for build in of_way[0]["ratio"] if of_way else ():
            medians[f"{way}, {build}"] = {
                "whole": statistics.median(run["ratio"][build] for run in of_way),
                "second half": statistics.median(run["second_half_ratio"][build] for run in of_way),
                "runs": len(of_way),
            }
    rows = [(what, *figures.values()) for what, figures in medians.items()]
    print_table("Of a bare channel's speed, medians", ("what", "whole", "second half", "runs"), rows)
    save(name, {"mib": mib, "median_ratio": medians, "runs": runs})


def _measure(number: int, way: str, url: str, file: Path, builds: dict[str, Path]) -> dict[str, Any]:
    size_bytes = file.stat().st_size
    bare: dict[str, Any] = {str(kib): _bare(way, url, size_bytes, kib) for kib in MESSAGE_KIB}
    best = max(each["bytesPerSec"] for each in bare.values())
    # In turn, and not always the same one first.
    names = list(builds) if number % 2 == 0 else list(builds)[::-1]
    moved = {name: _moved(way, url, file, builds[name]) for name in names}
    ratio = {name: each["bytesPerSec"] / best for name, each in moved.items()}
    half = {name: each["secondHalfBytesPerSec"] / best for name, each in moved.items()}
    load = os.getloadavg()[0]
    return {"way": way, "bare": bare, "moved": moved, "ratio": ratio, "second_half_ratio": half, "load": load}


def _bare(way: str, url: str, size_bytes: int, message_kib: int) -> dict[str, Any]:
    said = ("--message-kib", str(message_kib))
    with Child("bench.plain_channel", "offer", *said) as one:
        if way == "peer to peer":
            with Child("bench.plain_channel", "answer", *said) as other:
                other.say(one.hear("sdp"))
                one.say(other.hear("sdp"))
                other.hear("open")
                one.hear("open")
                other.say({"take": size_bytes})
                one.say({"send": size_bytes})
                return other.hear("bytesPerSec")
        with _page(url) as page:
            one.say(page.page.evaluate(_ANSWER, one.hear("sdp")))
            one.hear("open")
            if way == "page to peer":
                one.say({"take": size_bytes})
                page.page.evaluate(_SEND, [size_bytes, message_kib * 1024])
                return one.hear("bytesPerSec")
            one.say({"send": size_bytes})
            page.page.wait_for_function(
                "(sizeBytes) => arrived.bytes >= sizeBytes", arg=size_bytes, polling=100, timeout=LIMIT_MS
            )
            return {"bytesPerSec": page.page.evaluate(_RATE)}


def _moved(way: str, url: str, file: Path, source: Path) -> dict[str, Any]:
    """A swarm of two with a key of its own."""
    link = f"{url}/#{KEY[:-4]}{_fresh()}"
    if way == "peer to peer":
        with Child("bench.timed_peer", link, str(file), "--name", "ada", source=source) as ada:
            ada.hear("offered")
            with Child("bench.timed_peer", link, source=source) as bo:
                return bo.hear("bytesPerSec")
    if way == "page to peer":
        with _page(link) as page:
            page.join()
            page.add_file(file)
            page.wait_for_seeded(file.name)
            with Child("bench.timed_peer", link, source=source) as bo:
                return bo.hear("bytesPerSec")
    with Child("bench.timed_peer", link, str(file), source=source) as ada:
        ada.hear("offered")
        with _page(link) as page:
            page.page.evaluate(_WATCH)
            page.join()
            page.page.wait_for_function("() => window.heldRate", polling=100, timeout=LIMIT_MS)
            return dict(page.page.evaluate("() => window.heldRate"))


# The page's end of a bare channel.
_ANSWER = """async (offer) => {
  const connection = new RTCPeerConnection();
  window.bare = connection.createDataChannel("bulk", { negotiated: true, id: 1 });
  bare.binaryType = "arraybuffer";
  window.arrived = { bytes: 0, firstBytes: 0, firstMs: 0, lastMs: 0 };
  bare.onmessage = ({ data }) => {
    const nowMs = performance.now();
    if (arrived.bytes === 0) Object.assign(arrived, { firstMs: nowMs, firstBytes: data.byteLength });
    arrived.bytes += data.byteLength;
    arrived.lastMs = nowMs;
  };
  await connection.setRemoteDescription(offer);
  await connection.setLocalDescription(await connection.createAnswer());
  while (connection.iceGatheringState !== "complete")
    await new Promise((resolve) => connection.addEventListener("icegatheringstatechange", resolve,
      { once: true }));
  return connection.localDescription.toJSON();
}"""

_SEND = """async ([sizeBytes, messageBytes]) => {
  const message = new Uint8Array(messageBytes);
  if (bare.readyState !== "open")
    await new Promise((resolve) => bare.addEventListener("open", resolve, { once: true }));
  bare.bufferedAmountLowThreshold = 128 * 1024;
  const drained = () => new Promise((resolve) =>
    bare.addEventListener("bufferedamountlow", resolve, { once: true }));
  for (let sent = 0; sent < sizeBytes; sent += messageBytes) {
    if (bare.bufferedAmount > 192 * 1024) await drained();
    bare.send(message);
  }
}"""

_RATE = "() => ((arrived.bytes - arrived.firstBytes) / (arrived.lastMs - arrived.firstMs)) * 1000"

# From the first held bytes to the last, as a headless peer counts them.
_WATCH = """() => {
  let first = null;
  let half = null;
  const timer = setInterval(() => {
    const [file] = window.unisono?.snapshot()?.files ?? [];
    if (!file || file.heldBytes === 0) return;
    const now = { bytes: file.heldBytes, ms: performance.now() };
    first ??= now;
    if (file.heldBytes >= file.sizeBytes / 2) half ??= now;
    if (file.heldBytes < file.sizeBytes) return;
    clearInterval(timer);
    const rateSince = ({ bytes, ms }) => ((file.sizeBytes - bytes) / (now.ms - ms)) * 1000;
    window.heldRate = { bytesPerSec: rateSince(first), secondHalfBytesPerSec: rateSince(half) };
  }, 20);
}"""


def _fresh() -> str:
    return "".join(secrets.choice("23456789ABCDEFGHJKMNPQRSTVWXYZ") for _ in range(4))


@contextmanager
def _page(link: str) -> Iterator[Device]:
    with Fleet(link) as fleet:
        device = fleet.chromium("ada", SILENT, extra_args=NO_SOUND)
        device.open(link)
        yield device


if __name__ == "__main__":
    main()
