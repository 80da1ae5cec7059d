"""How long one file takes from one peer to eight others, each with a slow uplink: `python -m bench.swarm`.

Every peer is a real Chromium in a network namespace of its own, all uplinks shaped to the same rate. Compared
with: what one data channel alone carries through that shaper (F/g, the best any scheme can do), the star
(everyone from the seeder alone), bare channels by a plan made beforehand, and WebTorrent (current release,
own tracker, same namespaces and file).
The build before takes its turn where `--before` names a checkout.
Needs root, and `npm install --ignore-scripts --omit=optional` in bench/webtorrent.
"""

from __future__ import annotations

import argparse
import functools
import os
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bench.bare_mesh import run_bare_mesh
from bench.one_channel import measure_goodput
from bench.report import RESULTS, print_table, save
from bench.swarm_players import WEBTORRENT, Run, Way, WebTorrentHost, run_star, run_unisono, run_webtorrent
from bench.swarm_site import SEEDER, SERVER, Site
from lab.networks.network import Network
from lab.networks.programs import NetworkFleet, NetworkServer

MIB = 1024**2
STRATEGIES = ("rarest", "sequential")
RIVALS = ("bare", "star", *STRATEGIES)
# How much slower than F/g anything here has ever been, and a margin: what is worse than this is stuck.
LIMIT_FACTOR = 16
CPU_LIMITS_FROM = 0.9
HEADER = [
    *("way", "runs", "median s", "worst s", "x F/g", "needed/sent", "wire/needed"),
    *("CPU", "CPU s/GB", "cores at rest", "wire MiB"),
]


def main() -> None:
    options = parse()
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder, ExitStack() as stack:
        path = make_file(Path(folder), round(options.mib * MIB))
        leechers = [f"leecher{number}" for number in range(1, options.leechers + 1)]
        network = stack.enter_context(Network(SERVER, SEEDER, *leechers))
        server = NetworkServer(network, SERVER, Path(folder) / "server.log")
        stack.callback(server.stop)
        before = None
        if options.before:
            env = {**os.environ, "PYTHONPATH": str(options.before / "src")}
            before = NetworkServer(network, SERVER, Path(folder) / "before.log", env=env)
            stack.callback(before.stop)
        fleet = stack.enter_context(NetworkFleet(network, server.url))
        host = None
        if set(STRATEGIES) & set(options.rivals):
            host = WebTorrentHost(network, path)
            stack.callback(host.close)
        trusted = [server.url, *([before.url] if before else []), *([host.page_url] if host else [])]
        site = Site(network, server, fleet, trusted)
        site.shape(options.kbit)
        site.seeder.open()
        site.leechers[0].open()
        goodput = measure_goodput(site.seeder, site.leechers[0], path.stat().st_size)
        print(f"one channel alone: {8 * goodput / 1e6:.3f} Mbit/s of {options.kbit / 1000:g}", flush=True)
        runs = measure_all(options, site, path, path.stat().st_size / goodput, host, before)
    report(options, goodput, runs)


def measure_all(
    options: argparse.Namespace,
    site: Site,
    path: Path,
    bound_sec: float,
    host: WebTorrentHost | None,
    before: NetworkServer | None,
) -> dict[str, list[Run]]:
    limit_sec = LIMIT_FACTOR * bound_sec
    ways: dict[str, tuple[Way, int]] = {"Unisono": (run_unisono, options.runs)}
    if before:
        ways["before"] = (functools.partial(run_unisono, url=before.url), options.runs)
    if "bare" in options.rivals:
        ways["bare channels"] = (run_bare_mesh, options.runs)
    if "star" in options.rivals:
        ways["star"] = (run_star, options.rival_runs)
    if host:
        for strategy in [each for each in STRATEGIES if each in options.rivals]:
            rival: Way = functools.partial(run_webtorrent, host=host, strategy=strategy)
            ways[f"WebTorrent, {strategy}"] = (rival, options.rival_runs)
    runs: dict[str, list[Run]] = {}
    for name, (way, count) in ways.items():
        runs[name] = []
        for _ in range(count):
            run = way(site, path, limit_sec)
            runs[name].append(run)
            print(f"{name}: {run.taken_sec:.1f} s = {run.taken_sec / bound_sec:.2f} x F/g", flush=True)
    return runs


def make_file(folder: Path, size_bytes: int) -> Path:
    """Bytes that nothing can compress, behind the first letters of an MP3."""
    path = folder / "bench.mp3"
    noise = np.random.default_rng(1).integers(0, 256, size_bytes - 3, dtype=np.uint8)
    path.write_bytes(b"ID3" + noise.tobytes())
    return path


