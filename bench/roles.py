"""What a role costs a playing page, and how far apart devices of two roles are: `python -m bench.roles`.

Chromium plays noise in `all` and in a role by turns, a page of its own each time; processor time is that of
all its processes. Then three pages play side by side at the loudspeakers, by turns all in one role and one of
them in another: how far apart are the same two devices in either? What differs between devices is in both.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.cost import cpu_sec
from bench.report import print_table, save
from lab.browsers.folder_server import serve_folder
from lab.browsers.launch import Fleet
from lab.browsers.trial_pages import AUDIO_PAGES, build_pages
from lab.rig.pulse import SpeakerRig
from lab.rig.tracking import RIG_RATE_HZ, track

SONG = "noise.flac"
SONG_SEC = 120
SETTLED_SEC = 6.0
TURN_SEC = 8
# A role changes within some tenths of a second, in a crossfade of 20 ms.
CHANGED_SEC = 1.5

# Median and 95th percentile, ms.
Spread = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.roles", description="What roles cost, and their spread.")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each page that plays")
    parser.add_argument("--turns", type=int, default=6, help="of the spread, half of them in one role")
    parser.add_argument("--skip-cost", action="store_true", help="the spread alone")
    parser.add_argument("--roles", nargs="*", default=["left", "low", "without-low"], help="against `all`")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as name:
        folder = Path(name)
        build_pages(AUDIO_PAGES, folder)
        make_noise(folder / SONG)
        with serve_folder(folder) as address:
            page = f"{address}/role-page.html"
            asked = () if options.skip_cost else ("all", *options.roles)
            shares = {role: cost_of(page, role, options.seconds) for role in asked}
            spreads = spreads_ms(page, options.turns, folder)
    rows: list[list[object]] = [[role, share, share / shares["all"]] for role, share in shares.items()]
    if rows:
        print_table("One Chromium playing: all its processes", ["role", "CPU % of a core", "ratio"], rows)
    print_table(
        "Three Chromium in one run at the loudspeakers, by turns in one role and in two",
        ["devices", "one role: median ms", "p95 ms", "two roles: median ms", "p95 ms", "ratio of medians"],
        [[pair, *one, *two, two[0] / one[0]] for pair, (one, two) in spreads.items()],
    )
    figures = {"seconds": options.seconds, "cpu_percent": shares, "spread_ms": spreads}
    save("roles-spread" if options.skip_cost else "roles", figures)


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


def spreads_ms(page: str, turns: int, folder: Path) -> dict[str, tuple[Spread, Spread]]:
    """By pair of devices: of the turns in which all have one role, and of those in which cy has another."""
    same, apart = ("left", "left", "left"), ("left", "left", "right")
    with SpeakerRig(len(same), priority=True) as rig, Fleet(page) as fleet:
        for number, name in enumerate(("ada", "bo", "cy")):
            fleet.chromium(name, rig.env(number))
        rig.record(folder / "room.f32")
        begin(fleet, same)
        fleet.devices[0].pause(SETTLED_SEC * 1000)
        begun_sec = []
        for turn in range(turns):
            for device, role in zip(fleet.devices, apart if turn % 2 else same, strict=True):
                device.page.evaluate("(role) => rolePage.setRole(role)", role)
            fleet.devices[0].pause(CHANGED_SEC * 1000)
            begun_sec.append(rig.recorded_sec())
            fleet.devices[0].pause(TURN_SEC * 1000)
        recording = rig.stop_recording()
    reference = np.random.default_rng(3).normal(0, 0.1, SONG_SEC * RIG_RATE_HZ).astype(np.float32)
    delays_ms = [
        track(recording[round(sec * RIG_RATE_HZ) :][: TURN_SEC * RIG_RATE_HZ], reference).delay_ms
        for sec in begun_sec
    ]
    in_one, in_two = np.concatenate(delays_ms[0::2]), np.concatenate(delays_ms[1::2])
    pairs = {"ada, bo (both left)": ((0, 1),), "ada or bo, cy (then right)": ((0, 2), (1, 2))}
    return {name: (spread(in_one, chosen), spread(in_two, chosen)) for name, chosen in pairs.items()}


def spread(delay_ms: NDArray[np.float64], pairs: Sequence[tuple[int, int]]) -> Spread:
    apart = np.abs(np.concatenate([delay_ms[:, one] - delay_ms[:, other] for one, other in pairs]))
    return float(np.nanmedian(apart)), float(np.nanpercentile(apart, 95))


if __name__ == "__main__":
    main()
