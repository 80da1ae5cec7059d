"""The loudspeaker bench's arithmetic on delays made by hand."""

import numpy as np
import pytest

from bench.chaos import storm
from bench.fidelity import fit_tone
from bench.honesty import Said, in_words, judge
from bench.scenarios import SCENARIOS
from bench.speaker_figures import beginnings_sec, measure, raw
from lab.rig.tracking import WINDOW_SEC, Floats, Tracks

PER_SEC = round(1 / WINDOW_SEC)


def heard(delay_ms: Floats, is_silent: np.typing.NDArray[np.bool_]) -> Tracks:
    """Silent windows have no delay."""
    at_sec = np.asarray((np.arange(len(delay_ms)) + 0.5) * WINDOW_SEC, dtype=np.float64)
    return Tracks(at_sec, np.where(is_silent, np.nan, delay_ms), np.ones_like(delay_ms), ~is_silent)


def test_each_play_after_a_pause_is_a_beginning_and_an_underrun_is_none() -> None:
    is_silent = np.zeros((30 * PER_SEC, 2), dtype=np.bool_)
    is_silent[: 2 * PER_SEC] = True
    is_silent[10 * PER_SEC : 12 * PER_SEC] = True
    is_silent[20 * PER_SEC : 20 * PER_SEC + 4] = True  # 0.2 s
    tracks = heard(np.zeros(is_silent.shape), is_silent)
    assert beginnings_sec(tracks, [0, 1]) == pytest.approx([2, 12])


def test_a_chime_is_no_beginning() -> None:
    is_silent = np.zeros((10 * PER_SEC, 1), dtype=np.bool_)
    is_silent[: 4 * PER_SEC] = True
    tracks = heard(np.zeros(is_silent.shape), is_silent)
    tracks.is_loud[PER_SEC : PER_SEC + 12] = True  # 0.6 s of what is not the song
    assert beginnings_sec(tracks, [0]) == pytest.approx([4])


def test_first_seconds_are_measured_at_every_start() -> None:
    """0.4 ms apart in the first second of the first start, 0.1 ms everywhere else."""
    delay_ms = np.tile([1000.0, 1000.1], (30 * PER_SEC, 1))
    delay_ms[2 * PER_SEC : 3 * PER_SEC, 1] = 1000.4
    is_silent = np.zeros(delay_ms.shape, dtype=np.bool_)
    is_silent[: 2 * PER_SEC] = is_silent[10 * PER_SEC : 12 * PER_SEC] = True
    figure = measure(heard(delay_ms, is_silent), SCENARIOS["starts"], {})["first second"]
    assert figure is not None
    assert figure["values_ms"] == pytest.approx([0.4, 0.1])


def test_a_late_joiner_is_measured_from_its_own_first_second() -> None:
    """It comes at 10 s, 3 ms off for a second, then 0.2 ms."""
    delay_ms = np.tile([1000.0, 1000.0, 1000.2], (30 * PER_SEC, 1))
    delay_ms[10 * PER_SEC : 11 * PER_SEC, 2] = 1003
    is_silent = np.zeros(delay_ms.shape, dtype=np.bool_)
    is_silent[: 10 * PER_SEC, 2] = True
    figures = measure(heard(delay_ms, is_silent), SCENARIOS["late"], {})
    first, then = figures["late joiner, first second"], figures["late joiner, 2nd to 6th"]
    assert first is not None
    assert then is not None
    assert first["values_ms"] == pytest.approx([3])
    assert then["values_ms"] == pytest.approx([0.2] * 5)


def test_a_stretch_that_holds_no_complete_second_has_no_figure() -> None:
    tracks = heard(np.zeros((5 * PER_SEC, 2)), np.zeros((5 * PER_SEC, 2), dtype=np.bool_))
    assert measure(tracks, SCENARIOS["quiet"], {})["settled 15-60 s"] is None


def test_raw_figures_keep_what_was_not_measured_as_such() -> None:
    delay_ms = np.tile([1000.0, 1000.5], (2 * PER_SEC, 1))
    delay_ms[3, 1] = np.nan
    kept = raw(heard(delay_ms, np.zeros(delay_ms.shape, dtype=np.bool_)))
    assert kept["window_spread_us"][2:5] == [500, None, 500]
    assert kept["second_us_by_device"] == [[-250, -250], [250, 250]]


@pytest.mark.parametrize("off_ppm", [0, 500, -700])
def test_a_tone_is_fitted_wherever_it_is_and_its_noise_is_what_was_added(off_ppm: float) -> None:
    at_sec = np.arange(2400) / 48_000
    tone = 0.5 * np.sin(2 * np.pi * 10_000 * (1 + off_ppm * 1e-6) * at_sec + 1)
    noise = np.random.default_rng(1).normal(0, 0.5 / np.sqrt(2) * 10 ** (-70 / 20), len(tone))
    snr_db, ppm = fit_tone(tone + noise)
    assert snr_db == pytest.approx(70, abs=0.5)
    assert ppm == pytest.approx(off_ppm, abs=1)


def test_a_page_that_says_what_it_is_off_by_is_honest_and_one_that_does_not_is_none() -> None:
    """Of four, one is 3 ms ahead and knows it, one is 2 ms late and does not; readings every half second."""
    at_sec = [10 + 0.05 * window for window in range(100)]
    off_ms = {"ada": 0.0, "bo": 3.0, "cy": -2.0, "di": 0.01}
    places: dict[str, list[float | None]] = {
        name: [at - 10 + off / 1000 for at in at_sec] for name, off in off_ms.items()
    }
    places["ada"][:20] = [None] * 20  # silent in the first second
    said_ms = {**off_ms, "cy": 0.1}
    said = {
        name: [Said(0.2 + 0.5 * reading, error_ms, 0.2) for reading in range(1, 9)]
        for name, error_ms in said_ms.items()
    }
    judged = judge(at_sec, places, said)
    assert {each.device for each in judged if not each.is_honest} == {"cy"}
    assert len([each for each in judged if each.device == "ada"]) == 7
    assert [each.unknown_ms for each in judged if each.device == "cy"] == pytest.approx([-2.1] * 8, abs=0.02)
    assert in_words(judged) == "within its uncertainty: from 0 s 14 of 19, from 3 s 9 of 12"


def test_of_two_devices_nobody_says_who_is_off() -> None:
    places = {"ada": [0.0, 0.5, 1.0], "bo": [0.1, 0.6, 1.1]}
    said = {name: [Said(0.5, 0.0, 0.1)] for name in places}
    assert judge([1.0, 1.5, 2.0], places, said) == []
    assert judge([1.0], {"ada": [None]}, {"ada": []}) == []


def test_a_storm_of_each_kind_runs_without_the_bundler() -> None:
    for depth in ("control", "whole", "drafts"):
        assert storm(depth, 5, 1)["failed"] == [], depth
