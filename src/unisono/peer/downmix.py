"""Any number of channels to two, by one matrix (P35), so that a page and a headless peer play the same mix.

Pure. Gains of ITU-R BS.775, nothing scaled afterwards. Places are named as FFmpeg names them: FL FR the front
pair, FC the centre, LFE low frequencies, SL SR the side pair, BL BR the back pair, BC the single back centre.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from unisono.peer.sound import Sound

SQRT_HALF = math.sqrt(0.5)

# What a place gives to the left and to the right.
GAINS: dict[str, tuple[float, float]] = {
    "FL": (1, 0),
    "FR": (0, 1),
    "FC": (SQRT_HALF, SQRT_HALF),
    "LFE": (0, 0),
    "SL": (SQRT_HALF, 0),
    "SR": (0, SQRT_HALF),
    "BL": (SQRT_HALF, 0),
    "BR": (0, SQRT_HALF),
    "BC": (0.5, 0.5),
}
# By the number of channels.
USUAL: dict[int, str] = {
    3: "FL FR FC",
    4: "FL FR BL BR",
    5: "FL FR FC SL SR",
    6: "FL FR FC LFE SL SR",
    7: "FL FR FC LFE BC SL SR",
    8: "FL FR FC LFE BL BR SL SR",
}
AAC_OF_FOUR = "FL FR FC BC"


def places_of(count: int, codec: str, masked: Sequence[str] = ()) -> list[str] | None:
    """Which channel is which; None where nobody knows. `masked`: the places a WAV's channel mask names."""
    if len(masked) == count and all(place in GAINS for place in masked):
        return list(masked)
    usual = AAC_OF_FOUR if codec == "aac" and count == 4 else USUAL.get(count)
    return usual.split() if usual else None


def to_stereo(channels: Sound, places: Sequence[str] | None) -> Sound:
    """Channels x frames to two channels x frames. One channel is played as it is by both loudspeakers."""
    count = len(channels)
    if count <= 2:
        return np.repeat(channels, 2, axis=0) if count == 1 else channels
    gains = np.full((2, count), 1 / count) if places is None else np.array([GAINS[each] for each in places]).T
    return np.asarray(gains.astype(np.float32) @ channels, dtype=np.float32)