def report(options: argparse.Namespace, goodput: float, runs: dict[str, list[Run]]) -> None:
    size_bytes = round(options.mib * MIB)
    bound_sec = size_bytes / goodput
    needed_bytes = size_bytes * options.leechers
    rows: list[list[object]] = []
    summary: dict[str, dict[str, float]] = {}
    for name, all_runs in runs.items():
        taken = [run.taken_sec for run in all_runs]
        figures = {
            "runs": len(all_runs),
            "median_sec": statistics.median(taken),
            "worst_sec": max(taken),
            "times_bound": statistics.median(taken) / bound_sec,
            "needed_of_sent": statistics.median(needed_bytes / run.sent_bytes for run in all_runs),
            "wire_of_needed": statistics.median(run.wire_bytes / needed_bytes for run in all_runs),
            "cpu_share": statistics.median(run.cpu_share for run in all_runs),
            "cpu_sec_per_gb": statistics.median(run.cpu_sec * 1e9 / needed_bytes for run in all_runs),
            "resting_cores": statistics.median(run.resting_cores for run in all_runs),
        }
        summary[name] = figures
        wire_mib = statistics.median(run.wire_bytes for run in all_runs) / MIB
        rows.append([name, *figures.values(), wire_mib])
    print_table(
        f"{options.mib:g} MiB to {options.leechers} leechers, uplinks {options.kbit / 1000:g} Mbit/s, "
        f"F/g = {bound_sec:.1f} s",
        HEADER,
        rows,
    )
    for name, figures in summary.items():
        if figures["cpu_share"] >= CPU_LIMITS_FROM:
            print(
                f"{name}: the CPU was the limit ({figures['cpu_share']:.0%} of all cores busy), not the wire"
            )
        if name != "Unisono":
            print(f"{name} / Unisono: {figures['median_sec'] / summary['Unisono']['median_sec']:.2f}")
    stem = f"swarm-{options.kbit}kbit-{options.mib:g}mib{'-beside-before' if options.before else ''}"
    plot(options, bound_sec, runs, RESULTS / f"{stem}.png")
    raw: dict[str, Any] = {name: [run.plain() for run in all_runs] for name, all_runs in runs.items()}
    save(
        stem,
        {
            "options": vars(options) | {"before": options.before is not None},
            "goodput_bytes_per_sec": goodput,
            "bound_sec": bound_sec,
        }
        | {"summary": summary, "runs": raw},
    )


def plot(options: argparse.Namespace, bound_sec: float, runs: dict[str, list[Run]], path: Path) -> None:
    """What each leecher held over time, the run in the middle of each way."""
    figure = Figure(figsize=(11, 2.6 * len(runs)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(
        f"{options.mib:g} MiB to {options.leechers} leechers, every uplink {options.kbit / 1000:g} Mbit/s "
        f"(dashed: F/g, one upload of the file through one data channel)",
        fontsize=11,
    )
    for axes, (name, all_runs) in zip(
        figure.subplots(len(runs), 1, squeeze=False)[:, 0], runs.items(), strict=True
    ):
        run = sorted(all_runs, key=lambda each: each.taken_sec)[len(all_runs) // 2]
        for number, held in enumerate(run.held, start=1):
            at_sec, held_bytes = zip(*held, strict=True)
            axes.step(at_sec, [each / MIB for each in held_bytes], where="post", label=f"leecher {number}")
        axes.axvline(bound_sec, linestyle="--", color="0.4")
        axes.set_ylabel("MiB held")
        axes.set_title(f"{name}: {run.taken_sec:.1f} s = {run.taken_sec / bound_sec:.2f} x F/g", fontsize=10)
        axes.set_xlim(0, None)
        axes.grid(visible=True, alpha=0.25)
    axes.set_xlabel("seconds")
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(path)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench.swarm", description="One file to everyone, and how long it takes."
    )
    parser.add_argument("--leechers", type=int, default=8)
    parser.add_argument("--mib", type=float, default=4, help="size of the file")
    parser.add_argument("--kbit", type=int, default=2000, help="rate of every uplink")
    parser.add_argument("--runs", type=int, default=3, help="of Unisono")
    parser.add_argument("--rival-runs", type=int, default=1, help="of each rival")
    parser.add_argument("--rivals", nargs="*", choices=RIVALS, default=["star", "rarest"])
    parser.add_argument("--before", type=Path, help="a checkout whose built web app takes its turn, too")
    options = parser.parse_args()
    if set(STRATEGIES) & set(options.rivals) and not (WEBTORRENT / "node_modules").exists():
        parser.error(f"WebTorrent is missing: npm install --ignore-scripts --omit=optional in {WEBTORRENT}")
    return options


if __name__ == "__main__":
    main()
