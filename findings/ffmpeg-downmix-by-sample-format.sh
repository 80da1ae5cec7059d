#!/bin/sh
# FFmpeg (5.1 of Debian, and 8.1 by PyAV 18.1.0) mixes surround down to stereo at two loudnesses, by the number format of the samples and
# not by the sound. Where the result is of whole numbers all gains are divided by their sum, so that nothing can clip: 7.66 dB less
# for 5.1. Where it is of floats they are not divided. The encoder's input format decides, and the source's for encoders that take both:
#  - one 5.1 song by `ffmpeg -ac 2` is 7.7 dB louder as AAC or Vorbis than as FLAC;
#  - as Opus it is loud when its source has 24 bits and quiet when it has 16, so an album's two editions differ;
#  - who asks PyAV's resampler for "s16" gets other levels than who asks for "flt" and converts.
# `-rematrix_maxval 1` (swresample) makes all of them the quiet one. A tone of amplitude 0.25 (-12.04 dB) in the left channel of 5.1, which
# the mix should keep: printed is what becomes of it. Needs Debian's ffmpeg. Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5
cd "$folder"
ffmpeg -version | head -n 1
source="aevalsrc=0.25*sin(1000*2*PI*t)|0|0|0|0|0:c=5.1:s=48000:d=2"
for bits in 16 24; do
  format=s$((bits == 16 ? 16 : 32))
  ffmpeg -loglevel error -f lavfi -i "$source,aformat=sample_fmts=$format" -c:a flac "$bits.flac"
  for kind in flac:flac libopus:opus aac:m4a libvorbis:ogg; do
    ffmpeg -loglevel error -i "$bits.flac" -ac 2 -c:a "${kind%:*}" -b:a 192k "$bits-mixed.${kind#*:}"
  done
done
ffmpeg -loglevel error -i 24.flac -ac 2 -rematrix_maxval 1 -c:a libopus -b:a 192k 24-divided.opus
"$folder/venv/bin/python" - > seen <<'PYTHON'
import av
import numpy as np

RATE = 48_000


def level_db(name: str, form: str) -> str:
    """Of the tone in the left channel, in the middle second, to half a decibel."""
    with av.open(name) as source:
        resampler = av.AudioResampler(format=form, layout="stereo", rate=RATE)
        parts = [part for frame in source.decode(audio=0) for part in resampler.resample(frame)]
    samples = np.concatenate([part.to_ndarray().reshape(-1, 2)[:, 0] for part in parts])[RATE // 2 :][:RATE]
    scale = np.iinfo(samples.dtype).max if samples.dtype.kind == "i" else 1
    amplitude = np.abs(np.fft.rfft(samples / scale))[1000] * 2 / RATE
    return f"{np.round(20 * np.log10(amplitude) * 2) / 2:.1f} dB"


print("PyAV", av.__version__)
for bits in (16, 24):
    for ending in ("flac", "opus", "m4a", "ogg"):
        print(f"ffmpeg -ac 2, {bits}-bit FLAC to {ending}: {level_db(f'{bits}-mixed.{ending}', 'flt')}")
print("ffmpeg -ac 2 -rematrix_maxval 1, 24-bit FLAC to opus:", level_db("24-divided.opus", "flt"))
for form in ("s16", "s32", "flt"):
    print(f"PyAV's resampler to stereo of {form}: {level_db('24.flac', form)}")
PYTHON
cat seen
cat > expected <<'EXPECTED'
PyAV 18.1.0
ffmpeg -ac 2, 16-bit FLAC to flac: -19.5 dB
ffmpeg -ac 2, 16-bit FLAC to opus: -19.5 dB
ffmpeg -ac 2, 16-bit FLAC to m4a: -12.0 dB
ffmpeg -ac 2, 16-bit FLAC to ogg: -12.0 dB
ffmpeg -ac 2, 24-bit FLAC to flac: -19.5 dB
ffmpeg -ac 2, 24-bit FLAC to opus: -12.0 dB
ffmpeg -ac 2, 24-bit FLAC to m4a: -12.0 dB
ffmpeg -ac 2, 24-bit FLAC to ogg: -12.0 dB
ffmpeg -ac 2 -rematrix_maxval 1, 24-bit FLAC to opus: -19.5 dB
PyAV's resampler to stereo of s16: -19.5 dB
PyAV's resampler to stereo of s32: -19.5 dB
PyAV's resampler to stereo of flt: -12.0 dB
EXPECTED
cmp seen expected
