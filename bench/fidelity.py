"""What bending the rate does to the sound: `python -m bench.fidelity --runs 5 --seconds 60`.

A tone of 10 kHz, recorded at the loudspeaker of one Chromium: played by Unisono as it is; by Unisono beside a
card that seems to run 500 ppm fast, so that every segment is resampled; and by a plain source whose
`playbackRate` is 1.0005. In each 50 ms the best sine is taken away; what is left is noise, dB below the tone.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy import signal

from bench.report import RESULTS, print_table, save
from lab.browsers.launch import Fleet
from lab.rig.pulse import SpeakerRig
from lab.rig.tracking import RIG_RATE_HZ, Floats, Signal
from lab.room import Room
from lab.server_process import ServerProcess

TONE_HZ = 10_000
LEVEL = 0.5
BENT_PPM = 500.0
WINDOW = round(0.05 * RIG_RATE_HZ)
SETTLE_SEC = 8.0  # the line's skew is read over several seconds
MIN_RMS = 0.1
NEWTON_STEPS = 4

# The port as a card would report it that runs this much fast.
_CARD_OFF = """((ppm) => {
  const stamp = AudioContext.prototype.getOutputTimestamp;
  const began = new WeakMap();
  AudioContext.prototype.getOutputTimestamp = function () {
    const { contextTime, performanceTime } = stamp.call(this);
    if (!performanceTime) return { contextTime, performanceTime };
    if (!began.has(this)) began.set(this, performanceTime);
    const ahead = ((performanceTime - began.get(this)) / 1000) * ppm * 1e-6;
    return { contextTime: contextTime + ahead, performanceTime };
  };
})"""

_PLAY_BENT = """async ([hz, level, seconds, rate]) => {
  const context = new AudioContext({ latencyHint: 0.08 });
  await context.resume();
  const buffer = context.createBuffer(1, seconds * context.sampleRate, context.sampleRate);
  const samples = buffer.getChannelData(0);
  for (let i = 0; i < samples.length; i++)
    samples[i] = level * Math.sin((2 * Math.PI * hz * i) / context.sampleRate);
  const source = new AudioBufferSourceNode(context, { buffer, playbackRate: rate });
  source.connect(context.destination);
  source.start();
}"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.fidelity", description="Noise beside a tone of 10 kHz.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    players: dict[str, Callable[[Path, float], Signal]] = {
        "Unisono, as it is": lambda folder, seconds: play_unisono(folder, seconds, 0),
        "Unisono, rate bent by 500 ppm": lambda folder, seconds: play_unisono(folder, seconds, BENT_PPM),
        "playbackRate 1.0005": play_at_rate,
    }
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in players}
    spectra: dict[str, Floats] = {}
    with tempfile.TemporaryDirectory(prefix="unisono-bench-") as folder:
        for number in range(options.runs):
            for name, play in players.items():
                recording = play(Path(folder), options.seconds)[:, 0]
                figures = measure(recording)
                runs[name].append(figures)
                spectra[name] = spectrum_db(recording)
                print(f"run {number + 1}, {name}: {figures['snr_db']:.1f} dB", flush=True)
    report(options, runs, spectra)


def play_unisono(folder: Path, seconds: float, card_ppm: float) -> Signal:
    tone = folder / "Tone.wav"
    source = f"aevalsrc={LEVEL}*sin(2*PI*{TONE_HZ}*t):s={RIG_RATE_HZ}:d={seconds + SETTLE_SEC + 30:g}"
    command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i", source, "-c:a", "pcm_f32le"]
    subprocess.run([*command, str(tone)], check=True)
    server = ServerProcess(folder / "server.log")
    try:
        with SpeakerRig(1, priority=True) as rig, Fleet(server.url) as fleet:
            room = Room(fleet, rig, server.url)
            ada = room.sit("ada")
            if card_ppm:
                ada.page.add_init_script(f"{_CARD_OFF}({card_ppm})")
            room.let_in(ada)
            fleet.give_sound_priority()
            room.share(ada, tone)
            room.start(ada, tone.name)
            ada.pause(SETTLE_SEC * 1000)
            rig.record(folder / "tone.f32")
            room.listen(seconds)
            return rig.stop_recording()
    finally:
        server.stop()


