#!/bin/sh
# PyAV 18.1.0 (ffmpeg 8.1.2 inside), three seconds of sound, encoded and decoded again: where the first decoded frame is said to
# lie, and how many samples come.
#  - MP3: encoder's delay and padding are cut to the sample, so the first sample is the source's first; yet its time is 25 ms.
#    Who places frames by their time puts every such MP3 25 ms late against the same sound in FLAC.
#  - MP3 inside MP4: nothing is cut, 1332 samples too many, and the first frame's time is 0.
#  - Opus: exact in Ogg and WebM; in MP4 648 samples too many behind the end, though the container's duration is 3 s.
# Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import io

import av
import numpy as np

print("PyAV", av.__version__)


def encode(container: str, codec: str, rate: int) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout="stereo")
        tone = np.sin(np.arange(3 * rate) * 2 * np.pi * 440 / rate).astype(np.float32) * 0.3
        frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), format="fltp", layout="stereo")
        frame.sample_rate = rate
        frame.pts = 0
        names = [known.name for known in stream.codec_context.codec.audio_formats]
        wanted = "fltp" if "fltp" in names else names[0]
        queue = av.AudioFifo()
        for part in av.AudioResampler(format=wanted, layout="stereo", rate=rate).resample(frame):
            queue.write(part)
        size = stream.codec_context.frame_size or 1024
        while (part := queue.read(size) or queue.read()) is not None:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))
    return file.getvalue()


for container, codec, rate in (
    ("flac", "flac", 44_100),
    ("mp3", "libmp3lame", 44_100),
    ("mp4", "libmp3lame", 44_100),
    ("ogg", "libopus", 48_000),
    ("webm", "libopus", 48_000),
    ("mp4", "libopus", 48_000),
):
    with av.open(io.BytesIO(encode(container, codec, rate))) as source:
        frames = list(source.decode(audio=0))
    first_ms = float(frames[0].pts * frames[0].time_base) * 1000
    extra = sum(frame.samples for frame in frames) - 3 * rate
    print(f"{codec} in {container}: first frame at {first_ms:.1f} ms, {extra} samples too many")
PYTHON
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
PyAV 18.1.0
flac in flac: first frame at 0.0 ms, 0 samples too many
libmp3lame in mp3: first frame at 25.1 ms, 0 samples too many
libmp3lame in mp4: first frame at 0.0 ms, 1332 samples too many
libopus in ogg: first frame at 0.0 ms, 0 samples too many
libopus in webm: first frame at 0.0 ms, 0 samples too many
libopus in mp4: first frame at 0.0 ms, 648 samples too many
EXPECTED
cmp "$folder/seen" "$folder/expected"
