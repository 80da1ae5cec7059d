"""Slices decoded alone and joined are the whole song, sample for sample, in every engine and format.

The page (web/src/audio/testing/stitch-page.ts) makes the index of a file, decodes each slice at the file's
own rate, aligns and joins them, and compares the result with the engine's decode of the whole file and with
the music that the file was made of.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import pytest

from lab.browsers.folder_server import serve_folder
from lab.browsers.trial_pages import AUDIO_PAGES, build_pages, open_page
from lab.browsers.webkit import WebKitDevice
from lab.rig.song import make_music

pytestmark = pytest.mark.e2e


MUSIC_SEC = 17.0
Engine = Literal["chromium", "firefox", "webkitgtk"]
EXAMINE = "(question) => stitchPage.examine(question)"
EXAMINE_DAMAGED = "(question) => stitchPage.examineDamaged(question)"
# In the middle of a slice, whose points are about a second long, a quarter of a second is lost.
DAMAGED = ("mp3 cbr", "flac 16 bit", "aac adts")
DAMAGE_SEC = 7.5
DAMAGE_BYTES = 4_000
BEFORE_SEC = (5.5, 6.4)
BEHIND_SEC = (8.9, 9.7, 12.0)
# One step of 16 bits, and half of one more for rounding.
STEP = 1.5 / 32_768
# Where the decoder makes noise up: 26.8 dB in Chromium and Firefox.
NOISY_SNR_DB = 20.0
# Of what was coded to what it was coded from: the music is half noise, of which coders leave little.
MIN_LIKENESS = 0.4
# LAME's encoder and a decoder's filter bank, where no header tells of them.
MP3_DELAY_FRAMES = 1_105
AAC_DELAY_FRAMES = 1_024

Result = dict[str, Any]
Ask = Callable[[str, list[Any]], Result]


@dataclass(frozen=True)
class Recipe:
    """One file: how ffmpeg makes it, and where its music is."""

    suffix: str
    options: str
    rate_hz: int = 44_100
    channels: int = 2
    # How much later than the song's beginning the music begins, where the file does not say it; None where so
    # little is left of the music that its place cannot be told to the frame.
    delay_frames: int | None = 0
    # Whether the file says how many frames the music has.
    is_gapless: bool = True
    # Whether the decoder makes noise up, another one each time.
    is_noisy: bool = False

    @property
    def music(self) -> str:
        """Names the music it is made of."""
        return f"{self.rate_hz}-{self.channels}"

    @property
    def is_aac(self) -> bool:
        return self.suffix in {"aac", "m4a"}

    def max_difference(self, engine: str) -> float:
        """A step of 16 bits where an engine dithers, or where it scales positive samples by 32767."""
        is_dithered = self.suffix == "mp3" and (
            engine == "firefox" or (engine == "webkitgtk" and self.rate_hz < 32_000)
        )
        is_scaled = self.suffix in {"wav", "aiff"} and "pcm_s16" in self.options and engine != "webkitgtk"
        return STEP if is_dithered or is_scaled else 0.0


AAC = "-c:a aac -b:a 160k -aac_pns 0"
RECIPES = {
    "mp3 cbr": Recipe("mp3", "-c:a libmp3lame -b:a 128k"),
    "mp3 vbr": Recipe("mp3", "-c:a libmp3lame -q:a 2"),
    "mp3 without xing": Recipe(
        "mp3",
        "-c:a libmp3lame -b:a 128k -write_xing 0",
        delay_frames=MP3_DELAY_FRAMES,
        is_gapless=False,
    ),
    "mp3 22 kHz mono": Recipe("mp3", "-c:a libmp3lame -b:a 32k", rate_hz=22_050, channels=1),
    "mp3 8 kHz": Recipe("mp3", "-c:a libmp3lame -b:a 16k", rate_hz=8_000, channels=1),
    "aac adts": Recipe("aac", AAC, delay_frames=AAC_DELAY_FRAMES, is_gapless=False),
    "m4a": Recipe("m4a", AAC),
    "m4a faststart": Recipe("m4a", f"{AAC} -movflags +faststart"),
    # ffmpeg writes the head first, and no edit list into it, unless it waits for the first fragment.
    "m4a in fragments": Recipe(
        "m4a",
        f"{AAC} -movflags frag_keyframe+empty_moov -frag_duration 2000000",
        delay_frames=AAC_DELAY_FRAMES,
        is_gapless=False,
    ),
    "m4a in fragments with edit list": Recipe(
        "m4a", f"{AAC} -movflags frag_keyframe+delay_moov -frag_duration 2000000"
    ),
    "m4a with made-up noise": Recipe("m4a", "-c:a aac -b:a 96k", is_noisy=True),
    "flac 16 bit": Recipe("flac", "-c:a flac -sample_fmt s16"),
    "flac 24 bit": Recipe("flac", "-c:a flac -sample_fmt s32 -bits_per_raw_sample 24"),
    "ogg vorbis": Recipe("ogg", "-c:a libvorbis -q:a 5"),
    "ogg opus": Recipe("opus", "-c:a libopus -b:a 128k", rate_hz=48_000),
    "ogg opus speech": Recipe(
        "opus", "-c:a libopus -b:a 16k -application voip", rate_hz=48_000, channels=1, delay_frames=None
    ),
    "ogg flac": Recipe("oga", "-c:a flac -sample_fmt s16"),
    "webm opus": Recipe("webm", "-c:a libopus -b:a 128k -cluster_time_limit 1000", rate_hz=48_000),
    # ffmpeg's own clusters have 5 s.
    "webm opus in long clusters": Recipe("webm", "-c:a libopus -b:a 128k", rate_hz=48_000),
    "wav 16 bit": Recipe("wav", "-c:a pcm_s16le"),
    "wav 24 bit": Recipe("wav", "-c:a pcm_s24le"),
    "wav float": Recipe("wav", "-c:a pcm_f32le"),
    "aiff": Recipe("aiff", "-c:a pcm_s16be"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page, the music and the files."""
    folder: Path = tmp_path_factory.mktemp("stitch-page")
    build_pages(AUDIO_PAGES, folder)
    music: dict[str, bytes] = {}
    for name, recipe in RECIPES.items():
        if recipe.music not in music:
            sound = make_music(MUSIC_SEC, seed=5, rate_hz=recipe.rate_hz)[:, : recipe.channels].astype("<f4")
            music[recipe.music] = sound.tobytes()
            (folder / f"{recipe.music}.f32").write_bytes(sound[:, 0].tobytes())
        raw = f"-f f32le -ar {recipe.rate_hz} -ac {recipe.channels} -i - {recipe.options}".split()
        command = ["ffmpeg", "-loglevel", "error", *raw, str(folder / file_name(name))]
        subprocess.run(command, input=music[recipe.music], check=True)
    return folder


