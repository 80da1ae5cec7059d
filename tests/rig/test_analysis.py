"""The figures, from tracks written by hand: what counts, what is left out, and that leaving out is said."""

import numpy as np
import pytest

from lab.rig.analysis import (
    delay_shift_ms,
    first_song_sec,
    first_sound_sec,
    per_second_ms,
    relative_delays_ms,
    song_correlation,
    summarise,
    window_spread_ms,
)
from lab.rig.tracking import WINDOW_SEC, Floats, Tracks


def tracks_of(delay_ms: Floats) -> Tracks:
    """All windows with sound; NaN means uncorrelated."""
    at_sec = np.asarray((np.arange(len(delay_ms)) + 0.5) * WINDOW_SEC, dtype=np.float64)
    correlation = np.where(np.isnan(delay_ms), 0.2, 0.98)
    return Tracks(at_sec, delay_ms, correlation, np.ones(delay_ms.shape, dtype=bool))


def steady(seconds: int, *offsets_ms: float) -> Floats:
    return np.tile(np.array(offsets_ms, dtype=np.float64), (20 * seconds, 1))


def test_spread_is_the_latest_minus_the_earliest_device() -> None:
    tracks = tracks_of(steady(10, 100.0, 100.4, 99.9))
    summary = summarise(tracks, 0, 10)
    assert summary.median_ms == pytest.approx(0.5)
    assert summary.max_ms == pytest.approx(0.5)
    assert (summary.seconds, summary.incomplete_seconds, summary.uncorrelated_windows) == (10, 0, 0)
    assert window_spread_ms(tracks) == pytest.approx(0.5)


def test_one_bad_second_is_the_maximum_and_not_the_median() -> None:
    delays = steady(10, 0.0, 0.1)
    delays[60:80, 1] = 9.0
    summary = summarise(tracks_of(delays), 0, 10)
    assert summary.median_ms == pytest.approx(0.1)
    assert summary.max_ms == pytest.approx(9.0)


def test_a_single_wild_window_does_not_move_its_second() -> None:
    delays = steady(10, 0.0, 0.1)
    delays[65, 1] = 50.0
    assert summarise(tracks_of(delays), 0, 10).max_ms == pytest.approx(0.1)


def test_a_drift_common_to_all_devices_is_no_spread() -> None:
    delays = steady(10, 0.0, 0.1, 0.2) + np.linspace(0, 30, 200)[:, None]
    delays[::3, 2] = np.nan
    assert summarise(tracks_of(delays), 0, 10).max_ms == pytest.approx(0.2, abs=1e-9)


def test_a_second_that_lacks_a_device_is_left_out_and_counted() -> None:
    delays = steady(10, 0.0, 0.1)
    delays[20:40, 1] = np.nan
    summary = summarise(tracks_of(delays), 0, 10)
    assert (summary.seconds, summary.incomplete_seconds, summary.uncorrelated_windows) == (9, 1, 20)
    assert "1 s incomplete, 20 windows uncorrelated" in str(summary)


def test_a_range_counts_from_the_first_sound_and_takes_whole_seconds_only() -> None:
    delays = steady(10, 0.0, 0.1)
    delays[:60] = np.nan
    quiet_start = tracks_of(delays)
    loud = quiet_start.is_loud.copy()
    loud[:60] = False
    tracks = Tracks(quiet_start.at_sec, delays, quiet_start.correlation, loud)
    assert first_sound_sec(tracks) == pytest.approx(3.0)
    starts, medians = per_second_ms(tracks, 3.0)
    assert starts[0] == pytest.approx(3.0)
    assert not np.isnan(medians[0]).any()
    assert summarise(tracks, 0, 60).seconds == 7
    assert summarise(tracks, 0, 1).seconds == 1
    with pytest.raises(ValueError, match="no second between 15 and 60"):
        summarise(tracks, 15, 60)


def test_a_room_without_any_sound_has_no_figure() -> None:
    tracks = tracks_of(np.full((40, 2), np.nan))
    silent = Tracks(tracks.at_sec, tracks.delay_ms, tracks.correlation, np.zeros((40, 2), dtype=bool))
    with pytest.raises(ValueError, match="no device made a sound"):
        summarise(silent, 0, 2)


@pytest.mark.parametrize("devices", [2, 3, 4])
def test_a_shift_of_one_device_is_its_own_whole_shift_for_any_number_of_devices(devices: int) -> None:
    delays = steady(10, *np.linspace(0, 0.3, devices))
    delays[100:, 0] -= 120.0
    tracks = tracks_of(delays)
    assert delay_shift_ms(tracks, 0, (0, 5), (5, 10)) == pytest.approx(-120.0)
    assert delay_shift_ms(tracks, 0, (0, 2), (2, 4)) == pytest.approx(0.0)


def test_a_shift_between_moments_without_the_song_is_an_error_not_a_number() -> None:
    delays = steady(10, 0.0, 0.1)
    delays[100:, 0] = np.nan
    with pytest.raises(ValueError, match="not in the song"):
        delay_shift_ms(tracks_of(delays), 0, (0, 5), (5, 10))


def test_relative_delays_are_against_the_median_device() -> None:
    relative = relative_delays_ms(tracks_of(steady(1, 5.0, 5.2, 9.0)))
    assert relative[0] == pytest.approx([-0.2, 0.0, 3.8])


def test_correlation_with_the_song_counts_lost_windows_as_they_are() -> None:
    delays = steady(10, 0.0, 0.1)
    delays[0:150, 1] = np.nan
    tracks = tracks_of(delays)
    assert song_correlation(tracks, 0, 0, 10) == pytest.approx(0.98)
    assert song_correlation(tracks, 1, 0, 10) == pytest.approx(0.2)


def test_a_chime_is_a_sound_and_not_the_song() -> None:
    delays = steady(10, 0.0, 0.1)
    delays[:60, 1] = np.nan
    tracks = tracks_of(delays)
    assert first_sound_sec(tracks, 1) == pytest.approx(0.0)
    assert first_song_sec(tracks, 1) == pytest.approx(3.0)
    delays[:, 0] = np.nan
    assert np.isnan(first_song_sec(tracks_of(delays), 0))
