// WAV as some programs write it and some browsers refuse it, or worse, decode it to noise (rule P36): sizes that were never
// filled in, RF64, 64-bit floats, 24 bits in 32, more than two channels. Pure.

import { chunksIn, isAt, viewOf } from "../../index/length/reading.ts";
import { type Pcm, toFloatWav, write } from "./pcm.ts";

const RIFF_HEADER_BYTES = 12;
const [PCM, FLOAT, EXTENSIBLE] = [1, 3, 0xfffe];
/** A recorder that was cut off, or wrote to a pipe, leaves one of these; RF64 has its true sizes elsewhere. */
const UNKNOWN_SIZES = new Set([0, 0xffffffff]);
/** So many samples tell whether 24 bits stand in the upper or in the lower three bytes of four. */
const LOOK_SAMPLES = 65_536;

export const isWav = (bytes: Uint8Array): boolean =>
  ["RIFF", "RF64", "BW64"].some((name) => isAt(bytes, 0, name)) && isAt(bytes, 8, "WAVE");

export interface WavFormat {
  /** PCM 1, float 3, A-law 6, … as the header or its extension says. */
  readonly code: number;
  readonly channels: number;
  readonly rateHz: number;
  readonly blockBytes: number;
  readonly bits: number;
  /** Of the bits that are stored, those that count. */
  readonly validBits: number;
  readonly mask: number;
}

interface WavParts {
  readonly format: WavFormat;
  readonly startByte: number;
  readonly endByte: number;
  readonly isSizeKnown: boolean;
}

/** The same array where nothing is to be done; sizes are put right in place. */
export function mendWav(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const parts = readWav(bytes);
  if (!parts) return bytes;
  const pcm = oddPcm(bytes, parts);
  const mended = pcm && toFloatWav(bytes, pcm);
  if (mended) return mended;
  const view = viewOf(bytes);
  if (!isAt(bytes, 0, "RIFF")) {
    write(bytes, 0, "RIFF");
    for (const { name, start } of chunksIn(bytes, RIFF_HEADER_BYTES, true)) {
      if (name === "ds64") write(bytes, start - 8, "JUNK");
    }
  } else if (parts.isSizeKnown) return bytes;
  view.setUint32(4, parts.endByte - 8, true);
  view.setUint32(parts.startByte - 4, parts.endByte - parts.startByte, true);
  return bytes.subarray(0, parts.endByte);
}

/** Null without a format or without sound. */
export function readWav(bytes: Uint8Array): WavParts | null {
  const view = viewOf(bytes);
  let format: WavFormat | null = null;
  let told64 = 0;
  for (const { name, start, end } of chunksIn(bytes, RIFF_HEADER_BYTES, true)) {
    if (name === "ds64" && end - start >= 16) told64 = Number(view.getBigUint64(start + 8, true));
    if (name === "fmt " && end - start >= 16) format = formatAt(view, start, end);
    if (name !== "data" || !format) continue;
    const told = view.getUint32(start - 4, true);
    const isSizeKnown = !UNKNOWN_SIZES.has(told);
    const toldEnd = start + (isSizeKnown ? told : told64 || bytes.length);
    return { format, startByte: start, endByte: Math.min(bytes.length, toldEnd), isSizeKnown };
  }
  return null;
}

function formatAt(view: DataView, start: number, end: number): WavFormat {
  const code = view.getUint16(start, true);
  const bits = view.getUint16(start + 14, true);
  const isExtended = code === EXTENSIBLE && end - start >= 40;
  return {
    code: isExtended ? view.getUint16(start + 24, true) : code,
    channels: view.getUint16(start + 2, true),
    rateHz: view.getUint32(start + 4, true),
    blockBytes: view.getUint16(start + 12, true),
    bits,
    validBits: isExtended ? view.getUint16(start + 18, true) || bits : bits,
    mask: isExtended ? view.getUint32(start + 20, true) : 0,
  };
}

/** Samples that no browser, or not every one, decodes as they are. */
function oddPcm(bytes: Uint8Array, { format, startByte, endByte }: WavParts): Pcm | null {
  const { code, channels, rateHz, blockBytes, bits, validBits, mask } = format;
  if ((code !== PCM && code !== FLOAT) || channels === 0 || blockBytes % channels !== 0) return null;
  const sampleBytes = blockBytes / channels;
  const isPadded = code === PCM && (validBits <= 8 * (sampleBytes - 1) || bits !== 8 * sampleBytes);
  const isOdd = channels > 2 || sampleBytes === 8 || (isPadded && sampleBytes === 4);
  if (!isOdd) return null;
  const kind = code === FLOAT ? "float" : sampleBytes === 1 ? "unsigned" : "integer";
  const pcm: Pcm = { channels, rateHz, sampleBytes, kind, isLittleEndian: true, startByte, endByte, mask };
  return isPadded && sampleBytes === 4 && isInLowerBytes(bytes, pcm) ? { ...pcm, bits: 24 } : pcm;
}

/** The standard has the sample in the upper bytes, some programs in the lower ones: then the top byte only repeats the sign. */
function isInLowerBytes(bytes: Uint8Array, { startByte, endByte }: Pcm): boolean {
  const view = viewOf(bytes);
  let hasLow = false;
  for (let at = startByte; at + 4 <= Math.min(endByte, startByte + 4 * LOOK_SAMPLES); at += 4) {
    const value = view.getInt32(at, true);
    if (value >= 2 ** 23 || value < -(2 ** 23)) return false;
    hasLow ||= (value & 0xff) !== 0;
  }
  return hasLow;
}
