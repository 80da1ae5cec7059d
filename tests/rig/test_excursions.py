"""Excursions in delays made by hand: what is put in must come out, and an offset that stays is none."""

import numpy as np
import pytest

from lab.rig.excursions import find_excursions
from lab.rig.tracking import WINDOW_SEC, Floats, Tracks

WINDOWS = 400  # 20 s
OFFSETS_MS = (0.0, 0.1, -6.0, 0.05)  # the third one sits off all the time, as an engine may


def tracks_of(delay_ms: Floats) -> Tracks:
    at_sec = np.asarray((np.arange(len(delay_ms)) + 0.5) * WINDOW_SEC, dtype=np.float64)
    return Tracks(at_sec, delay_ms, np.ones_like(delay_ms), np.ones(delay_ms.shape, dtype=np.bool_))


def steady() -> Floats:
    noise = np.random.default_rng(1).normal(0, 0.05, (WINDOWS, len(OFFSETS_MS)))
    return np.asarray(1000 + np.array(OFFSETS_MS) + noise, dtype=np.float64)


def test_devices_that_keep_their_places_have_none() -> None:
    assert find_excursions(tracks_of(steady()), 0, 20) == []


def test_a_step_that_is_slewed_away_is_timed() -> None:
    """12 ms late at 10 s, standing for 1 s, then back at 6 ms/s: within 1 ms after 11 / 6 s more."""
    delay_ms = steady()
    since_sec = np.arange(WINDOWS) * WINDOW_SEC - 10
    step = np.where(since_sec >= 0, np.clip(12 - 6 * (since_sec - 1), 0, 12), 0)
    delay_ms[:, 1] += step
    [found] = find_excursions(tracks_of(delay_ms), 0, 20)
    assert found.device == 1
    assert found.size_ms == pytest.approx(12, abs=0.2)
    assert found.farthest_ms == pytest.approx(12, abs=0.3)
    assert found.at_sec == pytest.approx(10, abs=WINDOW_SEC)
    assert found.noticed_after_sec == pytest.approx(1.1, abs=2 * WINDOW_SEC)
    assert found.repaired_after_sec == pytest.approx(1 + 11 / 6, abs=2 * WINDOW_SEC)


def test_a_device_that_stays_out_is_never_repaired() -> None:
    delay_ms = steady()
    delay_ms[200:, 0] -= 10
    [found] = find_excursions(tracks_of(delay_ms), 0, 20)
    assert found.size_ms == pytest.approx(-10, abs=0.3)
    assert (found.noticed_after_sec, found.repaired_after_sec) == (None, None)


def test_sound_that_is_not_the_song_is_out_of_place() -> None:
    delay_ms = steady()
    delay_ms[200:210, 3] = np.nan
    [found] = find_excursions(tracks_of(delay_ms), 0, 20)
    assert (found.device, found.size_ms) == (3, None)
    assert found.repaired_after_sec == pytest.approx(0.5, abs=WINDOW_SEC)
