"""What a role costs a playing page, and how far apart devices of two roles are: `python -m bench.roles`.

Chromium plays noise in `all` and in a role by turns, a page of its own each time; processor time is that of
all its processes. Then pages of the same role, and of different ones, play side by side at the loudspeakers:
the spread is what is between the earliest and the latest of a window. Single runs.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.cost import cpu_sec
from bench.report import print_table, save
from lab.browsers.folder_server import serve_folder
from lab.browsers.launch import Fleet
from lab.rig.pulse import SpeakerRig
from lab.rig.tracking import RIG_RATE_HZ, track

ROOT = Path(__file__).parents[1]
NODE = ROOT / ".venv/bin/node"
VITE = ROOT / "web/node_modules/vite/bin/vite.js"
PAGE_CONFIG = ROOT / "web/src/audio/testing/stitch-page.vite.ts"
SONG = "noise.flac"
SONG_SEC = 120
SETTLED_SEC = 6.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.roles", description="What roles cost, and their spread.")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each page that plays")
    parser.add_argument("--roles", nargs="*", default=["left", "low", "without-low"], help="against `all`")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as name:
        folder = Path(name)
        build = [str(NODE), str(VITE), "build", "-c", str(PAGE_CONFIG), "--outDir", name]
        subprocess.run([*build, "--logLevel", "warn"], cwd=ROOT / "web", check=True)
        make_noise(folder / SONG)
        with serve_folder(folder) as address:
            page = f"{address}/role-page.html"
            shares = {role: cost_of(page, role, options.seconds) for role in ("all", *options.roles)}
            spreads = {
                "two of one role": spread_ms(page, ("all", "all"), options.seconds, folder),
                "left and right": spread_ms(page, ("left", "right"), options.seconds, folder),
                "all and low": spread_ms(page, ("all", "without-low"), options.seconds, folder),
            }
    rows: list[list[object]] = [[role, share, share / shares["all"]] for role, share in shares.items()]
    print_table("One Chromium playing: all its processes", ["role", "CPU % of a core", "ratio"], rows)
    print_table(
        "Two Chromium at the loudspeakers",
        ["roles", "median ms", "p95 ms"],
        [[k, *v] for k, v in spreads.items()],
    )
    save("roles", {"seconds": options.seconds, "cpu_percent": shares, "spread_ms": spreads})


def make_noise(path: Path) -> None:
    """The same in both channels, so that left and right can be compared."""
    noise = np.random.default_rng(3).normal(0, 0.1, SONG_SEC * RIG_RATE_HZ).astype("<f4")
    raw = f"-f f32le -ar {RIG_RATE_HZ} -ac 1 -i - -af pan=stereo|c0=c0|c1=c0 -c:a flac".split()
    subprocess.run(["ffmpeg", "-v", "error", *raw, str(path)], input=noise.tobytes(), check=True)


def cost_of(page: str, role: str, seconds: float) -> float:
    """Percent of one core."""
    with SpeakerRig(1, priority=True) as rig, Fleet(page) as fleet:
        ada = fleet.chromium("ada", rig.env(0))
        begin(fleet, [role])
        ada.pause(SETTLED_SEC * 1000)
        began, used_sec = time.monotonic(), cpu_sec(ada.mark)
        ada.pause(seconds * 1000)
        return 100 * (cpu_sec(ada.mark) - used_sec) / (time.monotonic() - began)


def begin(fleet: Fleet, roles: Sequence[str]) -> None:
    """Every device of the fleet opens the page and plays."""
    for device in fleet.devices:
        device.open()
        device.page.wait_for_function("window.rolePage !== undefined")
    start_wall_ms = time.time() * 1000 + 2_000
    for device, role in zip(fleet.devices, roles, strict=True):
        play = f"([role, startMs]) => rolePage.play('{SONG}', role, startMs)"
        device.page.evaluate(play, [role, start_wall_ms])
    fleet.give_sound_priority()
    for device in fleet.devices:
        device.page.wait_for_function("rolePage.read().state === 'playing'")


def spread_ms(page: str, roles: tuple[str, str], seconds: float, folder: Path) -> tuple[float, float]:
    """Median and 95th percentile, once both have settled."""
    with SpeakerRig(2, priority=True) as rig, Fleet(page) as fleet:
        for number, name in enumerate(("ada", "bo")):
            fleet.chromium(name, rig.env(number))
        rig.record(folder / "room.f32")
        begin(fleet, roles)
        fleet.devices[0].pause((SETTLED_SEC + seconds) * 1000)
        recording = rig.stop_recording()
    reference = np.random.default_rng(3).normal(0, 0.1, SONG_SEC * RIG_RATE_HZ).astype(np.float32)
    tracks = track(recording[-round(seconds * RIG_RATE_HZ) :], reference)
    apart = np.abs(tracks.delay_ms[:, 0] - tracks.delay_ms[:, 1])
    return float(np.nanmedian(apart)), float(np.nanpercentile(apart, 95))


if __name__ == "__main__":
    main()
