"""Odd files for the decoder of a headless peer, made with PyAV and by bytes; noise from a seed."""

from __future__ import annotations

import io
import struct
import subprocess
import wave
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
SAMPLE_WIDTH = 2


def noise(seconds: float, channels: int = 2, rate: int = 44_100, seed: int = 1) -> Samples:
    """Frames x channels, a tenth of full scale."""
    shape = (round(seconds * rate), channels)
    return np.random.default_rng(seed).integers(-3276, 3276, shape).astype(np.int16)


def tone(seconds: float, frequency_hz: float, channels: int = 2, rate: int = 44_100) -> Samples:
    wave_of_one = 3276 * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave_of_one[:, None], channels, axis=1).astype(np.int16)


def wav(samples: Samples, rate: int = 44_100) -> bytes:
    with io.BytesIO() as file:
        with wave.open(file, "wb") as writer:
            writer.setnchannels(samples.shape[1])
            writer.setsampwidth(SAMPLE_WIDTH)
            writer.setframerate(rate)
            writer.writeframes(samples.astype("<i2").tobytes())
        return file.getvalue()


def extensible_wav(
    frames: bytes, *, channels: int, bits: int, valid: int, mask: int, is_float: bool
) -> bytes:
    """WAVE_FORMAT_EXTENSIBLE at 44.1 kHz."""
    block = channels * bits // 8
    guid = struct.pack("<H", 3 if is_float else 1) + bytes.fromhex("000000001000800000aa00389b71")
    fmt = (
        struct.pack("<HHIIHHHHI", 0xFFFE, channels, 44_100, 44_100 * block, block, bits, 22, valid, mask)
        + guid
    )
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(frames)) + frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def encoded(samples: Samples, kind: str, codec: str, rate: int = 44_100) -> bytes:
    """By FFmpeg; `kind` is its name of the container."""
    layout = {1: "mono", 2: "stereo", 4: "quad", 6: "5.1"}[samples.shape[1]]
    with io.BytesIO() as file:
        with av.open(file, "w", format=kind) as container:
            stream = container.add_stream(codec, rate=rate, layout=layout)
            assert isinstance(stream, av.AudioStream)
            # FFmpeg's own Vorbis; and AAC whose noise is not drawn by the decoder.
            without_noise = {"aac_pns": "0"} if codec == "aac" else {}
            stream.codec_context.options = {"strict": "experimental", **without_noise}
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.reshape(1, -1)), "s16", layout)
            frame.sample_rate = rate
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                container.mux(packet)
        return file.getvalue()


def mp3(samples: Samples, rate: int = 44_100) -> bytes:
    return encoded(samples, "mp3", "libmp3lame", rate)


def ogg_flac(samples: Samples, rate: int = 44_100) -> bytes:
    """By the ffmpeg command: PyAV does not put this codec into Ogg."""
    command = ["ffmpeg", "-v", "error", "-i", "-", "-c:a", "flac", "-f", "ogg", "-"]
    return subprocess.run(command, input=wav(samples, rate), capture_output=True, check=True).stdout


def id3v1(title: bytes) -> bytes:
    return b"TAG" + title.ljust(125, b"\0")


def with_hole(content: bytes, size_bytes: int, seed: int | None = 1) -> bytes:
    """Noise from a seed in its middle; None: zeros."""
    middle = len(content) // 2
    hole = bytes(size_bytes) if seed is None else np.random.default_rng(seed).bytes(size_bytes)
    return content[:middle] + hole + content[middle + size_bytes :]


def begun_later(ogg: bytes, frames: int) -> bytes:
    """As recorded from a broadcast: the headers, and then pages that count from another beginning."""
    pages, at = [], 0
    while at < len(ogg):
        segments = ogg[at + 26]
        end = at + 27 + segments + sum(ogg[at + 27 : at + 27 + segments])
        page = bytearray(ogg[at:end])
        [granule] = struct.unpack_from("<q", page, 6)
        if granule > 0:
            struct.pack_into("<q", page, 6, granule + frames)
        struct.pack_into("<I", page, 22, 0)
        struct.pack_into("<I", page, 22, _ogg_checksum(page))
        pages.append(bytes(page))
        at = end
    return b"".join(pages)


def _ogg_checksum(page: bytearray) -> int:
    """RFC 3533, section 6: 0x04c11db7, the most significant bit first."""
    checksum = 0
    for byte in page:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1) ^ (0x04C11DB7 if checksum & 0x80000000 else 0)
        checksum &= 0xFFFFFFFF
    return checksum


def saved(folder: Path, content: bytes, name: str = "song") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
