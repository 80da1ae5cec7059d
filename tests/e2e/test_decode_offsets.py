"""The same samples everywhere: each format that people bring, in four engines; and words where that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect
from scipy.io import wavfile

from lab.browsers.device import Snapshot, wait_for_all
from lab.rig.formats import FORMATS, RATE_HZ, Decoders, Offsets, open_decoders
from lab.room import Room, has_peers

pytestmark = [pytest.mark.e2e]

RESIDUAL_MS = 0.1


@pytest.fixture(scope="module")
def decoders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Decoders]:
    folder: Path = tmp_path_factory.mktemp("formats")
    with open_decoders(folder) as opened:
        yield opened


@pytest.mark.parametrize("name", FORMATS)
def test_all_engines_play_the_same_samples(decoders: Decoders, name: str) -> None:
    """[P43] Chromium's anchor is found in every engine's decode, and moving by the match leaves nothing."""
    found = decoders.compare(name)
    for engine, offsets in found.items():
        if not isinstance(offsets, Offsets):
            print(f"\n{name}: {engine} does not decode it")
            assert engine == "webkitgtk", f"{name}: {offsets}"
            continue
        print(f"\n{name}: {engine} {offsets.true_ms:+.3f} ms, left after aligning {offsets.left_ms:+.3f} ms")
        assert offsets.match_ms is not None, f"{engine}'s decode does not hold the anchor"
        assert abs(offsets.left_ms) <= RESIDUAL_MS
    own = found["chromium"]
    assert isinstance(own, Offsets)
    assert own.match_ms == pytest.approx(0, abs=1e-3)


@pytest.mark.long
def test_a_song_that_lines_up_nowhere_is_not_called_tight(
    open_room: Callable[..., Room], tmp_path: Path
) -> None:
    """[P46] A saw is alike every 20 ms: bo, who plays ada's, may be off, and both pages say so."""
    saw = np.tile((np.arange(960) / 1_920 - 0.25).astype(np.float32), 30 * 50)
    path = tmp_path / "saw.wav"
    wavfile.write(path, RATE_HZ, saw)
    room = open_room(2)
    [ada] = room.enter("ada")
    bo = room.sit_with_firefox("bo")
    room.let_in(bo)
    wait_for_all([ada, bo], has_peers(2), "to be linked")
    room.share(ada, path)
    room.start(ada, path.name)
    for device in (ada, bo):
        device.wait_for(lambda shot: aligned(shot) == [False, True], "to tell who is lined up")
        people = device.page.get_by_role("list", name="People")
        expect(people.get_by_text("may be off", exact=True)).to_have_count(1)
        expect(people).to_contain_text("could not be lined up")


def aligned(shot: Snapshot) -> list[bool]:
    return sorted(peer["aligned"] for peer in shot["peers"])