@pytest.fixture(scope="module", params=get_args(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    name: Engine = request.param
    return name


@pytest.fixture(scope="module")
def ask(engine: Engine, folder: Path) -> Iterator[Ask]:
    """Asks the page, open in this engine, about one file."""
    if engine == "webkitgtk":
        with serve_folder(folder) as root, WebKitDevice("ada", {}, f"{root}/stitch-page.html") as webkit:
            webkit.open()
            yield webkit.ask
    else:
        with open_page(folder, "stitch-page", "stitchPage", engine) as page:
            yield page.evaluate


@pytest.mark.parametrize("name", RECIPES)
def test_joined_slices_are_the_whole_song(engine: str, ask: Ask, name: str) -> None:
    recipe = RECIPES[name]
    result = ask(EXAMINE, [file_name(name), f"{recipe.music}.f32"])
    print(f"\n{name} in {engine}: {result}")
    index = result["index"]
    assert index is not None, "no index"
    assert (index["sampleRate"], index["runs"]) == (recipe.rate_hz, 1)
    if result["whole"] is None:
        assert engine == "webkitgtk"
        assert recipe.is_aac
        # Debian builds it without one; the same files are compared in the other two engines.
        pytest.skip("this WebKitGTK has no AAC decoder")
    assert result["slices"] >= 3
    assert result["channels"] == recipe.channels
    assert_aligned(result, recipe)
    assert_same_sound(result["whole"], recipe, engine)
    assert_in_place(result, recipe)


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_in_a_slice_moves_nothing_around_it(engine: str, ask: Ask, folder: Path, name: str) -> None:
    """[P85] Sound lies in its place a point before the damage, and a point behind it, in every engine."""
    recipe = RECIPES[name]
    if engine == "webkitgtk" and recipe.is_aac:
        # As above: Debian builds it without one, and the undamaged files have been found to be refused there.
        pytest.skip("this WebKitGTK has no AAC decoder")
    content = bytearray((folder / file_name(name)).read_bytes())
    at = round(len(content) * DAMAGE_SEC / MUSIC_SEC)
    content[at : at + DAMAGE_BYTES] = random.Random(7).randbytes(DAMAGE_BYTES)
    damaged = f"damaged-{file_name(name)}"
    (folder / damaged).write_bytes(content)
    places = (f"{recipe.music}.f32", BEFORE_SEC, BEHIND_SEC)
    result, intact = (ask(EXAMINE_DAMAGED, [file, *places]) for file in (damaged, file_name(name)))
    print(f"\ndamaged {name} in {engine}: {result}")
    assert {place["lagFrames"] for place in result["before"]} == {recipe.delay_frames}
    # FLAC numbers its frames: what is missing has its time. Other files close up, everywhere alike.
    lost_frames = intact["codedFrames"] - result["codedFrames"]
    assert (lost_frames == 0) == (recipe.suffix == "flac")
    assert recipe.delay_frames is not None
    assert {place["lagFrames"] for place in result["behind"]} == {recipe.delay_frames - lost_frames}
    assert min(place["likeness"] for place in (*result["before"], *result["behind"])) > MIN_LIKENESS


def assert_aligned(result: Result, recipe: Recipe) -> None:
    """Every slice lies where its end says, but for the last one, and the slice before agrees."""
    assert result["unconfirmed"] == []
    assert set(result["movedFrames"][:-1]) == {0}
    if not recipe.is_noisy:
        assert result["inexact"] == []
    # Where the coder's delay is not known, Firefox drops it all the same.
    index = result["index"]
    assert result["fromFrame"] <= index["primingFrames"] + AAC_DELAY_FRAMES
    assert result["toFrame"] >= index["primingFrames"] + index["lengthFrames"]


def assert_same_sound(whole: Result, recipe: Recipe, engine: str) -> None:
    """What the engine makes of the whole file, from its first sample to its last."""
    assert whole["comparedFrames"] >= whole["frames"] - AAC_DELAY_FRAMES
    if recipe.is_noisy:
        assert whole["snrDb"] is None or whole["snrDb"] > NOISY_SNR_DB
    else:
        assert whole["maxDifference"] <= recipe.max_difference(engine)


def assert_in_place(result: Result, recipe: Recipe) -> None:
    """The song's first frame is the first frame of the music, and it is as long."""
    original, index = result["original"], result["index"]
    if recipe.delay_frames is not None:
        assert {found["lagFrames"] for found in original["lags"]} == {recipe.delay_frames}
        assert min(found["likeness"] for found in original["lags"]) > MIN_LIKENESS
    if recipe.is_gapless:
        assert index["lengthFrames"] == original["frames"]


def file_name(name: str) -> str:
    return f"{name.replace(' ', '-')}.{RECIPES[name].suffix}"
