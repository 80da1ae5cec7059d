"""The ways to get one file from a seeder to everyone that `bench.swarm` compares, each in the same browsers.

A way returns a Run; its clock begins when the person adds the file, hashing included. WebTorrent's begins
with the first piece that any leecher holds: its connections, which we have beforehand, cost it nothing.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.swarm_site import SERVER, CpuMeter, Site
from lab.browsers.device import Device, wait_for_all
from lab.networks.network import Network

ROOT = Path(__file__).parents[1]
NODE = ROOT / ".venv/bin/node"
WEBTORRENT = Path(__file__).parent / "webtorrent"

# Notes what is held from inside the page: asking nine browsers all the time would cost more than it tells.
RECORD = """
(() => {
  const samples = [];
  window.benchSamples = samples;
  setInterval(() => {
    const { files: [file], transfer } = window.unisono.snapshot();
    if (!file) return;
    const { sentBytes, paceBytesPerSec, queueMs } = transfer;
    samples.push([Date.now(), file.heldBytes, sentBytes, paceBytesPerSec, queueMs]);
  }, 100);
})();
"""
WHOLE_POLL_MS = 500.0
LINK_LIMIT_SEC = 180.0
# Long enough for a difference of a hundredth of a core to show.
REST_SEC = 15.0


@dataclass(frozen=True)
class Run:
    """One file to everyone, once."""

    taken_sec: float
    """Until the last leecher had all of it."""
    sent_bytes: int
    """Content handed to channels by all."""
    wire_bytes: int
    cpu_share: float
    cpu_sec: float
    """Of all browsers together."""
    resting_cores: float
    """What all browsers together used, linked to everyone, before the file was there."""
    links: int
    """Of the seeder."""
    held: list[list[tuple[float, float]]]
    """For each leecher: seconds since the start, bytes held."""
    pace: list[list[tuple[float | None, ...]]]
    """For each of ours, the seeder first: seconds, bytes sent, bytes a second allowed, ms queued."""

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def run_unisono(site: Site, path: Path, limit_sec: float, *, url: str | None = None) -> Run:
    """A new swarm of all, everyone linked to everyone; then the seeder adds the file.

    `url`: where another build is served.
    """
    return _run_product(site, path, limit_sec, links=len(site.leechers), url=url)


def run_star(site: Site, path: Path, limit_sec: float) -> Run:
    """The same where leechers cannot reach each other."""
    with site.only_from_the_seeder():
        return _run_product(site, path, limit_sec, links=1)


def _run_product(site: Site, path: Path, limit_sec: float, *, links: int, url: str | None = None) -> Run:
    everyone = site.devices
    link = ""
    for device in everyone:
        device.page.goto("about:blank")  # a link into another swarm alone would not load the page anew
        device.open(link or url or site.server.url)
        if link:
            device.join()
        else:
            device.new_swarm()
            link = device.invite_link()
    wait_for_all(everyone, lambda shot: shot["transfer"]["links"] >= links, "to be linked", LINK_LIMIT_SEC)
    for device in everyone:
        device.page.evaluate(RECORD)
    resting_cores = site.resting_cores(REST_SEC)
    used_sec = site.cpu_sec()
    wire_bytes, cpu, started_ms = site.wire_bytes(), CpuMeter(), time.time() * 1000
    site.seeder.add_file(path)
    wait_whole(site.leechers, f"benchSamples.at(-1)?.[1] >= {path.stat().st_size}", limit_sec)
    cpu_share, wire_bytes = cpu.read(), site.wire_bytes() - wire_bytes
    used_sec = site.cpu_sec() - used_sec
    held = [curve(device.page.evaluate("benchSamples"), started_ms) for device in site.leechers]
    pace = [_pace(device.page.evaluate("benchSamples"), started_ms) for device in everyone]
    shots = [device.snapshot() for device in everyone]
    for device in everyone:
        device.leave()
    return Run(
        taken_sec=last_sec(held, path.stat().st_size),
        sent_bytes=sum(shot["transfer"]["sentBytes"] for shot in shots),
        wire_bytes=wire_bytes,
        cpu_share=cpu_share,
        cpu_sec=used_sec,
        resting_cores=resting_cores,
        links=shots[0]["transfer"]["links"],
        held=held,
        pace=pace,
    )


class WebTorrentHost:
    """WebTorrent's tracker and page at the server's member. A context manager."""

    def __init__(self, network: Network, path: Path) -> None:
        host = [str(NODE), str(WEBTORRENT / "host.mjs"), network.address(SERVER), str(path)]
        self._process = subprocess.Popen([*network.command(SERVER), *host], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        addresses = json.loads(self._process.stdout.readline())
        self.page_url: str = addresses["page"]
        self.announce: str = addresses["announce"]

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate()


def run_webtorrent(site: Site, path: Path, limit_sec: float, *, host: WebTorrentHost, strategy: str) -> Run:
    """The seeder seeds, everyone else adds the magnet link."""
    for device in site.devices:
        device.open(host.page_url)
        device.page.wait_for_function("() => window.bench !== undefined")
    resting_cores = site.resting_cores(REST_SEC)
    magnet = site.seeder.page.evaluate("(announce) => bench.seed(announce)", host.announce)
    used_sec = site.cpu_sec()
    wire_bytes, cpu = site.wire_bytes(), CpuMeter()
    for device in site.leechers:
        device.page.evaluate("([magnet, strategy]) => bench.fetch(magnet, strategy)", [magnet, strategy])
    wait_whole(site.leechers, "bench.isWhole()", limit_sec)
    cpu_share, wire_bytes = cpu.read(), site.wire_bytes() - wire_bytes
    used_sec = site.cpu_sec() - used_sec
    samples = [device.page.evaluate("bench.samples") for device in site.leechers]
    started_ms = min(at_ms for each in samples for at_ms, held_bytes, *_ in each if held_bytes > 0)
    held = [curve(each, started_ms) for each in samples]
    counts = [device.page.evaluate("bench.counts()") for device in site.devices]
    for device in site.devices:
        device.page.evaluate("bench.close()")
    return Run(
        taken_sec=last_sec(held, path.stat().st_size),
        sent_bytes=sum(each["sentBytes"] for each in counts),
        wire_bytes=wire_bytes,
        cpu_share=cpu_share,
        cpu_sec=used_sec,
        resting_cores=resting_cores,
        links=counts[0]["links"],
        held=held,
        pace=[],
    )


def wait_whole(devices: list[Device], is_whole: str, limit_sec: float) -> None:
    """One question to one page at a time: whoever is asked has the CPU to answer only when it is done."""
    give_up_at = time.monotonic() + limit_sec
    for device in devices:
        while not device.page.evaluate(is_whole):
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"{device.name} does not have the file after {limit_sec:g} s")
            device.page.wait_for_timeout(WHOLE_POLL_MS)


def curve(samples: list[list[float]], started_ms: float) -> list[tuple[float, float]]:
    """Steps only: what changed, and when."""
    steps: list[tuple[float, float]] = []
    for at_ms, held_bytes, *_ in samples:
        if not steps or held_bytes != steps[-1][1]:
            steps.append((round((at_ms - started_ms) / 1000, 2), held_bytes))
    return steps


def _pace(samples: list[list[float | None]], started_ms: float) -> list[tuple[float | None, ...]]:
    """Twice a second is enough to see where an uplink was not used."""
    return [
        (
            round(((at_ms or 0) - started_ms) / 1000, 1),
            *(None if each is None else round(each) for each in rest),
        )
        for at_ms, _, *rest in samples[::5]
    ]


def last_sec(held: list[list[tuple[float, float]]], size_bytes: int) -> float:
    return max(next(at_sec for at_sec, held_bytes in each if held_bytes >= size_bytes) for each in held)


Way = Callable[[Site, Path, float], Run]
