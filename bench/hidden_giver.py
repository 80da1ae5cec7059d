"""What a page gives whose tab is hidden, beside one that is seen: `python -m bench.hidden_giver`.

Ada's Chromium is as people have it, without a driver's flags against the slowing of hidden pages, on a screen
of its own (lab/browsers/hidden.py); hidden means another tab in front of hers. Bo's, silent as well, fetches.
In one room, in turn: a file of noise while ada is seen, one of the same size while she is hidden. Told: how
long from bo's first listing of the file until bo has its first 4 MB, and all of it. The build before takes
its turn where `--before` names a checkout.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench.figures import builds_in_turn
from bench.report import print_table, save
from lab.browsers.hidden import HideablePage
from lab.browsers.launch import Fleet
from lab.file_room import FileRoom, make_noise
from lab.room import has_peers
from lab.server_process import ServerProcess

KEY = "K7QF-9TXM-2B4D"
FIRST_BYTES = 4_000_000
# Chromium slows the timers of a hidden page further after 10 s. A page that is seen rests as long before its
# file: after a pause the pacer seeks the rate anew.
REST_MS = 12_000.0
LIMIT_MS = 120_000
HEADER = ["build", "ada is", "first 4 MB, s", "all, s", "MB/s", "of seen, 4 MB", "of seen, all"]

RECORD = """
window.records = {};
setInterval(() => {
  for (const { name, heldBytes, sizeBytes } of window.unisono?.snapshot().files ?? []) {
    const record = (window.records[name] ??= { listedMs: Date.now() });
    if (heldBytes >= FIRST_BYTES) record.firstMs ??= Date.now();
    if (heldBytes === sizeBytes) record.wholeMs ??= Date.now();
  }
}, 20);
""".replace("FIRST_BYTES", str(FIRST_BYTES))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.hidden_giver", description="A hidden page gives.")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--mb", type=int, default=40)
    parser.add_argument("--before", type=Path, help="a checkout whose built web app takes its turn, too")
    options = parser.parse_args()
    builds = builds_in_turn(options.before)
    raw: dict[str, list[dict[str, Any]]] = {build: [] for build in builds}
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as name:
        for _ in range(options.runs):
            for build, checkout in builds.items():
                raw[build].append(measure(Path(name), checkout, options.mb * 1_000_000))
                print(build, raw[build][-1], flush=True)
    rows: list[list[object]] = []
    for build, runs in raw.items():
        seen, hidden = (
            [statistics.median(each[state][column] for each in runs) for column in ("firstSec", "allSec")]
            for state in ("seen", "hidden")
        )
        rows.append([build, "seen", *seen, options.mb / seen[1], 1.0, 1.0])
        rows.append(
            [build, "hidden", *hidden, options.mb / hidden[1], seen[0] / hidden[0], seen[1] / hidden[1]]
        )
    print_table(f"{options.mb} MB from ada to bo, one host", HEADER, rows)
    save("hidden-giver", {"header": HEADER, "figures": rows, "raw": raw})


def measure(folder: Path, checkout: Path | None, size_bytes: int) -> dict[str, Any]:
    env = None if checkout is None else {**os.environ, "PYTHONPATH": str(checkout / "src")}
    server = ServerProcess(folder / "server.log", env=env)
    found: dict[str, Any] = {}
    try:
        link = f"{server.url}/#{KEY}"
        with HideablePage(link) as ada, Fleet(server.url) as fleet:
            ada.wait_for("document.querySelector('form button[type=submit]') !== null")
            ada.evaluate("document.querySelector('form button[type=submit]').click()")
            ada.wait_for("unisono.snapshot().phase === 'joined'")
            ada.wait_for("document.querySelector('input[type=file]') !== null")
            room = FileRoom(fleet, server.url)
            room.link = link
            [bo] = room.enter("bo", script=RECORD)
            bo.wait_for(has_peers(2), "to be linked")
            # The first file of a session also opens the store, and finds the rate.
            for state in ("first", "seen", "hidden"):
                noise = make_noise(folder / f"{state}.mp3", size_bytes, seed=len(found) + 1)
                if state == "hidden":
                    ada.hide()
                if state != "first":
                    bo.pause(REST_MS)
                ada.add_file(noise)
                bo.page.wait_for_function(
                    "(name) => window.records[name]?.wholeMs", arg=noise.name, polling=500, timeout=LIMIT_MS
                )
                record = bo.page.evaluate("(name) => window.records[name]", noise.name)
                found[state] = {
                    "firstSec": (record["firstMs"] - record["listedMs"]) / 1000,
                    "allSec": (record["wholeMs"] - record["listedMs"]) / 1000,
                }
            assert ada.evaluate("document.visibilityState") == "hidden"
    finally:
        server.stop()
    return {**found, "load": os.getloadavg()[0]}


if __name__ == "__main__":
    main()
