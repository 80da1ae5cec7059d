"""Any number of channels to two, by one matrix (P35), so that a page and a headless peer play the same mix;
and for who plays one of them, that one by itself. vectors/roles.json holds both to the same.

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
NAMES: dict[str, str] = {
    "FL": "front-left",
    "FR": "front-right",
    "FC": "centre",
    "LFE": "lfe",
    "SL": "surround-left",
    "SR": "surround-right",
    "BL": "back-left",
    "BR": "back-right",
    "BC": "back-centre",
}


def places_of(count: int, codec: str, masked: Sequence[str] = ()) -> list[str] | None:
    """Which channel is which; None where nobody knows. `masked`: the places a WAV's channel mask names."""
    if len(masked) == count and all(place in GAINS for place in masked):
        return list(masked)
    usual = AAC_OF_FOUR if codec == "aac" and count == 4 else USUAL.get(count)
    return usual.split() if usual else None


def names_of(places: Sequence[str] | None) -> list[str]:
    """The channels that a device may play by themselves; none where nobody knows which they are."""
    return [NAMES[place] for place in places or ()]


def with_isolated(channels: Sound, places: Sequence[str] | None, isolated: str) -> Sound:
    """Two channels, and the one of that name behind them; where there is none, what both have in common."""
    stereo, names = to_stereo(channels, places), names_of(places)
    third = channels[names.index(isolated)] if isolated in names else stereo.mean(axis=0)
    return np.vstack([stereo, third[np.newaxis]]).astype(np.float32, copy=False)


def to_stereo(channels: Sound, places: Sequence[str] | None) -> Sound:
    """Channels x frames to two channels x frames. One channel is played as it is by both loudspeakers."""
    count = len(channels)
    if count <= 2:
        return np.repeat(channels, 2, axis=0) if count == 1 else channels
    gains = np.full((2, count), 1 / count) if places is None else np.array([GAINS[each] for each in places]).T
    return np.asarray(gains.astype(np.float32) @ channels, dtype=np.float32)
