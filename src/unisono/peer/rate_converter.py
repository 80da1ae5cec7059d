"""Sound from one sample rate to another, between any two whole rates. Pure.

The grid is global, as in the web app (web/src/audio/render/rate-converter.ts): output frame k lies at input
frame k * from / to and depends on nothing but the input around it, so that pieces that were converted apart
join to the bit. How a product of matrices is summed may depend on its shape and on a row's place in it; hence
every frame is made in the same place of blocks of one shape, whatever is asked for. Both programs are held to
the same sound by vectors/rate-converter.json.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from unisono.peer.constants.audio import (
    CONVERTER_KAISER_BETA,
    CONVERTER_MAX_WEIGHTS,
    CONVERTER_PASSBAND_HZ,
    CONVERTER_PASSBAND_SHARE,
    CONVERTER_PHASES,
    CONVERTER_TAPS_ABOVE,
    CONVERTER_TAPS_BELOW,
)
from unisono.peer.sound import Sound
from unisono.peer.windowed_sinc import windowed_sinc

# A block is a product of so many rows, each of which makes at least so many output frames.
_ROWS = 16
_MIN_ROW_FRAMES = 64
# Without a table of all phases weights and windows are gathered, some megabytes of them.
_FRAMES_BETWEEN_PHASES = 2_048
_KEPT_FILTERS = 4

Samples = NDArray[np.float64]


class RateConverter:
    def __init__(self, from_rate: int, to_rate: int) -> None:
        """Raises `ValueError` for rates that are none."""
        if from_rate <= 0 or to_rate <= 0:
            raise ValueError(f"no sample rates: {from_rate}, {to_rate}")
        self._filter = None if from_rate == to_rate else _filter_for(from_rate, to_rate)

    @property
    def reach_frames(self) -> int:
        """Input frames that an output frame reaches to either side; 0 where rates are equal."""
        return self._filter.taps // 2 if self._filter else 0

    def convert(self, sound: Sound, input_start: int, from_output: int, to_output: int) -> Sound:
        """Output frames `from_output` to before `to_output` of every channel.

        `sound` is channels x frames and begins at input frame `input_start`; outside of it is silence.
        """
        frames = max(0, to_output - from_output)
        if not self._filter or frames == 0:
            return _stretch(sound, from_output - input_start, frames)
        block_frames = self._filter.block_frames
        first, end = from_output // block_frames, -(-to_output // block_frames)
        output = np.empty((sound.shape[0], (end - first) * block_frames), dtype=np.float32)
        for block in range(first, end):
            begin = block * block_frames * self._filter.cycle_in // self._filter.cycle_out
            begin -= self._filter.taps // 2 - 1
            window = _stretch(sound, begin - input_start, self._filter.window)
            at = (block - first) * block_frames
            for channel, samples in enumerate(window.astype(np.float64)):
                output[channel, at : at + block_frames] = self._filter.block(samples, block)
        skipped = from_output - first * block_frames
        return output[:, skipped : skipped + frames].copy()


@dataclass(frozen=True)
class _Filter:
    """In a cycle input and output both advance by whole frames."""

    cycle_in: int
    cycle_out: int
    taps: int
    cutoff: float

    def weights(self, fractions: Samples) -> Samples:
        return windowed_sinc(self.taps, self.cutoff, CONVERTER_KAISER_BETA, fractions)


class _ExactFilter:
    """The frames of a row are the frames of its window times one matrix."""

    def __init__(self, design: _Filter) -> None:
        self.taps, self.cycle_in, self.cycle_out = design.taps, design.cycle_in, design.cycle_out
        cycles = -(-_MIN_ROW_FRAMES // design.cycle_out)
        row_frames = cycles * design.cycle_out
        self._row_input_frames = cycles * design.cycle_in
        self.block_frames = _ROWS * row_frames
        frame = np.arange(row_frames, dtype=np.int64)
        whole, rest = np.divmod(frame * design.cycle_in, design.cycle_out)
        self._matrix = np.zeros((int(whole[-1]) + self.taps, row_frames), dtype=np.float64)
        weights = design.weights(rest / design.cycle_out)
        self._matrix[whole[:, np.newaxis] + np.arange(self.taps), frame[:, np.newaxis]] = weights
        self.window = (_ROWS - 1) * self._row_input_frames + self._matrix.shape[0]

    def block(self, samples: Samples, _number: int) -> Samples:
        rows = sliding_window_view(samples, self._matrix.shape[0])[:: self._row_input_frames]
        product: Samples = np.ascontiguousarray(rows) @ self._matrix
        return product.ravel()


class _FilterBetweenPhases:
    """Rates whose exact phases are too many: between the two next ones by a straight line."""

    def __init__(self, design: _Filter) -> None:
        self.taps, self.cycle_in, self.cycle_out = design.taps, design.cycle_in, design.cycle_out
        # The longer the filter, the less it changes from one frame to the next.
        phases = math.ceil(CONVERTER_PHASES * min(1.0, design.cycle_out / design.cycle_in))
        self._table = design.weights(np.arange(phases + 1, dtype=np.float64) / phases)
        self._phases = phases
        self.block_frames = _FRAMES_BETWEEN_PHASES
        self._places = np.arange(self.block_frames, dtype=np.int64) * design.cycle_in
        self.window = (int(self._places[-1]) + design.cycle_out - 1) // design.cycle_out + self.taps

    def block(self, samples: Samples, number: int) -> Samples:
        begin = number * self.block_frames * self.cycle_in % self.cycle_out
        whole, rest = np.divmod(begin + self._places, self.cycle_out)
        phase = rest / self.cycle_out * self._phases
        row = phase.astype(np.int64)
        blend = (phase - row)[:, np.newaxis]
        weights = self._table[row] * (1 - blend) + self._table[row + 1] * blend
        windows = sliding_window_view(samples, self.taps)[whole]
        output: Samples = np.einsum("ft,ft->f", windows, weights)
        return output


@lru_cache(_KEPT_FILTERS)
def _filter_for(from_rate: int, to_rate: int) -> _ExactFilter | _FilterBetweenPhases:
    lower_half = min(from_rate, to_rate) / 2
    passband = min(CONVERTER_PASSBAND_HZ, CONVERTER_PASSBAND_SHARE * lower_half)
    width = (lower_half - passband) / from_rate
    taps = 2 * math.ceil((CONVERTER_TAPS_BELOW + CONVERTER_TAPS_ABOVE) / width / 2)
    cutoff = lower_half / from_rate - CONVERTER_TAPS_ABOVE / taps
    divisor = math.gcd(from_rate, to_rate)
    cycle_in, cycle_out = from_rate // divisor, to_rate // divisor
    design = _Filter(cycle_in, cycle_out, taps, cutoff)
    # As the page counts them: for two frames at a time, of whose windows one begins a little later.
    times = 1 if cycle_out % 2 == 0 else 2
    window = 2 * math.ceil((taps + -(-cycle_in // cycle_out)) / 2)
    if times * cycle_out * window <= CONVERTER_MAX_WEIGHTS:
        return _ExactFilter(design)
    return _FilterBetweenPhases(design)


def _stretch(sound: Sound, begin: int, frames: int) -> Sound:
    """So many frames from there on, with silence outside of `sound`."""
    stretch = np.zeros((sound.shape[0], frames), dtype=np.float32)
    low, high = max(0, begin), min(sound.shape[1], begin + frames)
    if high > low:
        stretch[:, low - begin : high - begin] = sound[:, low:high]
    return stretch
