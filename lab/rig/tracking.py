"""Where each loudspeaker is in the song, read from one recording of all of them.

Clock: recording time, i.e. frames of the recording / its rate. Sign: a delay is positive when the device
sounds LATER; `recording[n] ~ song[n - delay]`, so a larger delay in ms is a later loudspeaker. Delays are
absolute against the song and large; only their differences between devices mean anything. Pure: knows no
PulseAudio, no browser, no wall clock.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft, signal

Signal = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RIG_RATE_HZ = 48_000
WINDOW_SEC = (
    0.05  # longer windows smear while a player corrects its rate, and print errors that never happened
)
LOW_PASS_HZ = 4_000  # above this, resamplers and MP3 differ; below it the ear and the correlation agree
FINE_RATE_HZ = 12_000  # 3 x the low pass: room for a filter skirt, and peaks smooth enough to interpolate
COARSE_RATE_HZ = 3_000  # the search over the whole song needs the neighbourhood only
MIN_CORRELATION = 0.7  # at the right place 0.95 and more; wrong places of broadband music stay below 0.5
MIN_COARSE_CORRELATION = 0.5  # a 2 s stretch may hold a cut, and then only half of it fits
PRE_EMPHASIS = (
    0.95  # bass has nearly all the energy and hardly a peak: tilting it away sharpens every correlation
)
SILENT_RMS = 10 ** (-55 / 20)  # below this a window holds no sound to measure
NEAR_SEC = 0.003  # between two windows an undisturbed player moves by microseconds
LOST_SEC = 0.1  # underruns and corrections step by 10-80 ms
LOST_CONTEXT_SEC = 0.25  # 50 ms of a held chord fit at many places within LOST_SEC; a quarter second does not
COARSE_STRETCH_SEC = 2.0
HINT_SEC = 0.5  # a device that starts or comes back is expected this near to where another one is
RETRY_SEC = 0.5  # while lost: how often the whole song is searched
_HALF_TAPS = 8
_FINER = 16
_KAISER_BETA = 6.0  # -63 dB of ripple: far below what the low pass leaves


@dataclass(frozen=True)
class Tracks:
    """Delays of all devices, one row per 50 ms window, one column per device.

    `at_sec` (W,): centre of each window, recording time. `delay_ms` (W, N): NaN where silent or uncorrelated.
    `correlation` (W, N): normalised, at the best place found; 0 where silent
    or where no search found the song at all. `is_loud` (W, N): there was sound.
    """

    at_sec: Floats
    delay_ms: Floats
    correlation: Floats
    is_loud: Bools

    @property
    def devices(self) -> int:
        return int(self.delay_ms.shape[1])

    @property
    def is_uncorrelated(self) -> Bools:
        """Windows with sound that is not the song."""
        return self.is_loud & np.isnan(self.delay_ms)


def track(recording: Signal, song: Signal, rate_hz: int = RIG_RATE_HZ) -> Tracks:
    """Follow every column of `recording` (frames, N) through the mono `song`, both at `rate_hz`.

    To compare two devices with each other instead of with the song, pass one's column as the song: the delay
    is then how much later the other one sounds.
    """
    if recording.ndim != 2:
        raise ValueError(f"the recording must be frames x devices, not {recording.shape}")
    reference = _Reference(_emphasised(_at_rate(song, rate_hz, FINE_RATE_HZ)))
    window = round(WINDOW_SEC * FINE_RATE_HZ)
    columns: list[_Column] = []
    # A stretch that occurs twice in the song fits two places: the first device decides, the others look there
    # first.
    known_delays: list[float] = []
    for device in range(recording.shape[1]):
        column = _Column(
            _at_rate(recording[:, device], rate_hz, FINE_RATE_HZ), reference, window, known_delays
        )
        column.follow()
        columns.append(column)
        if not np.all(np.isnan(column.delay)):
            delay = float(np.nanmedian(column.delay))
            # One hint covers its whole search range: a second one within it would only cost time.
            if all(abs(delay - known) > HINT_SEC / 2 * FINE_RATE_HZ for known in known_delays):
                known_delays.append(delay)
    count = min(len(column.delay) for column in columns)
    return Tracks(
        at_sec=np.asarray((np.arange(count) + 0.5) * WINDOW_SEC, dtype=np.float64),
        delay_ms=np.stack([column.delay[:count] for column in columns], axis=1) * 1000 / FINE_RATE_HZ,
        correlation=np.stack([column.correlation[:count] for column in columns], axis=1),
        is_loud=np.stack([column.is_loud[:count] for column in columns], axis=1),
    )


class _Reference:
    """The song at the fine and the coarse rate, with what every search needs of it computed once."""

    def __init__(self, fine: Floats) -> None:
        # Padded by one search range, so that windows at either end of the song are searched like any other.
        self.pad = round((LOST_SEC + HINT_SEC + COARSE_STRETCH_SEC) * FINE_RATE_HZ)
        self.fine = np.pad(fine, self.pad)
        self.energy = np.concatenate(([0.0], np.cumsum(self.fine**2)))
        coarse = _at_rate(fine, FINE_RATE_HZ, COARSE_RATE_HZ)
        self.stretch = round(COARSE_STRETCH_SEC * COARSE_RATE_HZ)
        self.coarse_length = len(coarse) + self.stretch
        self.size = fft.next_fast_len(len(coarse) + 2 * self.stretch, real=True)
        # A stretch of silence in front, so that a player still before the song's first frame can be found.
        padded = np.pad(coarse, (self.stretch, self.stretch))
        self.spectrum = fft.rfft(padded, self.size)
        energy = np.concatenate(([0.0], np.cumsum(padded**2)))
        self.coarse_energy = energy[self.stretch :] - energy[: -self.stretch]

    def correlate(self, piece: Floats, start: int, reach: int) -> tuple[int, Floats]:
        """Normalised correlation of `piece` with the song around `start` +- `reach` samples.

        Returns the song position of the first value, and the values; empty where the song does not reach.
        """
        first = max(start - reach + self.pad, 0)
        last = min(start + reach + self.pad, len(self.fine) - len(piece))
        if last < first:
            return 0, np.zeros(0)
        stretch = self.fine[first : last + len(piece)]
        if last - first < 200:
            products = np.lib.stride_tricks.sliding_window_view(stretch, len(piece)) @ piece
        else:
            products = signal.correlate(stretch, piece, mode="valid", method="fft")
        energy = self.energy[first + len(piece) : last + len(piece) + 1] - self.energy[first : last + 1]
        return first - self.pad, _normalised(products, energy, float(piece @ piece))

    def search_whole(self, piece: Floats) -> tuple[float, float]:
        """Where in the whole song a coarse stretch fits best: (position in coarse samples, correlation)."""
        spectrum = fft.rfft(piece[: self.stretch], self.size)
        products = fft.irfft(self.spectrum * np.conj(spectrum), self.size)[: self.coarse_length]
        values = _normalised(products, self.coarse_energy[: self.coarse_length], float(piece @ piece))
        best = int(np.argmax(values))
        return float(best - self.stretch), float(values[best])


class _Column:
    """One device: walks its windows in order, remembering the delay, in fine samples."""

    def __init__(
        self, samples: Floats, reference: _Reference, window: int, known_delays: list[float]
    ) -> None:
        self.samples = _emphasised(samples)
        self.reference = reference
        self.window = window
        self.known_delays = known_delays
        count = len(samples) // window
        self.delay = np.full(count, np.nan)
        self.correlation = np.zeros(count)
        blocks = samples[: count * window].reshape(count, window)
        self.is_loud = np.sqrt(np.mean(blocks**2, axis=1)) > SILENT_RMS
        self.coarse = _at_rate(self.samples, FINE_RATE_HZ, COARSE_RATE_HZ)

    def follow(self) -> None:
        last_delay: float | None = None
        next_search = 0
        for index in np.flatnonzero(self.is_loud).tolist():
            start = index * self.window
            if last_delay is not None and (
                self._measure(index, start, last_delay) or self._measure_after_step(index, start, last_delay)
            ):
                last_delay = float(self.delay[index])
                continue
            if index < next_search:
                continue
            next_search = index + round(RETRY_SEC / WINDOW_SEC)
            found = self._search(start)
            if found is not None and self._measure(index, start, found):
                last_delay = float(self.delay[index])
                next_search = 0
                self._look_back(index, last_delay)
            elif found is not None:
                last_delay = found  # the stretch ahead fits: this window is the damaged one, the next may do

    def _look_back(self, index: int, delay: float) -> None:
        """A search waits for its turn; the windows before it that fit the place found are the song, too."""
        for earlier in range(index - 1, -1, -1):
            if not self.is_loud[earlier] or not np.isnan(self.delay[earlier]):
                return
            if not self._measure(earlier, earlier * self.window, delay):
                return
            delay = float(self.delay[earlier])

    def _measure(self, index: int, start: int, expected_delay: float) -> bool:
        """One window, near where it is expected. Keeps the best correlation seen even when it is too low."""
        reach = round(NEAR_SEC * FINE_RATE_HZ) + _HALF_TAPS
        piece = self.samples[start : start + self.window]
        first, values = self.reference.correlate(piece, round(start - expected_delay), reach)
        position, best = _peak(values)
        self.correlation[index] = max(self.correlation[index], best)
        if position is None or best < MIN_CORRELATION:
            return False
        self.delay[index] = start - (first + position)
        return True

    def _measure_after_step(self, index: int, start: int, last_delay: float) -> bool:
        first, values = self.reference.correlate(
            self._context(start), round(start - last_delay), round(LOST_SEC * FINE_RATE_HZ)
        )
        if len(values) == 0 or values.max() < MIN_CORRELATION:
            return False
        return self._measure(index, start, start - (first + int(np.argmax(values))))

    def _context(self, start: int) -> Floats:
        return self.samples[start : start + round(LOST_CONTEXT_SEC * FINE_RATE_HZ)]

    def _search(self, start: int) -> float | None:
        """The delay at which the stretch from `start` is the song: near other devices, then anywhere."""
        stretch = self.samples[start : start + round(COARSE_STRETCH_SEC * FINE_RATE_HZ)]
        # A device that steps soon after it began fits nowhere for so long, but before the step it does.
        for piece, reach_sec in ((stretch, HINT_SEC), (self._context(start), LOST_SEC)):
            for known in self.known_delays:
                first, values = self.reference.correlate(
                    piece, round(start - known), round(reach_sec * FINE_RATE_HZ)
                )
                if len(values) and values.max() >= MIN_CORRELATION:
                    return float(start - (first + int(np.argmax(values))))
        ratio = FINE_RATE_HZ // COARSE_RATE_HZ
        coarse = self.coarse[start // ratio : start // ratio + self.reference.stretch]
        padded = np.pad(coarse, (0, self.reference.stretch - len(coarse)))
        position, best = self.reference.search_whole(padded)
        return start - position * ratio if best >= MIN_COARSE_CORRELATION else None


def _at_rate(samples: npt.NDArray[np.floating], from_hz: int, to_hz: int) -> Floats:
    """Decimated through a linear-phase low-pass whose delay is taken out again, so times stay true."""
    step, rest = divmod(from_hz, to_hz)
    if rest:
        raise ValueError(f"{from_hz} Hz is not a multiple of {to_hz} Hz")
    cutoff_hz = min(LOW_PASS_HZ, to_hz * 0.4)
    taps = signal.firwin(32 * step + 1, cutoff_hz, fs=from_hz)
    return np.asarray(
        signal.resample_poly(samples.astype(np.float64), 1, step, window=taps), dtype=np.float64
    )


def _emphasised(samples: Floats) -> Floats:
    return np.diff(samples, prepend=0.0) + (1 - PRE_EMPHASIS) * np.concatenate(([0.0], samples[:-1]))


def _normalised(products: Floats, energy: Floats, piece_energy: float) -> Floats:
    # The floor keeps near-silent places of the song from dividing rounding noise by rounding noise.
    floor = 1e-6 * piece_energy + 1e-12
    values: Floats = products / np.sqrt(np.maximum(energy, floor) * (piece_energy + 1e-12))
    return values


_FINE_POINTS = np.arange(-_FINER, _FINER + 1) / _FINER
_TAPS = np.arange(-_HALF_TAPS, _HALF_TAPS + 1)
_DISTANCE = _FINE_POINTS[:, None] - _TAPS[None, :]
# The Kaiser window is centred on the point asked for, not on the middle tap: the peak would lean towards
# that.
_SPAN = np.sqrt(np.maximum(1 - (_DISTANCE / (_HALF_TAPS + 1)) ** 2, 0))
_KERNEL = np.sinc(_DISTANCE) * np.i0(_KAISER_BETA * _SPAN) / np.i0(_KAISER_BETA)


def _peak(values: Floats) -> tuple[float | None, float]:
    """(sub-sample position of the maximum, its height): windowed sinc to 1/16 sample, then a parabola."""
    if len(values) <= 2 * _HALF_TAPS:
        return None, 0.0
    inner = values[_HALF_TAPS:-_HALF_TAPS]
    top = int(np.argmax(inner)) + _HALF_TAPS
    finer = _KERNEL @ values[top - _HALF_TAPS : top + _HALF_TAPS + 1]
    best = int(np.argmax(finer[1:-1])) + 1
    before, at, after = finer[best - 1 : best + 2]
    curve = before - 2 * at + after
    shift = 0.5 * (before - after) / curve if curve < 0 else 0.0
    return float(top + _FINE_POINTS[best] + shift / _FINER), float(min(finer[best], 1.0))
