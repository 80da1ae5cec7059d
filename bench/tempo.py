"""What another tempo leaves of a choir, of drums and of speech, and what it costs: `python -m bench.tempo`.

Each sound is reckoned twice: as the song, and as it would be if it had been played at the tempo. What a
method makes of the first is held against the second, by the distance of their spectra: of windows of 85 ms,
which see notes, and of 11 ms, which see when something sets in. Beside the product's own there are WSOLA
(ffmpeg's atempo) and Rubber Band, both after the best shift, as they keep no place to the frame.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.report import print_table, save
from unisono.peer.constants.audio import STRETCH_RATE_HZ as RATE
from unisono.peer.sound import HeldSound
from unisono.peer.stretch import StretchedSound

WEB = Path(__file__).parents[1] / "web"
NODE = WEB.parent / ".venv/bin/node"
SOUND_SEC = 8
Samples = NDArray[np.float64]


def choir(tempo: float) -> Samples:
    """Four parts of three voices each, a chord every two seconds, each voice with its own vibrato."""
    song_sec = _song_seconds(tempo)
    chance = np.random.default_rng(5)
    chords = np.array([[130.8, 196, 261.6, 329.6], [146.8, 220, 293.7, 349.2], [123.5, 196, 246.9, 392]])
    chord = (song_sec / 2).astype(int) % len(chords)
    rise = np.minimum(1, np.minimum(song_sec % 2, 2 - song_sec % 2) / 0.08)
    total = np.zeros_like(song_sec)
    for part in range(4):
        for _ in range(3):
            speed, depth, start, detuned = chance.uniform([4.5, 0.003, 0, -0.004], [6.2, 0.008, 6.3, 0.004])
            hz = chords[chord, part] * (1 + detuned + depth * np.sin(2 * np.pi * speed * song_sec + start))
            turns = np.cumsum(hz) / RATE
            for harmonic in range(1, 21):
                colour = 0.01 + np.exp(-(((harmonic * chords[0, part] - 600) / 400) ** 2))
                total += colour * np.sin(2 * np.pi * (harmonic * turns + chance.uniform()))
    voices: Samples = 0.05 * rise * total
    return voices


def drums(tempo: float) -> Samples:
    """Kick, snare and hats, four a second."""
    total = np.zeros(round(SOUND_SEC * RATE / tempo) + RATE)
    sec = np.arange(RATE // 3) / RATE
    hiss = np.random.default_rng(8).standard_normal((2, len(sec) + 1))
    kick = 0.8 * np.sin(2 * np.pi * (50 * sec + 3 * (1 - np.exp(-30 * sec)))) * np.exp(-12 * sec)
    snare = 0.3 * (hiss[0, 1:] * np.exp(-25 * sec) + np.sin(2 * np.pi * 190 * sec) * np.exp(-20 * sec))
    hat = 0.15 * np.diff(hiss[1]) * np.exp(-60 * sec)
    for beat in range(SOUND_SEC * 4):
        at = int((beat * 0.25 + 0.05) * RATE / tempo)
        total[at : at + len(sec)] += hat + (kick if beat % 4 == 0 else snare if beat % 4 == 2 else 0)
    return total[:-RATE]


def speech(tempo: float) -> Samples:
    """A voice that glides, in syllables, through three formants that move."""
    song_sec = _song_seconds(tempo)
    base_hz = 120 + 25 * np.sin(4.4 * song_sec) + 10 * np.sin(14.5 * song_sec)
    turns = np.cumsum(base_hz) / RATE
    formants = (500 + 250 * np.sin(6.9 * song_sec), 1400 + 500 * np.sin(10.7 * song_sec + 1), 2600)
    total = np.zeros_like(song_sec)
    for harmonic in range(1, 40):
        for hz, width_hz, share in zip(formants, (90, 130, 200), (1, 0.6, 0.3), strict=True):
            colour = share * np.exp(-(((harmonic * base_hz - hz) / width_hz) ** 2))
            total += colour * np.cos(2 * np.pi * harmonic * turns)
    voice: Samples = 0.2 * total * np.sqrt(np.maximum(0, np.sin(13.8 * song_sec)))
    return voice


def choir_and_drums(tempo: float) -> Samples:
    return choir(tempo) + drums(tempo)


def _song_seconds(tempo: float) -> Samples:
    seconds: Samples = np.arange(round(SOUND_SEC * RATE / tempo)) * tempo / RATE
    return seconds


def own(sound: Samples, percent: int) -> Samples:
    stretched = StretchedSound(HeldSound(np.tile(sound, (2, 1)).astype(np.float32)), RATE, percent)
    output = stretched.read(0, stretched.frames or 0)
    if output is None:
        raise RuntimeError("all of it is there")
    left: Samples = output[0].astype(np.float64)
    return left


def by_ffmpeg(sound: Samples, effect: str) -> Samples:
    layout = ("-f", "f32le", "-ar", str(RATE), "-ac", "1")
    command = ["ffmpeg", "-v", "error", *layout, "-i", "-", "-af", effect, "-f", "f32le", "-"]
    run = subprocess.run(command, input=sound.astype("<f4").tobytes(), check=True, capture_output=True)
    return np.frombuffer(run.stdout, "<f4").astype(np.float64)


def aligned(output: Samples, wanted: Samples) -> Samples:
    """Shifted to where their envelopes fit best."""
    length = min(len(output), len(wanted))
    spectra = [np.fft.rfft(np.abs(each[:length]), 2 * length) for each in (output, wanted)]
    fits = np.fft.irfft(spectra[0] * np.conj(spectra[1]))
    reach = RATE // 5
    shift = int(np.argmax(np.concatenate([fits[-reach:], fits[:reach]]))) - reach
    shifted: Samples = output[shift:] if shift >= 0 else np.concatenate([np.zeros(-shift), output])
    return shifted


def distance_db(output: Samples, wanted: Samples, window: int) -> float:
    """Root mean square of what the spectra's levels differ by, down to 60 dB below the loudest."""
    length = min(len(output), len(wanted)) - RATE // 2
    levels = []
    for each in (output, wanted):
        frames = np.lib.stride_tricks.sliding_window_view(each[RATE // 2 : length], window)[:: window // 4]
        levels.append(np.abs(np.fft.rfft(frames * np.hanning(window), axis=1)))
    floor = levels[1].max() * 1e-3
    ratios = np.maximum(levels[0], floor / 10)[levels[1] > floor] / levels[1][levels[1] > floor]
    return float(np.sqrt(np.mean((20 * np.log10(ratios)) ** 2)))


def quality(percent: int) -> list[list[object]]:
    rows: list[list[object]] = []
    tempo = percent / 100
    sounds = {"choir": choir, "drums": drums, "speech": speech, "choir and drums": choir_and_drums}
    for name, make in sounds.items():
        song, wanted = make(1.0), make(tempo)
        outputs = {
            "own": own(song, percent),
            "WSOLA": aligned(by_ffmpeg(song, f"atempo={tempo}"), wanted),
            "Rubber Band": aligned(by_ffmpeg(song, f"rubberband=tempo={tempo}"), wanted),
        }
        for method, output in outputs.items():
            distances = [distance_db(output, wanted, window) for window in (4_096, 512)]
            rows.append([f"{percent} %", name, method, *distances])
    return rows


def main() -> None:
    argparse.ArgumentParser(prog="bench.tempo", description="Sound at other tempos.").parse_args()
    flags = ("--experimental-transform-types", "--disable-warning=ExperimentalWarning")
    run = subprocess.run(
        [str(NODE), *flags, "bench/stretch.ts"], cwd=WEB, check=True, capture_output=True, text=True
    )
    costs = json.loads(run.stdout)
    print_table(
        "CPU in V8: a second of stereo, and to come in at the middle of a song, ms",
        ["rate", "tempo", "a second", "to come in"],
        [[each["rate"], f"{each['tempo']} %", each["perSecondMs"], each["entryMs"]] for each in costs],
    )
    song = drums(1.0)
    before = time.process_time()
    own(song, 70)
    python_ms = (time.process_time() - before) * 1000 / (SOUND_SEC / 0.7)
    print(f"The headless peer: {python_ms:.0f} ms of CPU a second")
    rows = [row for percent in (70, 130) for row in quality(percent)]
    print_table("Distance from what was played so, dB", ["tempo", "sound", "method", "85 ms", "11 ms"], rows)
    save("tempo", {"costs": costs, "pythonMs": python_ms, "quality": rows})


if __name__ == "__main__":
    main()
