"""Roles and downmix in every engine, and two Chromium as left and right at the loudspeakers.

The page (web/src/audio/testing/role-page.ts) opens a file whose channels have a tone of their own, as the
player does, renders a second of it in each role, and says how much of each tone came out; the headless peer
is asked the same. Then two pages play one song as left and right, and what is recorded is looked at.
"""

from __future__ import annotations

import cmath
import math
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.browsers.folder_server import serve_folder
from lab.browsers.launch import Fleet
from lab.browsers.trial_pages import AUDIO_PAGES, build_pages, open_page
from lab.rig.pulse import SpeakerRig
from lab.rig.tracking import RIG_RATE_HZ, track
from tests.peer.decoding import decode_file
from unisono.peer.lane import Lane
from unisono.peer.low_band import low_weights

pytestmark = pytest.mark.e2e

EXAMINE = "(question) => rolePage.examine(question)"

RATE_HZ = 48_000
SONG_SEC = 8
AMPLITUDE = 0.1
FROM_SEC = 3
HALF_DB = -3.0103
# By the order in which ffmpeg has them: FL FR FC LFE BL BR, SL SR.
TONES_HZ = (300, 500, 700, 60, 900, 1_100, 1_300, 1_500)
LEFT, RIGHT, CENTRE, LFE, BACK_LEFT, BACK_RIGHT, SIDE_LEFT, SIDE_RIGHT = range(8)
# Lines of left and of right, so far apart that no window blurs them; and those of what is low.
LEFT_HZ = tuple(range(200, 2_000, 100))
RIGHT_HZ = tuple(range(250, 2_000, 100))
LOW_HZ = (20, 60, 80, 100, 120, 140, 200)
# Lines that tell a shelf from a gain.
TRIM_HZ = (40, 80, 140, 200, 320, 600, 1_000, 2_000, 3_000, 4_000, 6_000, 9_000, 12_000)
BASS_SHELF_HZ, TREBLE_SHELF_HZ = 200, 4_000
# So much later or earlier one role may be than the other at 60 Hz.
MAX_DELAY_SEC = 0.1e-3

# By role, by output channel, by tone.
Found = dict[str, list[list[complex]]]
Ask = Callable[[str, list[str], tuple[int, ...]], tuple[list[str], Found]]


@dataclass(frozen=True)
class Recipe:
    suffix: str
    options: str
    channels: int = 6
    tolerance_db: float = 0.1
    # What a coder leaves of one channel in another.
    floor_db: float = -60.0
    is_lossy: bool = False

    @property
    def layout(self) -> str:
        return {6: "5.1", 8: "7.1"}[self.channels]


LOSSY: dict[str, Any] = {"tolerance_db": 0.5, "floor_db": -30.0, "is_lossy": True}
RECIPES = {
    "flac": Recipe("flac", "-c:a flac"),
    "flac 7.1": Recipe("flac", "-c:a flac", 8),
    "wav": Recipe("wav", "-c:a pcm_s24le"),
    "opus": Recipe("opus", "-c:a libopus -b:a 384k", **LOSSY),
    "opus 7.1": Recipe("opus", "-c:a libopus -b:a 512k", 8, **LOSSY),
    "aac": Recipe("m4a", "-c:a aac -b:a 384k -aac_pns 0", **LOSSY),
    "vorbis": Recipe("ogg", "-c:a libvorbis -q:a 6", **LOSSY),
}


def tones(hz: tuple[int, ...]) -> NDArray[np.float64]:
    """Each in a channel of its own."""
    seconds = np.arange(SONG_SEC * RATE_HZ) / RATE_HZ
    return AMPLITUDE * np.cos(2 * np.pi * np.outer(hz, seconds))


def write(path: Path, channels: NDArray[np.float64], layout: str, options: str) -> None:
    raw = f"-f f32le -ar {RATE_HZ} -ac {len(channels)} -channel_layout {layout} -i - {options}".split()
    command = ["ffmpeg", "-v", "error", "-y", *raw, str(path)]
    subprocess.run(command, input=channels.T.astype("<f4").tobytes(), check=True)


