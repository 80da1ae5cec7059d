"""Files cut from one sound add up to it across their seams, in every engine, format and pair of rates.

The page (web/src/audio/testing/seam-page.ts) opens the files as the player does, lays them one after the
other on its line, renders across the seams, and compares with the sound that they were cut from.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lab.browsers.trial_pages import AUDIO_PAGES, build_pages, open_page

pytestmark = pytest.mark.e2e

EXAMINE = "(question) => seamPage.examine(question)"

UNCUT_SEC = 21
UNCUT_RATE_HZ = 44_100
# What coders leave of noise: they cut off above this, or spend their bits there.
NOISE_HZ = 12_000.0
# Frames at 44.1 kHz, neither whole milliseconds nor whole packets; the second piece has whole ones at 48 kHz.
CUTS = (0, 300_007, 300_007 + 147 * 2_381, UNCUT_SEC * UNCUT_RATE_HZ)
# 0.05 ms, as the room is held to.
MAX_LAG_SEC = 0.05e-3

Result = dict[str, Any]
Examine = Callable[[list[str], int], Result]


@dataclass(frozen=True)
class Piece:
    """One of the files: how ffmpeg makes it."""

    suffix: str
    options: str
    rate_hz: int = UNCUT_RATE_HZ


PIECES = {
    "flac": Piece("flac", "-c:a flac -sample_fmt s32 -bits_per_raw_sample 24"),
    "flac48": Piece("flac", "-c:a flac -sample_fmt s32 -bits_per_raw_sample 24", 48_000),
    "mp3": Piece("mp3", "-c:a libmp3lame -b:a 320k"),
    "m4a": Piece("m4a", "-c:a aac -b:a 256k -aac_pns 0"),
    "opus": Piece("opus", "-c:a libopus -b:a 256k", 48_000),
    "ogg": Piece("ogg", "-c:a libvorbis -q:a 9"),
}
# Names of pieces, and the correlation that is wanted around each seam.
ALBUMS: dict[tuple[str, ...], float] = {
    ("flac", "flac", "flac"): 0.999_999,
    ("flac", "flac48", "flac"): 0.9999,
    ("flac", "mp3", "m4a"): 0.99,
    ("mp3", "m4a", "mp3"): 0.99,
    ("ogg", "opus", "ogg"): 0.99,
}


def noise_between(from_sec: float, frames: int, rate_hz: int) -> NDArray[np.float32]:
    """The same noise, wherever and at whatever rate it is looked at."""
    random = np.random.default_rng(20)
    bins = int(NOISE_HZ * UNCUT_SEC)
    spectrum = random.normal(size=bins) + 1j * random.normal(size=bins)
    spectrum[: 50 * UNCUT_SEC] = 0
    size = UNCUT_SEC * rate_hz
    turned = spectrum * np.exp(2j * np.pi * np.arange(bins) * from_sec / UNCUT_SEC)
    whole = np.fft.irfft(turned, size) * size
    scale = 0.05 / np.sqrt(bins)  # a tenth of full scale, so that nothing is clipped
    noise: NDArray[np.float32] = (whole[:frames] * scale).astype("<f4")
    return noise


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page, the uncut noise and the pieces of it."""
    folder: Path = tmp_path_factory.mktemp("seam-page")
    build_pages(AUDIO_PAGES, folder)
    (folder / "uncut.f32").write_bytes(noise_between(0, CUTS[-1], UNCUT_RATE_HZ).tobytes())
    for album in ALBUMS:
        for place, name in enumerate(album):
            make_piece(folder, name, place)
    return folder


def make_piece(folder: Path, name: str, place: int) -> None:
    """It begins at its place to a part of a frame, at whatever rate."""
    piece = PIECES[name]
    file = folder / file_name(name, place)
    if file.exists():
        return
    from_sec, to_sec = (CUTS[at] / UNCUT_RATE_HZ for at in (place, place + 1))
    frames = round((to_sec - from_sec) * piece.rate_hz)
    sound = noise_between(from_sec, frames, piece.rate_hz)
    raw = f"-f f32le -ar {piece.rate_hz} -ac 1 -i - {piece.options}".split()
    subprocess.run(["ffmpeg", "-loglevel", "error", *raw, str(file)], input=sound.tobytes(), check=True)


def file_name(name: str, place: int) -> str:
    return f"{name}-{place}.{PIECES[name].suffix}"


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def examine(request: pytest.FixtureRequest, folder: Path) -> Iterator[Examine]:
    """Asks the page, open in this engine, for one album."""
    with open_page(folder, "seam-page", "seamPage", request.param) as page:

        def ask(files: list[str], context_rate_hz: int) -> Result:
            question = {"files": files, "uncut": "uncut.f32", "uncutRate": UNCUT_RATE_HZ}
            answer: Result = page.evaluate(EXAMINE, {**question, "contextRate": context_rate_hz})
            return answer

        yield ask


@pytest.mark.parametrize("context_rate_hz", [48_000, 44_100])
@pytest.mark.parametrize("album", ALBUMS, ids=" ".join)
def test_files_cut_from_one_sound_add_up_to_it(
    examine: Examine, album: tuple[str, ...], context_rate_hz: int
) -> None:
    """[P78] Around both seams, with no sample missing or doubled."""
    result = examine([file_name(name, place) for place, name in enumerate(album)], context_rate_hz)
    print(f"\n{' '.join(album)} at {context_rate_hz}: {result}")
    for place, length_sec in enumerate(result["lengthsSec"]):
        frames = (CUTS[place + 1] - CUTS[place]) / UNCUT_RATE_HZ
        assert length_sec == pytest.approx(frames, abs=1 / 40_000)
    for seam in result["seams"]:
        assert seam["correlation"] >= ALBUMS[album]
        for lag_frames in (seam["lagBeforeFrames"], seam["lagAfterFrames"]):
            assert abs(lag_frames) / context_rate_hz <= MAX_LAG_SEC
