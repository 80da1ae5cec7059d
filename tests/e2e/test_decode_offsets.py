"""The same samples everywhere: every format people bring, as three engines decode it, aligned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.formats import FORMATS, Decoders, Offsets, open_decoders

pytestmark = [pytest.mark.e2e]

RESIDUAL_MS = 0.1


@pytest.fixture(scope="module")
def decoders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Decoders]:
    folder: Path = tmp_path_factory.mktemp("formats")
    with open_decoders(folder) as opened:
        yield opened


@pytest.mark.parametrize("name", FORMATS)
def test_all_engines_play_the_same_samples(decoders: Decoders, name: str) -> None:
    """Chromium's anchor is found in every engine's decode, and what is moved by the match is Chromium's."""
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