def file_name(name: str) -> str:
    return f"{name.replace(' ', '-')}.{RECIPES[name].suffix}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page, and the files."""
    folder: Path = tmp_path_factory.mktemp("role-page")
    build_pages(AUDIO_PAGES, folder)
    for name, recipe in RECIPES.items():
        channels = tones(TONES_HZ[: recipe.channels])
        write(folder / file_name(name), channels, recipe.layout, recipe.options)
    write(folder / "low.flac", tones(LOW_HZ).sum(axis=0, keepdims=True), "mono", "-c:a flac")
    # Phases at random: in phase, so many tones would add up to one click.
    phases = np.random.default_rng(4).uniform(0, 2 * np.pi, (2, len(LEFT_HZ)))
    seconds = np.arange(3 * SONG_SEC * RATE_HZ) / RATE_HZ
    sides = [
        sum(0.04 * np.cos(2 * np.pi * hz * seconds + phase) for hz, phase in zip(lines, own, strict=True))
        for lines, own in zip((LEFT_HZ, RIGHT_HZ), phases, strict=True)
    ]
    write(folder / "sides.flac", np.array(sides), "stereo", "-c:a flac")
    own = np.random.default_rng(5).uniform(0, 2 * np.pi, len(TRIM_HZ))
    lines = [0.02 * np.cos(2 * np.pi * hz * seconds + phase) for hz, phase in zip(TRIM_HZ, own, strict=True)]
    write(folder / "lines.flac", np.sum(lines, axis=0, keepdims=True), "mono", "-c:a flac")
    return folder


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def ask(request: pytest.FixtureRequest, folder: Path) -> Iterator[Ask]:
    """Asks the page, open in this engine, about one file."""
    with open_page(folder, "role-page", "rolePage", request.param) as page:

        def examine(file: str, roles: list[str], tones_hz: tuple[int, ...]) -> tuple[list[str], Found]:
            question = {"file": file, "roles": roles, "tonesHz": tones_hz, "tempo": 100}
            answer = page.evaluate(EXAMINE, question)
            return answer["names"], {
                role: [[complex(*tone) for tone in channel] for channel in channels]
                for role, channels in answer["found"].items()
            }

        yield examine


def level_db(tone: complex) -> float:
    return 20 * math.log10(abs(tone) / AMPLITUDE + 1e-9)


def wanted_db(channels: int) -> tuple[list[float | None], list[float | None]]:
    """Of each tone in left and in right; None: nothing of it."""
    surrounds = range(BACK_LEFT, channels)
    left: list[float | None] = [
        0.0,
        None,
        HALF_DB,
        None,
        *(None if each % 2 else HALF_DB for each in surrounds),
    ]
    right: list[float | None] = [
        None,
        0.0,
        HALF_DB,
        None,
        *(HALF_DB if each % 2 else None for each in surrounds),
    ]
    return left, right


def assert_mixed(sides: list[list[complex]], recipe: Recipe) -> None:
    for heard, wanted in zip(sides, wanted_db(recipe.channels), strict=True):
        for tone, level in zip(heard, wanted, strict=True):
            if level is None:
                assert level_db(tone) < recipe.floor_db
            else:
                assert level_db(tone) == pytest.approx(level, abs=recipe.tolerance_db)


@pytest.mark.parametrize("name", RECIPES)
def test_each_channel_goes_where_it_goes_and_can_be_played_by_itself(ask: Ask, name: str) -> None:
    """[P35] [P87] Centre and surrounds at -3.0 dB; roles taken one after the other of a song that is open."""
    recipe = RECIPES[name]
    of_six = ["front-left", "front-right", "centre", "lfe", "surround-left", "surround-right"]
    roles = of_six if recipe.channels == 6 else [*of_six[:4], "back-left", "back-right", *of_six[4:]]
    names, found = ask(file_name(name), ["all", *roles], TONES_HZ[: recipe.channels])
    mixed = [[round(level_db(tone), 2) for tone in side] for side in found["all"]]
    print(f"\n{name}: {names}: {mixed}")
    assert len(names) == recipe.channels
    assert_mixed(found["all"], recipe)
    for own, role in enumerate(roles):
        [heard] = found[role]
        for at, tone in enumerate(heard):
            if at == own:
                # Vorbis codes the lowest channel coarsely.
                tolerance_db = 2 if role == "lfe" and recipe.is_lossy else recipe.tolerance_db
                assert level_db(tone) == pytest.approx(0, abs=tolerance_db), role
            else:
                assert level_db(tone) < recipe.floor_db, role


