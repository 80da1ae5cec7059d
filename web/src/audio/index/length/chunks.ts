// The length of WAV, AIFF and FLAC: a header that says rate and frames. Pure.

import { chunksIn, nameAt, type SoundLength, viewOf } from "./reading.ts";

const RIFF_HEADER_BYTES = 12;
/** A recorder that was cut off, or wrote to a pipe, leaves one of these as the size of the sound. */
const UNKNOWN_SIZES = new Set([0, 0xffffffff]);

/** Of these two every sample takes the same room; the others count their samples in a chunk of their own. */
const PLAIN_FORMATS = new Set([1, 3, 0xfffe]);

/** By bytes a second; the sound ends with the file whatever its chunk says. */
export function wavLength(bytes: Uint8Array): SoundLength | null {
  const view = viewOf(bytes);
  let format: { channels: number; bytesPerSec: number; rateHz: number; isPlain: boolean } | null = null;
  let countedFrames = 0;
  for (const { name, start, end } of chunksIn(bytes, RIFF_HEADER_BYTES, true)) {
    if (name === "fmt " && end - start >= 12) {
      format = {
        channels: view.getUint16(start + 2, true),
        bytesPerSec: view.getUint32(start + 8, true),
        rateHz: view.getUint32(start + 4, true),
        isPlain: PLAIN_FORMATS.has(view.getUint16(start, true)),
      };
    }
    if (name === "fact" && end - start >= 4) countedFrames = view.getUint32(start, true);
    if (name === "data" && format && format.bytesPerSec > 0) {
      if (!format.isPlain && countedFrames > 0 && format.rateHz > 0) {
        return { durationSec: countedFrames / format.rateHz, channels: format.channels, isRough: true };
      }
      const isUnknown = UNKNOWN_SIZES.has(view.getUint32(start - 4, true));
      const sizeBytes = (isUnknown ? bytes.length : end) - start;
      return { durationSec: sizeBytes / format.bytesPerSec, channels: format.channels };
    }
  }
  return null;
}

/** An 80-bit float, good enough for a rate: 15 bits of exponent, 64 of mantissa with the one in front. */
export function extendedAt(view: DataView, at: number): number {
  const exponent = (view.getUint16(at) & 0x7fff) - 16383;
  return view.getUint32(at + 2) * 2 ** (exponent - 31);
}

/** In AIFC, where a frame is a sample; others count packets of many samples, whose size they do not tell. */
const PLAIN_CODECS = /^(NONE|sowt|twos|raw |in24|in32|fl32|fl64|alaw|ulaw)$/i;

export function aiffLength(bytes: Uint8Array): SoundLength | null {
  const view = viewOf(bytes);
  for (const { name, start, end } of chunksIn(bytes, RIFF_HEADER_BYTES, false)) {
    if (name !== "COMM" || end - start < 18) continue;
    if (end - start >= 22 && !PLAIN_CODECS.test(nameAt(bytes, start + 18))) return null;
    return {
      durationSec: view.getUint32(start + 2) / extendedAt(view, start + 8),
      channels: view.getUint16(start),
    };
  }
  return null;
}

const STREAMINFO_BYTES = 34;

/** STREAMINFO is the first block, at `at`; also inside Ogg. No frame count where the encoder wrote to a pipe. */
export function flacLength(bytes: Uint8Array, at: number): SoundLength | null {
  const isStreamInfo = ((bytes[at] ?? 0xff) & 0x7f) === 0;
  if (!isStreamInfo || at + 4 + STREAMINFO_BYTES > bytes.length) return null;
  const { rateHz, channels, frames } = streamInfoAt(viewOf(bytes), at + 4);
  return frames > 0 ? { durationSec: frames / rateHz, channels } : null;
}

/** Twenty bits of rate, three of channels, five of depth, thirty-six of frames. */
export function streamInfoAt(view: DataView, start: number) {
  const packed = view.getUint32(start + 10);
  return {
    rateHz: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    frames: (packed & 0x0f) * 2 ** 32 + view.getUint32(start + 14),
  };
}
