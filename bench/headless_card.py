"""A headless peer's sound card under load: `python -m bench.headless_card [--runs 3] [--before CHECKOUT]`.

One loudspeaker of the rig, played by a process of its own whose clock knows the time exactly. Three songs are
opened beside the sound, as they are before their turn; then the process is stopped for 100 ms, so that the
card runs dry. How far apart the card's requests came before that (its thread takes two blocks of 10 ms each
20 ms), how often it ran dry by itself, and how late the sound was after the stop, by the recording.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from bench.report import print_table, save
from lab.rig.pulse import SpeakerRig
from lab.rig.tracking import RIG_RATE_HZ, Signal

HERE = Path(__file__).parents[1]
PLAYED_SEC = 18
OPENED_AT_SEC = (2.0, 4.0, 6.0)
STOPPED_AT_SEC = 9.0
STOPPED_FOR_SEC = 0.1
WINDOW_SEC = 0.25
# Where a window of the sound may lie in the recording, beside where the window before lay.
SEARCHED_SEC = 0.2
# A window further off than this is out of step.
OUT_OF_STEP_MS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.headless_card", description="A headless peer's sound card.")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--before", type=Path, help="another checkout, whose peer is measured in turn")
    parser.add_argument("--save-as", default="headless-card")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--without-priority", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        _play(options.child, has_priority=not options.without_priority)
        return
    builds: dict[str, tuple[Path, list[str]]] = {
        "now": (HERE, []),
        "unprivileged": (HERE, ["--without-priority"]),
    }
    if options.before is not None:
        builds["before"] = options.before.resolve(), []
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        song = Path(folder) / "song.mp3"
        source = ("-f", "lavfi", "-i", "anoisesrc=d=240:a=0.3:seed=3:r=44100", "-ac", "2", "-b:a", "192k")
        subprocess.run(["ffmpeg", "-v", "error", "-y", *source, str(song)], check=True)
        for _ in range(options.runs):
            for name, (source_path, arguments) in builds.items():
                runs.append(
                    {"build": name, **_measure(song, source_path, arguments, Path(folder) / "room.f32")}
                )
                print(json.dumps(runs[-1]), flush=True)
    keys = [key for key in runs[0] if key not in ("build", "load")]
    rows = [
        (name, *(max(run[key] for run in runs if run["build"] == name) for key in keys)) for name in builds
    ]
    print_table("The worst of the runs", ("build", *keys), rows)
    save(options.save_as, {"runs": runs})


def _measure(song: Path, source: Path, arguments: list[str], recording: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.headless_card", "--child", str(song), *arguments]
    path = os.pathsep.join([str(source / "src"), str(HERE)])
    with SpeakerRig(1, priority=True) as rig:
        rig.record(recording)
        environment = {**os.environ, **rig.env(0), "PYTHONPATH": path}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            next(line for line in child.stdout if line.startswith("{"))
            time.sleep(STOPPED_AT_SEC)  # of the song, so that the stop comes at the same place in each run
            child.send_signal(signal.SIGSTOP)
            time.sleep(STOPPED_FOR_SEC)  # the stall itself, which is what is measured
            child.send_signal(signal.SIGCONT)
            told = json.loads(next(line for line in child.stdout if line.startswith("{")))
        late_ms = _late_ms(rig.stop_recording()[:, 0])
    out = [late for late in late_ms if abs(late) > OUT_OF_STEP_MS]
    return {
        **told,
        "late_ms": max(late_ms, key=abs),
        "out_of_step_sec": len(out) * WINDOW_SEC,
        "load": os.getloadavg()[0],
    }


def _reference() -> Signal:
    noise = np.random.default_rng(5).standard_normal((PLAYED_SEC + 4) * RIG_RATE_HZ) * 0.2
    return noise.astype(np.float32)


def _late_ms(recording: Signal) -> list[float]:
    """Of each window of the sound, against the first one."""
    reference, frames, beside = (
        _reference(),
        round(WINDOW_SEC * RIG_RATE_HZ),
        round(SEARCHED_SEC * RIG_RATE_HZ),
    )
    first = _place_of(reference[:frames], recording)
    found = []
    for begin in range(0, (PLAYED_SEC - 1) * RIG_RATE_HZ, frames):
        low = max(0, first + begin - beside)
        around = recording[low : first + begin + frames + beside]
        place = low + _place_of(reference[begin : begin + frames], around)
        found.append((place - begin - first) * 1000 / RIG_RATE_HZ)
    return found


def _place_of(part: Signal, whole: Signal) -> int:
    size = 1 << (len(part) + len(whole)).bit_length()
    product = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size))
    return int(np.argmax(np.fft.irfft(product, size)[: len(whole)]))


def _play(song_path: Path, *, has_priority: bool) -> None:
    """The child: plays noise from the line that it prints on, and at the end says how its card was served."""
    from unisono.peer import device as device_module  # noqa: PLC0415 - of the build that is measured
    from unisono.peer.offset import OffsetEstimate  # noqa: PLC0415
    from unisono.peer.plan import Plan  # noqa: PLC0415
    from unisono.peer.playback_controller import PlaybackController  # noqa: PLC0415
    from unisono.peer.queue import Queue  # noqa: PLC0415
    from unisono.peer.song import Song  # noqa: PLC0415
    from unisono.peer.sound import HeldSound  # noqa: PLC0415

    if not has_priority:
        vars(device_module)["sound_priority"] = nullcontext
    requests: list[tuple[float, bool]] = []
    copy = device_module.SoundDevice._copy  # noqa: SLF001 - where the card's thread comes in

    def counted(self: Any, output: Any, frames: int, moments: Any, status: Any) -> None:  # noqa: ANN401
        requests.append((time.monotonic(), bool(status.output_underflow)))
        copy(self, output, frames, moments, status)

    device_module.SoundDevice._copy = counted  # type: ignore[method-assign] # noqa: SLF001
    noise = _reference()
    song = Song("f" * 64, RIG_RATE_HZ, HeldSound(np.stack([noise, noise])))
    controller = PlaybackController()
    now_ms = time.monotonic() * 1000
    controller.estimated(OffsetEstimate("north", now_ms, 0.0, 0.0, 0.01, 0.2, 0.4, 50))
    device = device_module.SoundDevice("pulse", controller)
    start_ms = time.monotonic() * 1000 + 2_000
    plan = Plan(
        clock_id="north",
        file_id=song.file_id,
        entry_id="e" * 16,
        state="playing",
        global_start_us=start_ms * 1000,
    )
    opening = list(OPENED_AT_SEC)
    has_begun = False
    while (at_sec := time.monotonic() - start_ms / 1000) < PLAYED_SEC:
        controller.follow(plan, Queue(), {song.file_id: song}, is_clock_known=True)
        device.advance(at_sec * 1000)
        if at_sec >= 0 and not has_begun:
            has_begun = True
            print("{}", flush=True)
        if opening and at_sec >= opening[0]:
            del opening[0]
            threading.Thread(target=_open, args=(song_path,), daemon=True).start()
        time.sleep(0.1)  # as often as a peer looks after its device; the end of the song ends it
    device.close()
    before = [each for each in requests if 0 <= each[0] - start_ms / 1000 < STOPPED_AT_SEC]
    gaps_ms = sorted((later - sooner) * 1000 for (sooner, _), (later, _) in itertools.pairwise(before))
    dry = sum(is_dry for _, is_dry in before)
    p99_ms = float(np.percentile(gaps_ms, 99))
    print(json.dumps({"p99_ms": p99_ms, "max_ms": gaps_ms[-1], "ran_dry": dry}), flush=True)


def _open(path: Path) -> None:
    """As the song loader does: a window, and when it can begin a look through the file."""
    from unisono.peer.song_file import SongFile  # noqa: PLC0415
    from unisono.peer.song_window import SongWindow  # noqa: PLC0415

    window = SongWindow(path, 0.0, None, lambda _: None)
    window.wait_ready()
    SongFile(path).survey()


if __name__ == "__main__":
    main()
