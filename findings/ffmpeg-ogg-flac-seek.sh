#!/bin/sh
# FFmpeg (libavformat 62, by PyAV 18.1.0), FLAC in Ogg, as ffmpeg itself writes it, with a second of sound to a page: once a part of the file
# has been read, a seek back into that part lands at the beginning of a page but gives the frames there the times of the place asked for.
# Sound is up to a page off its own timestamps, here 0.96 s, without a word, for as long as it is played. A seek in a
# file freshly opened is right, so a test that opens, seeks and decodes finds nothing; a player in which the listener goes back has it.
# The same samples in a .flac file are right both times, and so is Ogg FLAC with one packet to a page (-page_duration 1).
# Each sample of the FLAC files is its own number, so the place is read from the sound. Needs Debian's ffmpeg. Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0 numpy==2.3.5
python3 - "$folder/numbers.wav" <<'PYTHON'
import struct
import sys
import wave

with wave.open(sys.argv[1], "wb") as file:
    file.setnchannels(2)
    file.setsampwidth(2)
    file.setframerate(48_000)
    file.writeframes(b"".join(struct.pack("<hh", *divmod(n, 4096)) for n in range(20 * 48_000)))
PYTHON
cd "$folder"
ffmpeg -loglevel error -i numbers.wav -c:a flac plain.flac
ffmpeg -loglevel error -i numbers.wav -c:a flac seconds.oga
ffmpeg -loglevel error -i numbers.wav -c:a flac -page_duration 1 packets.oga
"$folder/venv/bin/python" - > seen <<'PYTHON'
import av

PLACES_SEC = (2, 5, 7.3, 13.21)


def place_after_seek(source, stream, sec: float) -> tuple[float, float]:
    """Said and true place of the first sample, in seconds."""
    source.seek(int(sec / stream.time_base), stream=stream)
    frame = next(source.decode(stream))
    block, rest = frame.to_ndarray().ravel()[:2].tolist()
    return float(frame.pts * frame.time_base), (block * 4096 + rest) / stream.rate


print("PyAV", av.__version__, "libavformat", av.library_versions["libavformat"][0])
for name in ("plain.flac", "packets.oga", "seconds.oga"):
    for is_read in (False, True):
        with av.open(name) as source:
            stream = source.streams.audio[0]
            if is_read:
                for _ in source.decode(stream):
                    pass
            places = [place_after_seek(source, stream, sec) for sec in PLACES_SEC]
        print(name, "read once before" if is_read else "freshly opened")
        print("  " + ", ".join(f"said {said:.3f} is {true:.3f}" for said, true in places))
PYTHON
cat seen
cat > expected <<'EXPECTED'
PyAV 18.1.0 libavformat 62
plain.flac freshly opened
  said 1.920 is 1.920, said 4.992 is 4.992, said 7.296 is 7.296, said 13.152 is 13.152
plain.flac read once before
  said 1.920 is 1.920, said 4.992 is 4.992, said 7.296 is 7.296, said 13.152 is 13.152
packets.oga freshly opened
  said 1.920 is 1.920, said 4.992 is 4.992, said 7.296 is 7.296, said 13.152 is 13.152
packets.oga read once before
  said 1.920 is 1.920, said 4.992 is 4.992, said 7.296 is 7.296, said 13.152 is 13.152
seconds.oga freshly opened
  said 0.000 is 0.000, said 3.168 is 3.168, said 6.336 is 6.336, said 12.672 is 12.672
seconds.oga read once before
  said 1.920 is 1.056, said 4.992 is 4.224, said 7.296 is 6.336, said 13.152 is 12.672
EXPECTED
cmp seen expected
