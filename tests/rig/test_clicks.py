"""The click finder on breaks made by hand: what is a click, and what is a fade, a bend or an underrun."""

import numpy as np
import pytest

from lab.rig.clicks import count_underruns, find_clicks, find_underruns
from lab.rig.song import make_music
from lab.rig.tracking import RIG_RATE_HZ, Floats, Signal

SEC = 4.0
BREAK = round(2 * RIG_RATE_HZ)
FADE = round(0.02 * RIG_RATE_HZ)


def sweep(position: Floats) -> Signal:
    """A sine that glides from 300 Hz upwards, at these positions in frames."""
    sec = position / RIG_RATE_HZ
    return np.asarray(0.5 * np.sin(2 * np.pi * (300 * sec + 5 * sec**2)), dtype=np.float32)


def whole() -> Floats:
    return np.arange(round(SEC * RIG_RATE_HZ), dtype=np.float64)


def at_zero_crossing(samples: Signal, near: int) -> int:
    """The steepest place: a sine hardly steps at its crest."""
    return near + int(np.argmin(np.abs(samples[near : near + 200])))


def found_at(samples: Signal) -> list[float]:
    return [round(click.at_sec, 2) for click in find_clicks(samples, 0.1, SEC - 0.1)]


def test_an_undisturbed_sine_has_none() -> None:
    assert found_at(sweep(whole())) == []


@pytest.mark.parametrize("frames", [1, -1, 480])
def test_a_sample_left_out_or_played_twice_is_one_click(frames: int) -> None:
    clean = sweep(whole())
    at = at_zero_crossing(clean, BREAK)
    position = whole()
    position[at:] += frames
    assert found_at(sweep(position)) == [round(at / RIG_RATE_HZ, 2)]


def test_a_wrong_sample_is_one_click() -> None:
    samples = sweep(whole())
    samples[BREAK] += 0.02
    assert found_at(samples) == [2.0]


@pytest.mark.parametrize("jump", [24, 480, 5760])
def test_a_crossfade_of_20_ms_is_none(jump: int) -> None:
    before, after = sweep(whole()), sweep(whole() + jump)
    angle = np.pi / 2 * np.clip((whole() - BREAK + 0.5) / FADE, 0, 1)
    assert found_at(np.asarray(before * np.cos(angle) + after * np.sin(angle), dtype=np.float32)) == []


def test_fading_in_and_out_is_none() -> None:
    gain = np.sin(np.pi / 2 * np.clip((whole() - BREAK) / FADE, 0, 1))
    entering = np.asarray(sweep(whole()) * gain, dtype=np.float32)
    assert found_at(entering) == []
    assert found_at(entering[::-1].copy()) == []


def test_bending_the_rate_by_a_slew_is_none() -> None:
    position = whole()
    position[BREAK:] = BREAK + (position[BREAK:] - BREAK) * (1 + 2e-3)
    assert found_at(sweep(position)) == []


def test_an_underrun_of_the_host_is_told_apart() -> None:
    samples = sweep(whole())
    samples[BREAK : BREAK + FADE] = 0
    assert found_at(samples) == []
    assert count_underruns(samples, 0.1, SEC - 0.1) == 1
    assert find_underruns(samples, 0.1, SEC - 0.1) == [pytest.approx(2.0, abs=0.002)]
    assert count_underruns(sweep(whole()), 0.1, SEC - 0.1) == 0


def test_a_stop_without_a_fade_is_one_click() -> None:
    samples = sweep(whole())
    samples[BREAK:] = 0
    assert found_at(samples) == [2.0]


def test_in_music_only_what_the_song_does_not_have_counts() -> None:
    music = make_music(SEC, seed=5, rate_hz=RIG_RATE_HZ)[:, 0].copy()
    later = np.asarray(0.7 * np.roll(music, 20), dtype=np.float32)
    assert find_clicks(later, 0.1, SEC - 0.1, music) == []
    assert find_clicks(later, 0.1, SEC - 0.1) != []
    later[BREAK] = 1.5
    assert [round(click.at_sec, 2) for click in find_clicks(later, 0.1, SEC - 0.1, music)] == [2.0]
