// The sound index of WAV with plain samples, also as some programs write it: sizes that were never filled in, RF64 and BW64,
// big-endian RIFX, 24 bits in 32. Reads in steps. Bytes of the file.

import { isAt } from "../length/reading.ts";
import { chunksFrom } from "./chunk-walk.ts";
import type { FileReader } from "./file-reader.ts";
import { pcmIndex } from "./pcm-samples.ts";
import type { PcmLayout, SoundIndex } from "./sound-index.ts";

const RIFF_HEADER_BYTES = 12;
const [PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE] = [1, 3, 6, 7, 0xfffe];
const [FORMAT_BYTES, EXTENSIBLE_BYTES] = [16, 40];
/** A recorder that was cut off, or wrote to a pipe, leaves one of these; RF64 has its true sizes elsewhere. */
const UNKNOWN_SIZES = [0, 0xffffffff];
/** So many samples tell whether 24 bits stand in the upper or in the lower three bytes of four. */
const LOOK_SAMPLES = 65_536;

interface WavFormat {
  /** As the header or its extension says. */
  readonly code: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly sampleBytes: number;
  /** Of the bits that are stored, those that count. */
  readonly validBits: number;
  readonly mask: number;
}

/** Null for a codec that is no plain samples. */
export async function indexWav(reader: FileReader, startByte: number): Promise<SoundIndex | null> {
  const head = await reader.copy(startByte, startByte + RIFF_HEADER_BYTES);
  const isWav = ["RIFF", "RIFX", "RF64", "BW64"].some((name) => isAt(head, 0, name)) && isAt(head, 8, "WAVE");
  if (!isWav) return null;
  const isLittleEndian = !isAt(head, 0, "RIFX");
  let format: WavFormat | null = null;
  let told64 = 0;
  for await (const { name, ...chunk } of chunksFrom(reader, startByte + RIFF_HEADER_BYTES, isLittleEndian)) {
    const sizeBytes = chunk.endByte - chunk.startByte;
    if (name === "ds64" && sizeBytes >= 16) {
      await reader.ensure(chunk.startByte, 16);
      told64 = Number(reader.view.getBigUint64(chunk.startByte - reader.base + 8, isLittleEndian));
    }
    if (name === "fmt " && sizeBytes >= FORMAT_BYTES) {
      await reader.ensure(chunk.startByte, EXTENSIBLE_BYTES);
      format = formatAt(reader.view, chunk.startByte - reader.base, sizeBytes, isLittleEndian);
    }
    if (name !== "data" || !format) continue;
    const isSizeKnown = !UNKNOWN_SIZES.includes(chunk.toldBytes);
    const toldEnd = chunk.startByte + (isSizeKnown ? chunk.toldBytes : told64 || reader.sizeBytes);
    const endByte = Math.min(reader.sizeBytes, toldEnd);
    const layout = await layoutOf(reader, format, isLittleEndian, chunk.startByte, endByte);
    return layout && pcmIndex({ ...format, layout, startByte: chunk.startByte, endByte });
  }
  return null;
}

function formatAt(view: DataView, at: number, sizeBytes: number, isLittleEndian: boolean): WavFormat {
  const code = view.getUint16(at, isLittleEndian);
  const channels = view.getUint16(at + 2, isLittleEndian);
  const blockBytes = view.getUint16(at + 12, isLittleEndian);
  const bits = view.getUint16(at + 14, isLittleEndian);
  const isExtended = code === EXTENSIBLE && sizeBytes >= EXTENSIBLE_BYTES;
  const isBlockRight = blockBytes > 0 && blockBytes % channels === 0;
  return {
    code: isExtended ? view.getUint16(at + 24, isLittleEndian) : code,
    channels,
    sampleRate: view.getUint32(at + 4, isLittleEndian),
    sampleBytes: isBlockRight ? blockBytes / channels : Math.ceil(bits / 8),
    validBits: (isExtended ? view.getUint16(at + 18, isLittleEndian) : 0) || bits,
    mask: isExtended ? view.getUint32(at + 20, isLittleEndian) : 0,
  };
}

async function layoutOf(
  reader: FileReader,
  { code, sampleBytes, validBits, mask }: WavFormat,
  isLittleEndian: boolean,
  startByte: number,
  endByte: number,
): Promise<PcmLayout | null> {
  const layout = { sampleBytes, bits: 8 * sampleBytes, isLittleEndian, mask };
  switch (code) {
    case PCM: {
      if (sampleBytes === 1) return { ...layout, encoding: "unsigned" };
      const isPadded = sampleBytes === 4 && validBits <= 24;
      const isLow = isPadded && (await isInLowerBytes(reader, startByte, endByte, isLittleEndian));
      return { ...layout, encoding: "integer", bits: isLow ? 24 : layout.bits };
    }
    case FLOAT:
      return { ...layout, encoding: "float" };
    case A_LAW:
      return { ...layout, encoding: "a-law" };
    case MU_LAW:
      return { ...layout, encoding: "mu-law" };
    default:
      return null;
  }
}

/** The standard has the sample in the upper bytes, some programs in the lower ones: then the top byte only repeats the sign. */
async function isInLowerBytes(
  reader: FileReader,
  startByte: number,
  endByte: number,
  isLittleEndian: boolean,
): Promise<boolean> {
  const bytes = await reader.copy(startByte, Math.min(endByte, startByte + 4 * LOOK_SAMPLES));
  const view = new DataView(bytes.buffer);
  let hasLow = false;
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const value = view.getInt32(at, isLittleEndian);
    if (value >= 2 ** 23 || value < -(2 ** 23)) return false;
    hasLow ||= (value & 0xff) !== 0;
  }
  return hasLow;
}