@pytest.mark.parametrize("name", RECIPES)
def test_the_headless_peer_mixes_alike(folder: Path, name: str) -> None:
    """[P35]"""
    recipe = RECIPES[name]
    song = decode_file(folder / file_name(name))
    lane = Lane(song, 0.0, SONG_SEC)
    heard = lane.read(FROM_SEC + np.arange(RATE_HZ) / RATE_HZ)
    assert heard is not None
    turns = np.exp(-2j * np.pi * np.outer(TONES_HZ[: recipe.channels], np.arange(RATE_HZ) / RATE_HZ))
    assert_mixed([list(2 * turns @ side / RATE_HZ) for side in heard.astype(np.float64)], recipe)


def test_low_is_as_designed_and_no_later_than_all(ask: Ask) -> None:
    """[P88]"""
    _, found = ask("low.flac", ["all", "low", "without-low"], LOW_HZ)
    [whole], [low], [rest] = found["all"], found["low"], found["without-low"]
    weights = low_weights(RATE_HZ)
    distances = np.arange(len(weights)) - (len(weights) // 2 - 1)
    for at, hz in enumerate(LOW_HZ):
        design = float(weights @ np.cos(2 * np.pi * hz * distances / RATE_HZ))
        if abs(design) > 1e-2:
            assert level_db(low[at]) == pytest.approx(20 * math.log10(abs(design)), abs=1)
        delay_sec = cmath.phase(whole[at] / low[at]) / (2 * math.pi * hz) if hz <= 140 else 0.0
        levels = f"{level_db(low[at]):.3f} dB, rest {level_db(rest[at]):.2f} dB"
        print(f"\n{hz} Hz: {levels}, {delay_sec * 1e3:.6f} ms")
        assert abs(delay_sec) < MAX_DELAY_SEC
        assert abs(low[at] + rest[at] - whole[at]) < 10 ** (-90 / 20) * AMPLITUDE


@pytest.mark.rig
@pytest.mark.long
def test_two_devices_are_left_and_right(folder: Path, tmp_path: Path) -> None:
    """[P87] [P90] Each plays its side and nothing of the other's; bo then becomes left while it plays."""
    with (
        serve_folder(folder) as address,
        SpeakerRig(2, priority=True) as rig,
        Fleet(f"{address}/role-page.html") as fleet,
    ):
        devices = [fleet.chromium(name, rig.env(number)) for number, name in enumerate(("ada", "bo"))]
        for device in devices:
            device.open()
            device.page.wait_for_function("window.rolePage !== undefined")
        rig.record(tmp_path / "room.f32")
        start_wall_ms = time.time() * 1000 + 3_000
        for device, role in zip(devices, ("left", "right"), strict=True):
            device.page.evaluate(
                "([role, startMs]) => rolePage.play('sides.flac', role, startMs)", [role, start_wall_ms]
            )
        fleet.give_sound_priority()

        def listen(seconds: float) -> float:
            until_sec = rig.recorded_sec() + seconds
            while rig.recorded_sec() < until_sec:
                devices[0].page.wait_for_timeout(50)
            return until_sec

        for device in devices:
            device.page.wait_for_function("rolePage.read().state === 'playing'")
        first_sec = listen(2.5)
        changed_sec = listen(4.5)
        devices[1].page.evaluate("rolePage.setRole('left')")
        second_sec = listen(2.0)
        listen(4.5)
        recording = rig.stop_recording()

    sides = decode_file(folder / "sides.flac").channels
    for speaker, side, from_sec in (
        (0, 0, first_sec),
        (1, 1, first_sec),
        (0, 0, second_sec),
        (1, 0, second_sec),
    ):
        at = round(from_sec * RIG_RATE_HZ)
        part = recording[at : at + 4 * RIG_RATE_HZ, speaker]
        tracks = track(part[:, np.newaxis], np.ascontiguousarray(sides[side]))
        likeness = float(np.nanmedian(tracks.correlation[:, 0]))
        other_db = other_side_db(part, side)
        print(f"\nspeaker {speaker} from {from_sec:.1f} s: {likeness:.5f}, the other {other_db:.1f} dB")
        assert likeness >= 0.99
        assert other_db <= -60
    assert changed_sec < second_sec


@pytest.mark.rig
@pytest.mark.long
def test_a_trim_is_heard_as_designed(folder: Path, tmp_path: Path) -> None:
    """[P91] At the loudspeaker, against the same page without: a gain of 6 dB, shelves of bass and treble."""
    flat = {"gainDb": 0, "bassDb": 0, "trebleDb": 0}
    trims = [flat, {**flat, "gainDb": 6}, {**flat, "bassDb": 6}, {**flat, "bassDb": -4, "trebleDb": 5}]
    parts = []
    with (
        serve_folder(folder) as address,
        SpeakerRig(1, priority=True) as rig,
        Fleet(f"{address}/role-page.html") as fleet,
    ):
        ada = fleet.chromium("ada", rig.env(0))
        ada.open()
        ada.page.wait_for_function("window.rolePage !== undefined")
        rig.record(tmp_path / "room.f32")
        ada.page.evaluate("(startMs) => rolePage.play('lines.flac', 'all', startMs)", time.time() * 1000)
        fleet.give_sound_priority()
        ada.page.wait_for_function("rolePage.read().state === 'playing'")
        for trim in trims:
            ada.page.evaluate("(trim) => rolePage.setTrim(trim)", trim)
            until_sec = rig.recorded_sec() + 4.0
            while rig.recorded_sec() < until_sec:
                ada.page.wait_for_timeout(50)
            parts.append(until_sec)
        recording = rig.stop_recording()[:, 0]

    # The last three seconds of each: by then what was queued has sounded.
    plain, *trimmed = (
        lines_db(recording[round((sec - 3) * RIG_RATE_HZ) : round(sec * RIG_RATE_HZ)]) for sec in parts
    )
    for trim, heard in zip(trims[1:], trimmed, strict=True):
        found = {hz: round(heard[hz] - plain[hz], 2) for hz in TRIM_HZ}
        print(f"\n{trim}: {found}")
        for hz in TRIM_HZ:
            low_db = shelf_db(hz, BASS_SHELF_HZ, trim["bassDb"])
            high_db = shelf_db(-hz, -TREBLE_SHELF_HZ, trim["trebleDb"])
            assert found[hz] == pytest.approx(trim["gainDb"] + low_db + high_db, abs=0.2), hz


def lines_db(part: NDArray[np.float32]) -> dict[int, float]:
    """How loud each line is: the median of windows of half a second, as an underrun widens the spectrum."""
    windows = part[: len(part) // (RIG_RATE_HZ // 2) * (RIG_RATE_HZ // 2)].reshape(-1, RIG_RATE_HZ // 2)
    powers = np.abs(np.fft.rfft(windows * np.kaiser(RIG_RATE_HZ // 2, 14), axis=1)) ** 2
    return {hz: float(np.median([10 * math.log10(near(power, (hz,))) for power in powers])) for hz in TRIM_HZ}


def shelf_db(hz: float, shelf_hz: float, gain_db: float) -> float:
    """Of a low shelf as the Web Audio API defines it; of a high shelf with both frequencies below zero."""
    is_low = 1 if shelf_hz > 0 else -1
    turn = 2 * math.pi * abs(shelf_hz) / RATE_HZ
    gain, cosine = 10 ** (gain_db / 40), is_low * math.cos(turn)
    slope = math.sin(turn) * math.sqrt(2 * gain)  # for a slope S of 1
    more, less = (gain + 1), (gain - 1)
    above = [more - less * cosine + slope, 2 * is_low * (less - more * cosine), more - less * cosine - slope]
    below = [more + less * cosine + slope, -2 * is_low * (less + more * cosine), more + less * cosine - slope]
    delay = cmath.exp(-2j * math.pi * abs(hz) / RATE_HZ)
    ratio = gain * np.polyval(above[::-1], delay) / np.polyval(below[::-1], delay)
    return 20 * math.log10(abs(ratio))


def other_side_db(part: NDArray[np.float32], side: int) -> float:
    """How much of the other side's lines there is beside one's own: the median of windows of half a second,
    as an underrun of the host's is wide in the spectrum.
    """
    levels = []
    for window in part.reshape(-1, RIG_RATE_HZ // 2):
        power = np.abs(np.fft.rfft(window * np.kaiser(len(window), 20))) ** 2
        own, other = ((LEFT_HZ, RIGHT_HZ), (RIGHT_HZ, LEFT_HZ))[side]
        levels.append(10 * math.log10(float(near(power, other) / near(power, own)) + 1e-30))
    return float(np.median(levels))


def near(power: NDArray[np.float64], lines_hz: tuple[int, ...]) -> float:
    """Within 12 Hz of the lines; a bin is 2 Hz."""
    return float(sum(power[hz // 2 - 6 : hz // 2 + 7].sum() for hz in lines_hz))
