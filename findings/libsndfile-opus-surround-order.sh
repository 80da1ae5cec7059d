#!/bin/sh
# libsndfile 1.2.2 (python-soundfile 0.14.0) reads and writes the six channels of 5.1 in the file's own order. That is left, right,
# centre, low, surrounds in WAV and FLAC, but left, centre, right, surrounds, low in Opus and Vorbis (RFC 7845, section 5.1.1.2), which
# libsndfile tells of nowhere. So a FLAC copied to Opus by reading and writing has its right channel in the centre, its centre on the
# right and its low channel in a surround, and an Opus file of ffmpeg's read with libsndfile likewise.
# Each channel carries a tone of its own; printed is the tone found in each, in the order left, right, centre, low, surrounds.
# Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5 soundfile==0.14.0
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import io

import av
import numpy as np
import soundfile

RATE = 48_000
TONES_HZ = (300, 500, 700, 60, 1100, 1300)
TONES = np.stack([np.sin(np.arange(2 * RATE) * 2 * np.pi * hz / RATE) * 0.3 for hz in TONES_HZ]).astype(np.float32)
print("libsndfile", soundfile.__libsndfile_version__)


def found(channels: np.ndarray) -> list[str]:
    """Loudest tone of each channel; a low channel of Opus may have lost what lies above 100 Hz or so."""
    spectra = np.abs(np.fft.rfft(channels * np.hanning(channels.shape[1])))
    return [str(int(np.argmax(each) * RATE / channels.shape[1])) for each in spectra]


def by_ffmpeg(file: io.BytesIO) -> np.ndarray:
    with av.open(file) as source:
        frames = list(source.decode(audio=0))
    assert frames[0].layout.name in ("5.1", "5.1(side)")
    whole = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
    if whole.shape[0] == 1:
        whole = whole.reshape(-1, 6).T
    return whole / (np.iinfo(whole.dtype).max if whole.dtype.kind == "i" else 1)


def opus_by_ffmpeg() -> io.BytesIO:
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as output:
        stream = output.add_stream("libopus", rate=RATE, layout="5.1")
        frame = av.AudioFrame.from_ndarray(TONES, format="fltp", layout="5.1")
        frame.sample_rate, frame.pts = RATE, 0
        queue = av.AudioFifo()
        for part in av.AudioResampler(format="flt", layout="5.1", rate=RATE).resample(frame):
            queue.write(part)
        while (part := queue.read(960) or queue.read()) is not None:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    file.seek(0)
    return file


for container, codec in (("FLAC", "PCM_24"), ("OGG", "OPUS")):
    file = io.BytesIO()
    soundfile.write(file, TONES.T, RATE, format=container, subtype=codec)
    file.seek(0)
    print(container, codec, "written by libsndfile, read by ffmpeg:", *found(by_ffmpeg(file)))
print("OGG OPUS written by ffmpeg, read by ffmpeg:", *found(by_ffmpeg(opus_by_ffmpeg())))
print("OGG OPUS written by ffmpeg, read by libsndfile:", *found(soundfile.read(opus_by_ffmpeg())[0].T))
PYTHON
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
libsndfile 1.2.2
FLAC PCM_24 written by libsndfile, read by ffmpeg: 300 500 700 60 1100 1300
OGG OPUS written by libsndfile, read by ffmpeg: 300 700 500 400 60 1100
OGG OPUS written by ffmpeg, read by ffmpeg: 300 500 700 60 1100 1300
OGG OPUS written by ffmpeg, read by libsndfile: 300 700 500 1100 1300 60
EXPECTED
cmp "$folder/seen" "$folder/expected"
