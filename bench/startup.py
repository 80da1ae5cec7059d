"""How soon the page is there, and how soon a tap is in step: `python -m bench.startup`.

Two conditions: loopback, and a slow phone as Lighthouse means it: 150 ms and 1.6 Mbit/s (750 kbit/s up), and
a main thread four times slower (workers and sound are not slowed by that). A proxy holds everything back by
half the round trip each way, so that the WebSocket has it for certain. Every run has a profile of its own,
so nothing is cached. `tapped at once` presses Join as soon as it is there, `after a look` two seconds later.
Then a song plays, and every task of the main thread above 50 ms counts. Milliseconds since the navigation,
or since the tap.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from playwright.sync_api import CDPSession, ViewportSize

from bench.report import RESULTS, print_table, save
from lab.browsers.device import Snapshot
from lab.browsers.launch import Fleet
from lab.browsers.tcp_proxy import TcpProxy
from lab.file_room import NO_SOUND, SILENT, make_tune
from lab.room import is_playing
from lab.server_process import ServerProcess

mpl.use("Agg")

import matplotlib.pyplot as plt  # after the backend is chosen

PHONE: ViewportSize = {"width": 412, "height": 823}  # Lighthouse's
LOOK_MS = 2_000
LONG_TASK_MS = 50.0
KILOBIT = 1000 / 8

# From the first moment: when Join was there, what moved, what was painted last, and which tasks were long.
_NOTE = """
window.noted = { joinAtMs: null, largestPaintMs: 0, shift: 0, longTasks: [] };
new MutationObserver((_, watch) => {
  if (!document.querySelector("form button")) return;
  noted.joinAtMs = performance.now();
  watch.disconnect();
}).observe(document, { subtree: true, childList: true });
const watch = (type, note) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
watch("largest-contentful-paint", (each) => { noted.largestPaintMs = each.startTime; });
watch("layout-shift", (each) => { if (!each.hadRecentInput) noted.shift += each.value; });
watch("longtask", (each) => { noted.longTasks.push([each.startTime, each.duration]); });
"""
_FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
_NOW = "performance.now()"


@dataclass(frozen=True)
class Condition:
    name: str
    latency_ms: float
    down_bytes_per_sec: float
    up_bytes_per_sec: float
    slowdown: float
    lock_budget_ms: float


CONDITIONS = (
    Condition("loopback", 0, -1, -1, 1, 2_000),
    Condition("slow 4G, 4x CPU", 150, 1_600 * KILOBIT, 750 * KILOBIT, 4, 5_000),
)
PAINT_BUDGET_MS = 1_500
PARTS = {
    "first paint": "first_paint_ms",
    "largest paint": "largest_paint_ms",
    "Join works": "join_at_ms",
    "tapped at once: clock locked": "locked_cold_ms",
    "after a look: clock locked": "locked_warm_ms",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.startup", description="First paint, first lock, long tasks.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0, help="of music, once in each condition")
    options = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {}
    playing: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        tune = make_tune(Path(folder) / "Glass Harbour.mp3", 180)
        server = ServerProcess(Path(folder) / "server.log")
        try:
            for condition in CONDITIONS:
                with TcpProxy("127.0.0.1", server.port, delay_ms=condition.latency_ms / 2) as proxy:
                    url = f"http://127.0.0.1:{proxy.port}"
                    runs[condition.name] = [start_up(url, condition, each) for each in range(options.runs)]
                    playing[condition.name] = play(url, condition, tune, options.seconds)
        finally:
            server.stop()
    report(runs, playing, options.seconds)
    draw(runs, RESULTS / "startup.png")
    conditions = [asdict(condition) for condition in CONDITIONS]
    save("startup", {"conditions": conditions, "runs": runs, "playing": playing, "options": vars(options)})


def start_up(base_url: str, condition: Condition, number: int) -> dict[str, float]:
    """Two visits, each in a fresh browser: one is tapped at once, the other after a look."""
    figures: dict[str, float] = {}
    for kind, look_ms in (("cold", 0), ("warm", LOOK_MS)):
        with Fleet(base_url) as fleet:
            device = fleet.chromium("ada", SILENT, extra_args=NO_SOUND)
            device.page.set_viewport_size(PHONE)
            device.page.add_init_script(_NOTE)
            throttle(device.context.new_cdp_session(device.page), condition)
            device.open(f"{base_url}/#ST{number:02}-{kind.upper()}-TAPS")
            device.page.get_by_role("button", name="Join").first.wait_for()
            device.page.wait_for_timeout(look_ms)
            figures["layout_shift"] = device.page.evaluate("noted.shift")
            device.join()
            shot = device.wait_for(is_locked, "to lock its clock")
            figures[f"locked_{kind}_ms"] = shot["timings"]["clockLockedMs"]
            figures["clock_round_trip_ms"] = shot["clock"]["rttMs"]
            noted = device.page.evaluate("noted")
            figures["first_paint_ms"] = device.page.evaluate(_FIRST_PAINT)
            figures["largest_paint_ms"] = noted["largestPaintMs"]
            figures["join_at_ms"] = noted["joinAtMs"]
            before = [length for at, length in noted["longTasks"] if at < noted["joinAtMs"]]
            figures["blocking_before_join_ms"] = sum(length - LONG_TASK_MS for length in before)
    return figures


def play(base_url: str, condition: Condition, tune: Path, seconds: float) -> dict[str, Any]:
    """Long tasks of a page that plays; without a sound card, whose threads are not the main one anyway."""
    with Fleet(base_url) as fleet:
        device = fleet.chromium("ada", SILENT, extra_args=NO_SOUND)
        device.page.add_init_script(_NOTE)
        throttle(device.context.new_cdp_session(device.page), condition)
        device.open(f"{base_url}/#PLAY-LONG-TASK")
        device.join()
        device.add_file(tune)
        device.wait_for_seeded(tune.name)
        pressed_at_ms = device.page.evaluate(_NOW)
        device.play(tune.name)
        device.wait_for(is_playing, "to play")
        began_at_ms = device.page.evaluate(_NOW)
        device.page.wait_for_timeout(seconds * 1000)
        tasks: list[list[float]] = device.page.evaluate("noted.longTasks")
        playing = [length for at, length in tasks if at >= began_at_ms]
        starting = [length for at, length in tasks if pressed_at_ms <= at < began_at_ms]
        return {"long_tasks_ms": playing, "long_tasks_from_press_to_sound_ms": starting}


def throttle(session: CDPSession, condition: Condition) -> None:
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 0,
            "downloadThroughput": condition.down_bytes_per_sec,
            "uploadThroughput": condition.up_bytes_per_sec,
        },
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": condition.slowdown})


def report(runs: dict[str, list[dict[str, float]]], playing: dict[str, dict[str, Any]], sec: float) -> None:
    rows: list[list[object]] = []
    for condition in CONDITIONS:
        budgets = {"first paint": PAINT_BUDGET_MS} | {
            part: condition.lock_budget_ms for part in PARTS if "locked" in part
        }
        for part, key in PARTS.items():
            values = [each[key] for each in runs[condition.name]]
            row = (condition.name, part, statistics.median(values), max(values))
            rows.append([*row, f"{budgets[part]:g}" if part in budgets else ""])
        shifts = [each["layout_shift"] for each in runs[condition.name]]
        rows.append([condition.name, "layout shift", statistics.median(shifts), max(shifts), "0.02"])
        trips = [each["clock_round_trip_ms"] for each in runs[condition.name]]
        rows.append([condition.name, "round trip of the clock", statistics.median(trips), max(trips), ""])
        blocked = [each["blocking_before_join_ms"] for each in runs[condition.name]]
        rows.append([condition.name, "blocked before Join", statistics.median(blocked), max(blocked), "100"])
    count = len(runs[CONDITIONS[0].name])
    print_table(f"Start, ms, {count} runs", ["condition", "what", "median", "max", "budget"], rows)
    tasks = [
        [name, len(found["long_tasks_ms"]), max(found["long_tasks_ms"], default=0.0)]
        for name, found in playing.items()
    ]
    title = f"Main-thread tasks above 50 ms in {sec:g} s of music"
    print_table(title, ["condition", "tasks", "longest, ms"], tasks)


def draw(runs: dict[str, list[dict[str, float]]], path: Path) -> None:
    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    height = 0.36
    for index, condition in enumerate(CONDITIONS):
        medians = [statistics.median(each[key] for each in runs[condition.name]) for key in PARTS.values()]
        places = [row + (index - 0.5) * height for row in range(len(PARTS))]
        bars = axes.barh(places, medians, height, label=condition.name, color=("#a9b4af", "#c98a12")[index])
        axes.bar_label(bars, fmt="%.0f", padding=3)
    axes.set_yticks(range(len(PARTS)), list(PARTS))
    axes.invert_yaxis()
    axes.set_xlabel("ms since the navigation, or since the tap; medians")
    axes.margins(x=0.12)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def is_locked(shot: Snapshot) -> bool:
    return bool(shot["clock"]["state"] == "locked")


if __name__ == "__main__":
    main()