def play_at_rate(folder: Path, seconds: float) -> Signal:
    server = ServerProcess(folder / "server.log")
    try:
        with SpeakerRig(1, priority=True) as rig, Fleet(server.url) as fleet:
            room = Room(fleet, rig, server.url)
            ada = room.sit("ada")
            ada.open()
            ada.page.evaluate(_PLAY_BENT, [TONE_HZ, LEVEL, seconds + SETTLE_SEC + 30, 1 + BENT_PPM * 1e-6])
            fleet.give_sound_priority()
            ada.pause(SETTLE_SEC * 1000)
            rig.record(folder / "tone.f32")
            room.listen(seconds)
            return rig.stop_recording()
    finally:
        server.stop()


def measure(samples: Signal) -> dict[str, Any]:
    """Median and 5th percentile of the windows, dB, and how far off 10 kHz the tone is, ppm."""
    fits = [fit_tone(window) for window in whole_windows(samples)]
    values = [snr_db for snr_db, _ in fits]
    return {
        "snr_db": float(np.median(values)),
        "snr_db_p5": float(np.percentile(values, 5)),
        "tone_off_ppm": float(np.median([ppm for _, ppm in fits])),
        "windows": len(fits),
        "windows_snr_db": [round(value, 1) for value in values],
    }


def whole_windows(samples: Signal) -> list[Floats]:
    blocks = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW).astype(np.float64)
    return [block for block in blocks if np.sqrt(np.mean(block**2)) > MIN_RMS]


def fit_tone(window: Floats) -> tuple[float, float]:
    """(dB of the best sine above what it leaves, its frequency's distance to 10 kHz in ppm): Gauss-Newton."""
    at_sec = (np.arange(len(window)) - len(window) / 2) / RIG_RATE_HZ
    tone_hz = float(TONE_HZ)
    rest, power = window, 0.0
    for _ in range(NEWTON_STEPS):
        angle = 2 * np.pi * tone_hz * at_sec
        cosine, sine = np.cos(angle), np.sin(angle)
        columns = np.stack([cosine, sine, at_sec * cosine, at_sec * sine], axis=1)
        a, b, c, d = np.linalg.lstsq(columns, window, rcond=None)[0]
        # a cos + b sin with a slow turn: the part of (c, d) across (a, b) is a frequency error.
        tone_hz += float((b * c - a * d) / (a**2 + b**2)) / (2 * np.pi)
        rest = window - a * cosine - b * sine
        power = float((a**2 + b**2) / 2)
    noise = max(float(np.mean(rest**2)), 1e-20)
    return 10 * np.log10(power / noise), (tone_hz / TONE_HZ - 1) * 1e6


def spectrum_db(samples: Signal) -> Floats:
    _, power = signal.welch(samples.astype(np.float64), RIG_RATE_HZ, ("kaiser", 24), nperseg=16_384)
    return np.asarray(10 * np.log10(np.maximum(power / power.max(), 1e-20)), dtype=np.float64)


def report(
    options: argparse.Namespace, runs: dict[str, list[dict[str, Any]]], spectra: dict[str, Floats]
) -> None:
    keys = ("snr_db", "snr_db_p5", "tone_off_ppm")
    middle = {
        name: {key: statistics.median(run[key] for run in its_runs) for key in keys}
        for name, its_runs in runs.items()
    }
    print_table(
        "10 kHz at the loudspeaker, dB above what is left; "
        f"medians of {options.runs} runs of {options.seconds:g} s",
        ["player", "median", "5th percentile", "tone off, ppm"],
        [[name, *figures.values()] for name, figures in middle.items()],
    )
    figure = Figure(figsize=(10, 4.5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name, power_db in spectra.items():
        axes.plot(np.linspace(0, RIG_RATE_HZ / 2000, len(power_db)), power_db, linewidth=0.9, label=name)
    axes.set_xlabel("kHz")
    axes.set_ylabel("dB below the tone")
    axes.set_ylim(-170, 5)
    axes.legend()
    axes.grid(visible=True, alpha=0.25)
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "fidelity.png")
    save("fidelity", {"options": vars(options), "median_of_runs": middle, "runs": runs})


if __name__ == "__main__":
    main()
