#!/bin/sh
# Ogg lets streams follow each other in one file (RFC 3533, section 4, "chaining"), as radio recorders and `cat` make them. Four
# seconds and then six of one tone, in Opus and in Vorbis, each valid; ten seconds to ffmpeg's decoder (PyAV), to within 13 ms.
#  - Who asks for the length first is told 4 s by mutagen, tinytag and music-metadata: the first link only. PyAV says 6 s or nothing.
#  - python-soundfile (libsndfile 1.2.2) plays the first link of Vorbis and stops without a word; of Opus it says the file has
#    2^63 - 1 samples, so that reading it whole is refused as too large, while reading in parts ends after 4 s.
#  - ogg-opus-decoder returns 14 s for Opus: all ten, and four of silence behind them. Given the same bytes in parts it returns 4 s.
# Needs Node.js and Python. Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  av==18.1.0 numpy==2.3.5 soundfile==0.14.0 mutagen==1.48.1 tinytag==2.3.2
(cd "$folder" && npm install --silent --no-fund --no-audit ogg-opus-decoder@1.7.5 music-metadata@12.1.0)
cat > "$folder/seen.py" <<'PYTHON'
import io
import sys

import av
import mutagen
import numpy as np
import soundfile
import tinytag

print("libsndfile", soundfile.__libsndfile_version__)
RATE = 48_000


def link(seconds: int, codec: str) -> bytes:
    file = io.BytesIO()
    tone = np.sin(np.arange(seconds * RATE) * 2 * np.pi * 440 / RATE) * 0.3
    soundfile.write(file, np.stack([tone, tone], 1), RATE, format="OGG", subtype=codec)
    return file.getvalue()


for codec in ("OPUS", "VORBIS"):
    path = f"{sys.argv[1]}/{codec.lower()}.ogg"
    with open(path, "wb") as file:
        file.write(link(4, codec) + link(6, codec))
    with av.open(path) as source:
        decoded = sum(frame.samples for frame in source.decode(audio=0))
        said = source.duration and source.duration / 1e6
    print(f"{codec}: PyAV decodes {decoded / RATE:.2f} s and says {said}")
    print(f"{codec}: mutagen {mutagen.File(path).info.length}, tinytag {tinytag.TinyTag.get(path).duration}")
    file = soundfile.SoundFile(path)
    read = 0
    while part := len(file.read(RATE)):
        read += part
    print(f"{codec}: soundfile says {file.frames} samples and reads {read}")
PYTHON
cat > "$folder/seen.mjs" <<'NODE'
import { readFileSync } from "node:fs";
import { parseBuffer } from "music-metadata";
import { OggOpusDecoder } from "ogg-opus-decoder";

for (const name of ["opus.ogg", "vorbis.ogg"])
  console.log(`${name}: music-metadata ${(await parseBuffer(readFileSync(name), "audio/ogg")).format.duration}`);
const file = new Uint8Array(readFileSync("opus.ogg"));
const whole = new OggOpusDecoder();
await whole.ready;
const { samplesDecoded, channelData } = await whole.decodeFile(file);
const loudest = channelData[0].slice(481_000).reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
console.log(`ogg-opus-decoder: ${samplesDecoded / 48_000} s whole, silent behind ten: ${loudest === 0}`);
const inParts = new OggOpusDecoder();
await inParts.ready;
let samples = 0;
for (let at = 0; at < file.length; at += 1000)
  samples += (await inParts.decode(file.subarray(at, at + 1000))).samplesDecoded;
samples += (await inParts.flush()).samplesDecoded;
console.log(`ogg-opus-decoder: ${samples / 48_000} s in parts`);
NODE
{
  "$folder/venv/bin/python" "$folder/seen.py" "$folder"
  (cd "$folder" && node seen.mjs)
} > "$folder/seen"
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
libsndfile 1.2.2
OPUS: PyAV decodes 10.00 s and says None
OPUS: mutagen 4.0, tinytag 4.0
OPUS: soundfile says 9223372036854775807 samples and reads 192168
VORBIS: PyAV decodes 10.01 s and says 6.0
VORBIS: mutagen 4.0, tinytag 4.0
VORBIS: soundfile says 192000 samples and reads 192000
opus.ogg: music-metadata 4
vorbis.ogg: music-metadata 4
ogg-opus-decoder: 14 s whole, silent behind ten: true
ogg-opus-decoder: 4 s in parts
EXPECTED
cmp "$folder/seen" "$folder/expected"
