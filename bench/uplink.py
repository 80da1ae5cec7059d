"""What sharing a file costs the clock of whoever shares it: `python -m bench.uplink`.

Ada's uplink is shaped. A song plays, and the round trips of ada's clock probes are noted: first with nothing
else on the uplink, then while bo fetches a large file from ada. Milliseconds, as the page itself sees them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from bench.report import print_table, save
from bench.swarm_players import RECORD
from lab.browsers.device import Device, wait_for_all
from lab.file_room import MIB, make_noise
from lab.networks.network import Network
from lab.networks.programs import NetworkFleet, NetworkServer
from lab.rig.pulse import SpeakerRig
from lab.rig.song import make_song
from lab.room import has_peers, is_playing

FETCH_LIMIT_SEC = 300.0

NOTE_ROUND_TRIPS = """
(() => {
  window.clockRtts = [];
  const sentMs = new Map();
  const heard = new WeakSet();
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    const message = typeof data === "string" && data.includes('"ping"') ? JSON.parse(data) : null;
    if (message?.type === "ping") {
      if (!heard.has(this)) {
        heard.add(this);
        this.addEventListener("message", ({ data: answer }) => {
          const pong = answer.includes('"pong"') ? JSON.parse(answer) : null;
          if (pong?.type === "pong" && sentMs.has(pong.id))
            clockRtts.push([performance.now(), performance.now() - sentMs.get(pong.id)]);
        });
      }
      sentMs.set(message.id, performance.now());
    }
    return send.call(this, data);
  };
})();
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.uplink", description="Clock round trips during bulk.")
    parser.add_argument("--kbit", type=int, default=10_000, help="rate of the uplink")
    parser.add_argument("--mib", type=int, default=24, help="size of the file that is fetched")
    parser.add_argument("--quiet-sec", type=int, default=40, help="how long nothing is sent beforehand")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder, ExitStack() as stack:
        network = stack.enter_context(Network("server", "ada", "bo"))
        server = NetworkServer(network, "server", Path(folder) / "server.log")
        stack.callback(server.stop)
        rig = stack.enter_context(SpeakerRig(2))
        fleet = stack.enter_context(NetworkFleet(network, server.url))
        ada = fleet.chromium_at("ada", rig.env(0), show_local_ips=True)
        bo = fleet.chromium_at("bo", rig.env(1), show_local_ips=True)
        ada.page.add_init_script(NOTE_ROUND_TRIPS)
        ada.open()
        ada.new_swarm()
        bo.open(ada.invite_link())
        bo.join()
        wait_for_all([ada, bo], has_peers(2), "to be linked")
        song = make_song(Path(folder))
        ada.add_file(song.path)
        bo.wait_for_seeded(song.path.name)
        network.shape_uplink("ada", options.kbit)
        ada.play(song.path.name)
        wait_for_all([ada, bo], is_playing, "to play")
        ada.page.wait_for_timeout(options.quiet_sec * 1000)
        quiet_ms = take_round_trips(ada)
        path = make_noise(Path(folder) / "concert.mp3", options.mib * MIB)
        ada.page.evaluate(RECORD)
        started = time.monotonic()
        ada.add_file(path)
        bo.wait_for(
            lambda shot: any(each["name"] == path.name and each["seeded"] for each in shot["files"]),
            "to have the file",
            FETCH_LIMIT_SEC,
        )
        taken_sec = time.monotonic() - started
        bulk_ms = take_round_trips(ada)
        samples = ada.page.evaluate("benchSamples")
    used_share = 8 * options.mib * MIB / taken_sec / (options.kbit * 1000)
    # Once a second: bytes sent, bytes a second allowed, ms queued.
    pace = [rest for _, _, *rest in samples[::10]]
    report(options, quiet_ms, bulk_ms, used_share, pace)


def take_round_trips(device: Device) -> list[float]:
    """Those since this was last asked."""
    return [rtt_ms for _, rtt_ms in device.page.evaluate("clockRtts.splice(0)")]


def report(
    options: argparse.Namespace,
    quiet_ms: list[float],
    bulk_ms: list[float],
    used_share: float,
    pace: list[list[float]],
) -> None:
    rows: list[list[object]] = []
    figures: dict[str, dict[str, float]] = {}
    for name, values in (("nothing else sent", quiet_ms), ("during bulk", bulk_ms)):
        median, p95 = (float(each) for each in np.percentile(values, [50, 95]))
        figures[name] = {"median_ms": median, "p95_ms": p95, "max_ms": max(values), "probes": len(values)}
        rows.append([name, *figures[name].values()])
    growth_ms = figures["during bulk"]["p95_ms"] - figures["nothing else sent"]["p95_ms"]
    print_table(
        f"Round trips of the clock, ms, uplink {options.kbit / 1000:g} Mbit/s, music playing",
        ["", "median", "p95", "max", "probes"],
        rows,
    )
    print(f"p95 grows by {growth_ms:.1f} ms; content took {used_share:.0%} of the uplink")
    save(
        f"uplink-{options.kbit}kbit",
        {"options": vars(options), "figures": figures, "p95_growth_ms": growth_ms, "used_share": used_share}
        | {"quiet_ms": quiet_ms, "bulk_ms": bulk_ms, "pace": pace},
    )


if __name__ == "__main__":
    main()
