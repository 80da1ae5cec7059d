"""Twenty minutes of bad luck: `python -m bench.soak --minutes 20 --peers 6 --seed 7`.

Browsers of their own, each behind a proxy of its own, play song after song while a random disturbance
(seeded, printed) strikes every 20 s: see bench/disturbances.py; each kind comes once before any comes again.
All loudspeakers are recorded. Printed: how long each kind of disturbance kept anybody out of step, the share
of device-time within 40 ms and within 5 ms of the median device, page errors, and each page's memory over
time with its slope. The exit code is 1 when a page erred, somebody did not come back, or memory kept growing.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from bench.disturbances import DISTURBANCES, Seat, Soak
from bench.figures import marked
from bench.report import RESULTS, print_table, save
from bench.soak_plot import plot_soak
from lab.browsers.launch import Fleet
from lab.browsers.process_tree import memory_mib
from lab.browsers.tcp_proxy import TcpProxy
from lab.rig.analysis import first_sound_sec, relative_delays_ms
from lab.rig.pulse import SpeakerRig
from lab.rig.song import Song, make_song
from lab.rig.tracking import Tracks, track
from lab.server_process import ServerProcess

NAMES = ("ada", "bo", "cy", "di", "ed", "flo", "gus", "hal")
RECOVERY_LIMIT_SEC = 60.0
ROUND_MARGIN_SEC = 30.0  # a disturbance and its repair fit before the song ends
IN_STEP_MS = (5.0, 40.0)
# After the collector ran: what a page without a leak gains and loses by chance in minutes of the same song.
LEAK_MIB_PER_MIN = 1.0
LEAK_MIN_SEC = 300.0  # of one page's life; shorter slopes are of its start


@dataclass
class Strike:
    """One disturbance: when (s since the first song), what, whom, and how long until all were in step."""

    at_sec: float
    kind: str
    seat: str
    back_after_sec: float | None
    detail: str = ""


@dataclass
class Round:
    """One song: its recording, and where the recording is on the bench's clock."""

    path: Path
    began_sec: float
    sounds_sec: float = 0.0  # of the recording: how long the plan was playing
    tracks: Tracks | None = field(default=None, repr=False)


def main() -> int:
    options = parse()
    strikes: list[Strike] = []
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        song = make_song(Path(folder))
        with open_soak(options, song, Path(folder)) as soak:
            rounds = play(soak, options, strikes, Path(folder))
            tree_mib = memory_mib(marked(seat.device.mark for seat in soak.seats))
        for each in rounds:
            samples = np.fromfile(each.path, dtype="<f4")
            whole = len(samples) // options.peers * options.peers
            each.tracks = track(samples[:whole].reshape(-1, options.peers), song.reference)
    return report(options, soak, rounds, strikes, tree_mib)


@contextmanager
def open_soak(options: argparse.Namespace, song: Song, folder: Path) -> Iterator[Soak]:
    server = ServerProcess(folder / "server.log")
    with ExitStack() as stack:
        stack.callback(server.stop)
        rig = stack.enter_context(SpeakerRig(options.peers, priority=True))
        fleet = stack.enter_context(Fleet(server.url))
        soak = Soak(server=server, rig=rig, fleet=fleet, song=song)
        for speaker, name in enumerate(NAMES[: options.peers]):
            proxy = stack.enter_context(TcpProxy("127.0.0.1", server.port))
            soak.seats.append(Seat(name, fleet.chromium(name, rig.env(speaker)), proxy))
        yield soak


def play(soak: Soak, options: argparse.Namespace, strikes: list[Strike], folder: Path) -> list[Round]:
    chance = random.Random(options.seed)
    kinds = dealt(sorted(DISTURBANCES), chance)
    print(f"seed {options.seed}", flush=True)
    soak.enter()
    rounds: list[Round] = []
    began_sec = time.monotonic()

    def now_sec() -> float:
        return time.monotonic() - began_sec

    while now_sec() < options.minutes * 60:
        current = Round(folder / f"round{len(rounds)}.f32", now_sec())
        rounds.append(current)
        soak.rig.record(current.path)
        current.began_sec = now_sec() - soak.rig.recorded_sec()
        soak.start_song()
        ends_sec = min(now_sec() + soak.song.duration_sec - ROUND_MARGIN_SEC, options.minutes * 60)
        while now_sec() < ends_sec:
            due_sec = now_sec() + options.every
            strikes.append(strike(soak, next(kinds), chance, now_sec))
            soak.note_memory(now_sec())
            soak.pass_time(max(0.0, min(due_sec, ends_sec) - now_sec()))
        current.sounds_sec = soak.rig.recorded_sec()
        soak.stop_song()
        soak.rig.stop_recording()
    return rounds


def dealt(kinds: list[str], chance: random.Random) -> Iterator[str]:
    """Endlessly, shuffled anew when all had their turn."""
    while True:
        yield from chance.sample(kinds, len(kinds))


def strike(soak: Soak, kind: str, chance: random.Random, now_sec: Callable[[], float]) -> Strike:
    seat = chance.choice(soak.seats)
    at_sec = now_sec()
    print(f"{at_sec:7.1f} s  {seat.name}: {kind}", end="", flush=True)
    detail = DISTURBANCES[kind](soak, seat, chance)
    struck_sec = now_sec()
    is_back = soak.wait_in_step(RECOVERY_LIMIT_SEC)
    back_after_sec = now_sec() - struck_sec if is_back else None
    words = f"in step {back_after_sec:.1f} s later" if back_after_sec is not None else "NOT BACK"
    print(f" {detail}, {words}", flush=True)
    if not is_back:
        print("\n".join(f"    {line}" for line in soak.states()), flush=True)
    return Strike(at_sec, kind, seat.name, back_after_sec, detail)


