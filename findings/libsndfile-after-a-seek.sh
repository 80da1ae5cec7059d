#!/bin/sh
# libsndfile 1.2.2 (python-soundfile 0.14.0): the samples read right after a seek need not be those that lie there. The place told and the
# number of samples are right, no error is given, and a little later the sound is right again.
#  - Ogg Vorbis, skipping a little ahead: up to the end of the Vorbis block in which the place lies (at most 1024 frames) the block is
#    not overlapped with the one before it: a click as loud as the sound. Steps back are exact.
#  - MP3, stepping a little back, as for windows that overlap: up to 2900 frames (60 ms) of silence. Skips ahead are exact.
#  - MP3 of a tone, which compresses so well that a frame's bits begin many frames earlier: up to 4300 frames of silence either way.
# Opus and FLAC are exact. A test that tries one direction, one codec or one sound says that seeking is exact to the sample.
# Each time 97 places are sought and compared with a reading of the file in one go. Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.5 soundfile==0.14.0
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import io

import numpy as np
import soundfile

RATE = 48_000
LENGTH = 10 * RATE
NOISE = np.convolve(np.random.default_rng(1).standard_normal(LENGTH), np.hanning(16), "same") * 0.07
TONE = 0.5 * np.sin(np.arange(LENGTH) * 2 * np.pi * 440 / RATE)
PLACES = range(5_800, LENGTH - 10_000, 4_801)
# Fewer frames than from place to place, so that each seek leads ahead; or more, so that it leads back.
READ = {"ahead": 2_000, "back": 8_000}
AUDIBLE = 0.01


def outcome(data: bytes, frames: int) -> str:
    whole, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    assert len(whole) == LENGTH
    wrong, last, is_silent = 0, 0, False
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        for place in PLACES:
            assert file.seek(place) == place
            part = file.read(frames, dtype="float32")
            assert file.tell() == place + frames
            bad = np.flatnonzero(np.abs(part - whole[place : place + frames]) > AUDIBLE)
            wrong += len(bad) > 0
            last = max(last, *bad.tolist(), 0)
            is_silent |= not part[:500].any()
    if not wrong:
        return "exact"
    share = "nearly all" if wrong > 0.9 * len(PLACES) else "some"
    reach = "the first 1024 frames" if last < 1_024 else "thousands of frames"
    return f"{share} begin wrong, {reach}, {'with silence' if is_silent else 'with other sound'}"


print("libsndfile", soundfile.__libsndfile_version__)
for name, sound, container, codec in (
    ("noise", NOISE, "FLAC", "PCM_16"),
    ("noise", NOISE, "OGG", "OPUS"),
    ("noise", NOISE, "OGG", "VORBIS"),
    ("noise", NOISE, "MP3", "MPEG_LAYER_III"),
    ("tone", TONE, "MP3", "MPEG_LAYER_III"),
):
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format=container, subtype=codec)
    for way, frames in READ.items():
        print(f"{name}, {codec}, {way}: {outcome(file.getvalue(), frames)}")
PYTHON
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
libsndfile 1.2.2
noise, PCM_16, ahead: exact
noise, PCM_16, back: exact
noise, OPUS, ahead: exact
noise, OPUS, back: exact
noise, VORBIS, ahead: nearly all begin wrong, the first 1024 frames, with other sound
noise, VORBIS, back: exact
noise, MPEG_LAYER_III, ahead: exact
noise, MPEG_LAYER_III, back: nearly all begin wrong, thousands of frames, with silence
tone, MPEG_LAYER_III, ahead: nearly all begin wrong, thousands of frames, with silence
tone, MPEG_LAYER_III, back: nearly all begin wrong, thousands of frames, with silence
EXPECTED
cmp "$folder/seen" "$folder/expected"
