"""The tracker against recordings whose truth is known: made from music by exact fractional delays."""

import numpy as np
import pytest

from lab.rig.analysis import find_gaps, silence_after_ms, summarise
from lab.rig.song import make_music
from lab.rig.tracking import RIG_RATE_HZ, Signal, track

SONG = make_music(14.0, seed=11, rate_hz=RIG_RATE_HZ).mean(axis=1)
OTHER_SONG = make_music(14.0, seed=12, rate_hz=RIG_RATE_HZ).mean(axis=1)


def later(samples: Signal, delay_ms: float) -> Signal:
    """The samples, later by any fraction of a sample: exact for band-limited sound."""
    padded = np.pad(samples, (0, RIG_RATE_HZ // 2)).astype(np.float64)
    turns = np.exp(-2j * np.pi * np.fft.rfftfreq(len(padded), 1 / RIG_RATE_HZ) * delay_ms / 1000)
    return np.fft.irfft(np.fft.rfft(padded) * turns, len(padded))[: len(samples)].astype(np.float32)


def at_rate_ppm(samples: Signal, faster_ppm: float) -> Signal:
    """Played faster by so many ppm: delays in steps of one frame's block, each of them exact."""
    block = RIG_RATE_HZ // 10
    frames = (np.arange(len(samples)) * (1 + faster_ppm * 1e-6))[::block]
    pieces = [
        later(
            samples[max(index * block - 2400, 0) : index * block + block + 2400],
            -(frame - index * block) / 48,
        )
        for index, frame in enumerate(frames)
    ]
    return np.concatenate([piece[min(index * block, 2400) :][:block] for index, piece in enumerate(pieces)])


def room(*columns: Signal) -> Signal:
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("delay_ms", [0.0, 0.005, 0.37, 1.234, 37.25, 412.011])
def test_a_delay_of_any_fraction_of_a_sample_is_found_to_two_microseconds(delay_ms: float) -> None:
    tracks = track(room(SONG, later(SONG, delay_ms)), SONG)
    inside = slice(20, -20)
    found_ms = (tracks.delay_ms[:, 1] - tracks.delay_ms[:, 0])[inside]
    assert np.max(np.abs(found_ms - delay_ms)) < 0.002
    assert tracks.correlation[inside].min() > 0.95


def test_positive_means_later() -> None:
    tracks = track(room(SONG, later(SONG, 5.0)), SONG)
    assert np.nanmedian(tracks.delay_ms[:, 1]) > np.nanmedian(tracks.delay_ms[:, 0])


def test_a_recording_that_starts_in_the_middle_of_the_song_is_placed_there() -> None:
    tracks = track(room(SONG[6 * RIG_RATE_HZ :]), SONG)
    assert np.nanmedian(tracks.delay_ms) == pytest.approx(-6000.0, abs=0.002)
    assert not np.isnan(tracks.delay_ms).any()


def test_volume_noise_and_room_do_not_move_the_figure() -> None:
    random = np.random.default_rng(3)
    quiet = 0.05 * later(SONG, 2.5) + random.normal(0, 0.0005, len(SONG)).astype(np.float32)
    fading = later(SONG, 1.25) * np.linspace(1, 0.2, len(SONG), dtype=np.float32)
    tracks = track(room(SONG, quiet, fading), SONG)
    relative_ms = np.nanmedian(tracks.delay_ms - tracks.delay_ms[:, :1], axis=0)
    assert relative_ms == pytest.approx([0, 2.5, 1.25], abs=0.01)
    assert not tracks.is_uncorrelated[5:-5].any()


def test_a_rate_that_is_off_by_200_ppm_is_followed_window_by_window() -> None:
    tracks = track(room(SONG, at_rate_ppm(SONG, 200)), SONG)
    inside = slice(20, -40)
    drift_ms = (tracks.delay_ms[:, 1] - tracks.delay_ms[:, 0])[inside]
    slope_ppm = np.polyfit(tracks.at_sec[inside], drift_ms * 1000, 1)[0]
    assert slope_ppm == pytest.approx(-200, abs=1)


def test_a_step_of_position_is_found_again_in_the_next_window() -> None:
    half = len(SONG) // 2
    stepped = np.concatenate((SONG[:half], SONG[half - 960 : -960]))  # 20 ms later from here on
    tracks = track(room(SONG, stepped), SONG)
    assert np.isnan(tracks.delay_ms[:, 1]).sum() <= 2
    gaps = find_gaps(room(SONG, stepped), SONG, tracks, 0.5, 13.0)
    assert [(gap.device, gap.kind, round(gap.length_ms, 1)) for gap in gaps] == [(1, "jump", 20.0)]
    assert gaps[0].at_sec == pytest.approx(7.0, abs=0.1)


def test_a_leap_across_the_song_is_found_again_and_the_windows_before_the_search_with_it() -> None:
    cut = round(4.37 * RIG_RATE_HZ)
    leap = np.concatenate((SONG[:cut], SONG[cut + 3 * RIG_RATE_HZ :]))
    tracks = track(room(leap), SONG)
    assert np.isnan(tracks.delay_ms).sum() <= 2
    assert tracks.delay_ms[-10, 0] == pytest.approx(-3000, abs=0.01)


@pytest.mark.parametrize(
    ("stood_at", "begins_late_ms"),
    [
        ([(0.0, 7.5), (0.8, 0.0)], 0.0),  # its output stood still before the first note, and is put right
        ([(0.0, 0.1), (0.06, 37.0), (0.75, 0.5)], 0.0),  # and at it
        ([(0.0, 0.1), (1.15, 3.6), (1.4, 0.6)], 50.0),
        ([(0.0, 0.1), (0.3, 20.0), (0.6, 5.0), (0.9, 30.0), (1.2, 0.0)], 30.0),
    ],
)
def test_a_device_that_steps_in_its_first_second_is_followed_from_the_first_window(
    stood_at: list[tuple[float, float]], begins_late_ms: float
) -> None:
    """`stood_at`: from which second of the song it was how much later, ms."""
    silence = np.zeros((RIG_RATE_HZ // 2, 2), dtype=np.float32)
    stumbling = SONG.copy()
    for from_sec, delay_ms in stood_at:
        first = round(from_sec * RIG_RATE_HZ)
        stumbling[first:] = later(SONG, delay_ms)[first:]
    stumbling[: round(begins_late_ms * RIG_RATE_HZ / 1000)] = 0
    tracks = track(np.concatenate((silence, room(SONG, stumbling))), SONG)
    relative_ms = (tracks.delay_ms[:, 1] - tracks.delay_ms[:, 0])[11:30]
    found_ms = relative_ms[~np.isnan(relative_ms)]
    # A window that holds a step, or the beginning, may be neither.
    assert len(relative_ms) - len(found_ms) <= len(stood_at)
    stood_ms = np.array([delay_ms for _, delay_ms in stood_at])
    assert np.abs(found_ms[:, None] - stood_ms).min(axis=1).max() < 0.05


def test_a_device_that_plays_something_else_is_uncorrelated_and_a_mute_one_is_silent() -> None:
    recording = room(SONG, later(SONG, 0.5), OTHER_SONG, np.zeros_like(SONG))
    tracks = track(recording, SONG)
    assert tracks.is_uncorrelated[:, 2].mean() > 0.98
    assert np.isnan(tracks.delay_ms[:, 3]).all()
    assert not tracks.is_loud[:, 3].any()
    with pytest.raises(ValueError, match="every device in the song"):
        summarise(tracks, 0, 10)
    of_the_good = summarise(tracks, 0, 10, devices=[0, 1])
    assert of_the_good.max_ms == pytest.approx(0.5, abs=0.01)
    assert of_the_good.uncorrelated_windows == 0


def test_white_noise_is_not_mistaken_for_the_song() -> None:
    noise = np.random.default_rng(5).normal(0, 0.2, len(SONG)).astype(np.float32)
    tracks = track(room(noise), SONG)
    assert np.isnan(tracks.delay_ms).all()
    assert tracks.correlation.max() < 0.7


def test_in_a_song_of_equal_bars_all_devices_are_placed_in_the_same_bar() -> None:
    bar = SONG[: 2 * RIG_RATE_HZ]
    loop = np.tile(bar, 7)
    recording = room(loop, later(loop, 3.0), later(loop, 1.0))[3 * RIG_RATE_HZ : 11 * RIG_RATE_HZ]
    tracks = track(recording, loop)
    assert np.nanmax(np.ptp(tracks.delay_ms, axis=1)) == pytest.approx(3.0, abs=0.01)


def test_one_device_can_be_measured_against_another_instead_of_the_song() -> None:
    tracks = track(room(later(SONG, 4.5)), later(SONG, 1.0))
    assert np.nanmedian(tracks.delay_ms) == pytest.approx(3.5, abs=0.002)


def test_a_hole_of_ten_milliseconds_is_a_gap_and_a_pause_in_the_song_is_not() -> None:
    song = SONG.copy()
    song[3 * RIG_RATE_HZ : 3 * RIG_RATE_HZ + 24000] = 0
    holed = later(song, 0.8)
    holed[8 * RIG_RATE_HZ : 8 * RIG_RATE_HZ + 480] = 0
    recording = room(song, holed)
    gaps = find_gaps(recording, song, track(recording, song), 0.5, 13.0)
    assert [(gap.device, gap.kind) for gap in gaps] == [(1, "silence")]
    assert gaps[0].at_sec == pytest.approx(8.0, abs=0.003)
    assert gaps[0].length_ms == pytest.approx(10, abs=2.1)


def test_a_change_of_volume_is_not_a_gap() -> None:
    quieter = SONG.copy()
    quieter[7 * RIG_RATE_HZ :] *= 0.1
    recording = room(SONG, quieter)
    assert find_gaps(recording, SONG, track(recording, SONG), 0.5, 13.0) == []


def test_the_time_to_silence_after_stop_is_read_from_the_recording() -> None:
    stopped = SONG.copy()
    stopped[round(5.25 * RIG_RATE_HZ) :] = 0
    recording = room(SONG, stopped, np.zeros_like(SONG))
    assert silence_after_ms(recording, 1, at_sec=5.0) == pytest.approx(250, abs=4)
    assert silence_after_ms(recording, 2, at_sec=5.0) == 0
    assert silence_after_ms(recording, 0, at_sec=5.0) == float("inf")