def report(
    options: argparse.Namespace, soak: Soak, rounds: list[Round], strikes: list[Strike], tree_mib: float
) -> int:
    by_kind: dict[str, list[Strike]] = defaultdict(list)
    for each in strikes:
        by_kind[each.kind].append(each)
    print_table(
        "Disturbances, and how long after their end everybody was in step again, s",
        ["disturbance", "times", "median", "max", "not back"],
        [kind_row(kind, struck) for kind, struck in sorted(by_kind.items())],
    )
    slopes = [memory_slopes(seat) for seat in soak.seats]
    shares = step_shares(rounds)
    seats = [
        [seat.name, *shares[index], seat.pages, len(seat.page_errors), *slope.values()]
        for index, (seat, slope) in enumerate(zip(soak.seats, slopes, strict=True))
    ]
    header = ["device", "sounding %", "<= 40 ms %", "<= 5 ms %", "pages", "page errors"]
    print_table("Devices, by the recording of all loudspeakers", [*header, *slopes[0]], seats)
    means = [statistics.mean(share[part] for share in shares) for part in range(3)]
    print(f"device-time in step: {means[1]:.1f} % within 40 ms, {means[2]:.1f} % within 5 ms")
    errors = [f"{seat.name}: {error}" for seat in soak.seats for error in seat.page_errors]
    print("\n".join(errors) or "no page error")
    lost = [each for each in strikes if each.back_after_sec is None]
    leaks = [seat.name for seat, slope in zip(soak.seats, slopes, strict=True) if is_leak(slope)]
    print(f"leaks: {', '.join(leaks) or 'none'}; all browsers together: {tree_mib:.0f} MiB at the end")
    name = f"soak-{options.peers}x{options.minutes:g}min"
    plot_soak(
        RESULTS / f"{name}.png", f"{options.peers} browsers, seed {options.seed}", soak, rounds, strikes
    )
    figures = {
        "options": vars(options),
        "inStepPercent": {"within40Ms": means[1], "within5Ms": means[2]},
        "seats": [dict(zip([*header, *slopes[0]], seat, strict=True)) for seat in seats],
        "pageErrors": errors,
        "consoleErrors": [f"{seat.name}: {line}" for seat in soak.seats for line in seat.console_errors],
        "remarks": [f"{seat.name}: {line}" for seat in soak.seats for line in seat.remarks],
        "treeMib": tree_mib,
        "strikes": [asdict(each) for each in strikes],
        "memory": {seat.name: [asdict(point) for point in seat.memory] for seat in soak.seats},
    }
    save(name, figures)
    return 1 if errors or lost or leaks else 0


def kind_row(kind: str, struck: list[Strike]) -> list[object]:
    back = [each.back_after_sec for each in struck if each.back_after_sec is not None]
    figures: list[object] = [statistics.median(back), max(back)] if back else ["-", "-"]
    return [kind, len(struck), *figures, len(struck) - len(back)]


def step_shares(rounds: list[Round]) -> list[tuple[float, float, float]]:
    """Per device, % of the time in which a song played: it sounded, it did so within 40 ms, within 5 ms.

    Silence counts as out of step, whatever its reason; a window that does not correlate as well.
    """
    parts = []
    for each in rounds:
        assert each.tracks is not None, "tracked after the recording"
        at_sec = each.tracks.at_sec
        rows = (at_sec >= first_sound_sec(each.tracks)) & (at_sec < each.sounds_sec)
        parts.append((relative_delays_ms(each.tracks)[rows], each.tracks.is_loud[rows]))
    relative = np.abs(np.concatenate([part[0] for part in parts]))
    is_loud = np.concatenate([part[1] for part in parts])
    tight, loose = (100 * (relative <= limit_ms).mean(axis=0) for limit_ms in IN_STEP_MS)
    sounding = 100 * is_loud.mean(axis=0)
    return [(float(a), float(b), float(c)) for a, b, c in zip(sounding, loose, tight, strict=True)]


def memory_slopes(seat: Seat) -> dict[str, float | str]:
    """MiB per minute of this seat's longest-lived page: the median slope over all pairs of its points."""
    pages: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
    for point in seat.memory:
        pages[point.page].append((point.at_sec, point.heap_mib, float(point.nodes)))
    longest = max(pages.values(), key=lambda points: points[-1][0] - points[0][0], default=[])
    life_sec = longest[-1][0] - longest[0][0] if longest else 0.0
    return {
        "longest page, min": life_sec / 60,
        "heap, MiB": longest[-1][1] if longest else 0.0,
        "heap, MiB/min": 60 * slope([(at, heap) for at, heap, _ in longest]),
        "DOM nodes/min": 60 * slope([(at, nodes) for at, _, nodes in longest]),
    }


def slope(points: list[tuple[float, float]]) -> float:
    """Theil and Sen's: half of all points may be anywhere."""
    slopes = [
        (late - early) / (late_sec - early_sec)
        for index, (early_sec, early) in enumerate(points)
        for late_sec, late in points[index + 1 :]
        if late_sec > early_sec
    ]
    return statistics.median(slopes) if slopes else 0.0


def is_leak(slopes: dict[str, float | str]) -> bool:
    is_long = float(slopes["longest page, min"]) * 60 >= LEAK_MIN_SEC
    return is_long and float(slopes["heap, MiB/min"]) > LEAK_MIB_PER_MIN


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench.soak", description="Real browsers under random disturbances."
    )
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--peers", type=int, default=6, choices=range(2, len(NAMES) + 1))
    parser.add_argument("--every", type=float, default=20.0, help="seconds between two disturbances")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
