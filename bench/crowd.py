"""Twenty browsers in one swarm, playing one song: `python -m bench.crowd --peers 20`.

The peers are pages in contexts of their own, shared out over a few Chromium processes without GPU and with a
tiny viewport: what a page costs is then its own, and twenty fit on two cores. Each page's sound is moved to a
loudspeaker of its own, so that the spread is heard and not believed. Printed: from the Join tap to a locked
clock, from the first tap until everyone is linked, spread, CPU, memory, and what the server carries.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.figures import marked, server_counts
from bench.report import RESULTS, print_table, save
from lab.browsers.device import Device, Snapshot, wait_for_all
from lab.browsers.launch import Fleet
from lab.browsers.process_tree import cpu_sec, memory_mib
from lab.ports import free_port
from lab.rig.analysis import first_sound_sec, per_second_ms, summarise
from lab.rig.plot import save_plot
from lab.rig.pulse import SpeakerRig
from lab.rig.song import Song, decode, make_song
from lab.rig.tracking import Tracks, track
from lab.room import holds, is_playing
from lab.server_process import ServerProcess

LIMIT_SEC = 400.0
IN_STEP_MS = (5.0, 40.0)
SETTLE_SEC = 10.0  # decoding twenty times and starting at once takes all cores
SONG_SEC = 420.0  # of which most passes before the recording where the machine is slow
TINY = ("--window-size=400,300",)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.crowd", description="Many real browsers in one swarm.")
    parser.add_argument("--peers", type=int, default=20)
    parser.add_argument("--browsers", type=int, default=4, help="Chromium processes that carry them")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the song is recorded")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        figures, tracks = measure(options, Path(folder))
    rows = [[name, value] for name, value in figures.items()]
    print_table(
        f"{options.peers} peers in {options.browsers} Chromium on one host", ["figure", "value"], rows
    )
    save_plot(tracks, RESULTS / f"crowd-{options.peers}.png", f"{options.peers} peers on one host, quiet")
    save(f"crowd-{options.peers}", {"options": vars(options), "figures": figures})


def measure(options: argparse.Namespace, folder: Path) -> tuple[dict[str, Any], Tracks]:
    song = make_mono(folder)
    metrics_port = free_port()
    server = ServerProcess(folder / "server.log", ["--metrics", f"127.0.0.1:{metrics_port}"])
    try:
        with SpeakerRig(options.peers, priority=True) as rig, Fleet(server.url) as fleet:
            devices = open_browsers(fleet, rig, options)
            began_sec = time.monotonic()
            join_all(devices)
            say("everyone joined")
            figures = joined_figures(devices, began_sec)
            give_everyone_a_loudspeaker(rig, devices)
            fleet.give_sound_priority()
            devices[0].add_file(song.path)
            shared_from_sec = time.monotonic()
            wait_for_all(devices, lambda shot: holds(shot, song.path.name), "to hold the song", LIMIT_SEC)
            figures[f"song of {song.path.stat().st_size / 1e6:.1f} MB at everyone, s"] = (
                time.monotonic() - shared_from_sec
            )
            say("everyone has the song")
            devices[0].play(song.path.name)
            shots = wait_for_all(devices, is_playing, "to play", LIMIT_SEC)
            figures["playing"] = len(shots)
            say("everyone plays")
            devices[0].page.wait_for_timeout(SETTLE_SEC * 1000)
            rig.record(folder / "room.f32")
            figures |= cost_figures(devices, server, metrics_port, rig, options.seconds)
            figures |= reported_figures(devices)
            tracks = track(rig.stop_recording(), song.reference)
            return figures | heard_figures(tracks, options.seconds), tracks
    finally:
        server.stop()


def make_mono(folder: Path) -> Song:
    """A long song at the price of a short one: twenty decodes of it fit into memory."""
    song = make_song(folder, duration_sec=SONG_SEC)
    path = folder / "Crowd.mp3"
    arguments = ["-i", str(song.path), "-map", "0:a", "-ac", "1", "-b:a", "64k", str(path)]
    subprocess.run(["ffmpeg", "-loglevel", "error", *arguments], check=True)
    return Song(path, path.stem, decode(path), song.duration_sec)


def say(what: str) -> None:
    """Minutes pass between two tables."""
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)


def open_browsers(fleet: Fleet, rig: SpeakerRig, options: argparse.Namespace) -> list[Device]:
    names = [f"peer{number:02}" for number in range(options.peers)]
    shares = [names[first :: options.browsers] for first in range(options.browsers)]
    devices = [
        device for share in shares for device in fleet.chromium_together(share, rig.env(0), extra_args=TINY)
    ]
    return sorted(devices, key=lambda device: device.name)


def join_all(devices: list[Device]) -> None:
    """The first makes the swarm; for the others the page is there before the first of them taps Join."""
    first, *others = devices
    first.open()
    first.new_swarm()
    link = first.invite_link()
    for device in others:
        device.page.goto(link, wait_until="commit")
    for device in others:
        device.join()


def joined_figures(devices: list[Device], began_sec: float) -> dict[str, Any]:
    everyone = len(devices)
    wait_for_all(devices, lambda shot: len(shot["peers"]) == everyone, "to see everyone", LIMIT_SEC)
    seen_sec = time.monotonic() - began_sec
    shots = wait_for_all(devices, has_its_links(everyone), "to have its links", LIMIT_SEC)
    linked_sec = time.monotonic() - began_sec
    shots = wait_for_all(devices, is_locked, "to lock its clock", LIMIT_SEC)
    locked = [shot["timings"]["clockLockedMs"] for shot in shots]
    links = [shot["transfer"]["links"] for shot in shots]
    return {
        "joined": everyone,
        "Join tap to clock locked, median, ms": statistics.median(locked),
        "Join tap to clock locked, max, ms": max(locked),
        "first tap until everyone sees everyone, s": seen_sec,
        "first tap until everyone is linked, s": linked_sec,
        "links of a peer": f"{min(links)} to {max(links)}",
    }


def has_its_links(everyone: int) -> Callable[[Snapshot], bool]:
    """A full mesh up to nine; above, six links at least of the eight that four rings give (rule S12)."""
    least = everyone - 1 if everyone <= 9 else 6
    return lambda shot: bool(shot["transfer"]["links"] >= least)


def is_locked(shot: Snapshot) -> bool:
    return bool(shot["clock"]["state"] == "locked")


def give_everyone_a_loudspeaker(rig: SpeakerRig, devices: list[Device]) -> None:
    """Pages of one Chromium share its loudspeaker; PulseAudio can move each page's stream to another.

    The streams are there from the tap on (rule P33).
    """
    streams: list[str] = []
    give_up_at_sec = time.monotonic() + LIMIT_SEC
    while len(streams) < len(devices) and time.monotonic() < give_up_at_sec:
        streams = re.findall(r"^(\d+)\t\d+\t\d+\t", "\n".join(rig.streams()), re.MULTILINE)
        devices[0].page.wait_for_timeout(200)
    if len(streams) != len(devices):
        raise RuntimeError(f"{len(streams)} streams of {len(devices)} pages")
    for speaker, stream in enumerate(streams):
        command = ["pactl", "move-sink-input", stream, f"speaker{speaker}"]
        subprocess.run(command, env=rig.env(speaker), check=True)


def cost_figures(
    devices: list[Device], server: ServerProcess, metrics_port: int, rig: SpeakerRig, seconds: float
) -> dict[str, Any]:
    pids = marked(device.mark for device in devices)
    before = (cpu_sec(pids), cpu_sec([server.pid]), server_counts(metrics_port), time.monotonic())
    until_sec = rig.recorded_sec() + seconds
    while rig.recorded_sec() < until_sec:
        devices[0].page.wait_for_timeout(500)
    took_sec = time.monotonic() - before[3]
    counts = server_counts(metrics_port)
    received = counts["unisono_messages_received_total"] - before[2]["unisono_messages_received_total"]
    sent_bytes = counts["unisono_sent_bytes_total"] - before[2]["unisono_sent_bytes_total"]
    return {
        "CPU of all browsers while playing, cores": (cpu_sec(pids) - before[0]) / took_sec,
        "CPU of the server, cores": (cpu_sec([server.pid]) - before[1]) / took_sec,
        "memory of all browsers, MiB": memory_mib(pids),
        "memory of the server, MiB": memory_mib([server.pid]),
        "messages the server takes in, 1/s": received / took_sec,
        "bytes the server sends, kB/s": sent_bytes / took_sec / 1000,
    }


def reported_figures(devices: list[Device]) -> dict[str, Any]:
    """By what the pages say of themselves."""
    shots = [device.snapshot() for device in devices]
    errors_ms = [abs(shot["playback"]["errorMs"] or np.inf) for shot in shots]
    return {
        "own playback error, median, ms": statistics.median(errors_ms),
        "own playback error, max, ms": max(errors_ms),
        "segments that came too late": sum(shot["playback"]["lateSegments"] for shot in shots),
        "page errors": sum(len(device.errors) for device in devices),
    }


def heard_figures(tracks: Tracks, seconds: float) -> dict[str, Any]:
    """By the recording of all loudspeakers."""
    _, medians = per_second_ms(tracks, first_sound_sec(tracks))
    settled = np.abs(medians[: int(seconds)])
    figures: dict[str, Any] = {}
    for limit_ms in IN_STEP_MS:
        share = float((settled <= limit_ms).mean())
        figures[f"device-seconds within {limit_ms:g} ms of the median one, %"] = 100 * share
    try:
        spread = summarise(tracks, 0, seconds)
    except ValueError:
        return figures  # no second holds all of them: the shares above say how it was
    figures["spread, median, ms"] = spread.median_ms
    figures["spread, max, ms"] = spread.max_ms
    return figures


if __name__ == "__main__":
    main()
