#!/bin/sh
# FFmpeg's WAV reader, by PyAV 18.1.0 (libavformat 62), and 24 valid bits in containers of 32 bits: WAVEFORMATEXTENSIBLE
# with the subformat of whole numbers (KSDATAFORMAT_SUBTYPE_PCM), as recorders write it. It is taken for 24-bit
# floating point (pcm_f24le), and the samples come out as other numbers, some of them NaN, without an error. The same
# samples with 32 valid bits are read right. Exits non-zero once either is read otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.2.6
"$folder/env/bin/python" - <<'PYTHON'
import io
import struct
import sys

import av
import numpy as np

RATE = 48_000
# A ramp from -0.5 to 0.5 of full scale in 24 bits, each number in the upper three bytes of four.
ramp = [((n % 1000) - 500) * 8388 for n in range(RATE)]
data = b"".join(struct.pack("<i", value << 8) for value in ramp)
PCM = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")


def read(valid_bits: int) -> tuple[str, float, float, float]:
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, RATE, 4 * RATE, 4, 32, 22, valid_bits, 4) + PCM
    chunks = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    song = io.BytesIO(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
    with av.open(song) as container:
        stream = container.streams.audio[0]
        raw = np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(stream)])
        name = stream.codec_context.name
    samples = raw / 2**31 if raw.dtype.kind == "i" else raw.astype(float)
    return name, float(np.nanmin(samples)), float(np.nanmax(samples)), float(np.isnan(samples).mean())


print("PyAV", av.__version__, "libavformat", ".".join(map(str, av.library_versions["libavformat"])))
seen = {bits: read(bits) for bits in (32, 24)}
for bits, (name, least, most, nan_share) in seen.items():
    print(f"{bits} valid bits: {name}, {least:.3g} to {most:.3g}, {nan_share:.2%} NaN")
is_right = seen[32][0] == "pcm_s32le" and abs(seen[32][2] - 0.5) < 0.01
is_misread = seen[24][0] == "pcm_f24le" and (seen[24][3] > 0 or abs(seen[24][2] - 0.5) > 0.01)
sys.exit(0 if is_right and is_misread else 1)
PYTHON
