"""From the Join tap to a locked clock, on loopback: `python -m bench.join --runs 10`.

The key is stretched while the join screen is up, as it is for people who take a second to find the button;
`cold` taps at once. Milliseconds since the tap, as the page itself notes them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from bench.report import print_table, save
from lab.browsers.device import Snapshot
from lab.browsers.launch import Fleet
from lab.rig.pulse import SpeakerRig
from lab.server_process import ServerProcess

PARTS = ("controlOpenMs", "clockLockedMs")
WARM_WAIT_MS = 2_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.join", description="Join tap to clock locked.")
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    timings: dict[str, list[dict[str, float]]] = {"warm": [], "cold": []}
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder, SpeakerRig(1) as rig:
        server = ServerProcess(Path(folder) / "server.log")
        try:
            for run in range(options.runs):
                for kind, noted in timings.items():
                    with Fleet(server.url) as fleet:
                        device = fleet.chromium("ada", rig.env(0))
                        device.open(f"{server.url}/#J0{run:02}-JOIN-BNCH")
                        if kind == "warm":
                            device.page.wait_for_timeout(WARM_WAIT_MS)
                        device.join()
                        shot = device.wait_for(is_locked, "to lock its clock")
                        noted.append({part: shot["timings"][part] for part in PARTS})
        finally:
            server.stop()
    rows = [
        [kind, part, statistics.median(values), max(values)]
        for kind, noted in timings.items()
        for part in PARTS
        for values in [[each[part] for each in noted]]
    ]
    print_table(f"Since the Join tap, ms, {options.runs} runs", ["key", "until", "median", "max"], rows)
    save("join", {"runs": timings})


def is_locked(shot: Snapshot) -> bool:
    return bool(shot["clock"]["state"] == "locked")


if __name__ == "__main__":
    main()
