// The sound index of AIFF, AIFF-C and AU with plain samples. Reads in steps. Bytes of the file.

import { isAt, nameAt } from "../length/reading.ts";
import { chunksFrom } from "./chunk-walk.ts";
import type { FileReader } from "./file-reader.ts";
import { pcmIndex } from "./pcm-samples.ts";
import type { PcmLayout, SoundIndex } from "./sound-index.ts";

export async function indexAiffOrAu(reader: FileReader, startByte: number): Promise<SoundIndex | null> {
  const head = await reader.copy(startByte, startByte + AU_HEADER_BYTES);
  if (isAt(head, 0, "FORM") && isAt(head, 8, "AIF")) return indexAiff(reader, startByte);
  return isAt(head, 0, ".snd") ? indexAu(reader, startByte) : null;
}

interface Codec {
  readonly encoding: PcmLayout["encoding"];
  /** Where the codec says it; else the file's bits do. */
  readonly sampleBytes?: number;
  readonly isLittleEndian?: boolean;
}

const FORM_HEADER_BYTES = 12;
const SSND_HEADER_BYTES = 8;
/** Without its fields a COMM chunk has 18 bytes; AIFF-C names a codec behind them. */
const COMM_BYTES = 18;
const CODEC_BYTES = 4;
/** By its name in lower case: QuickTime writes some in capitals. */
const AIFC_CODECS: Readonly<Record<string, Codec>> = {
  none: { encoding: "integer" },
  twos: { encoding: "integer" },
  sowt: { encoding: "integer", isLittleEndian: true },
  in24: { encoding: "integer", sampleBytes: 3 },
  "42ni": { encoding: "integer", sampleBytes: 3, isLittleEndian: true },
  in32: { encoding: "integer", sampleBytes: 4 },
  "23ni": { encoding: "integer", sampleBytes: 4, isLittleEndian: true },
  "raw ": { encoding: "unsigned" },
  fl32: { encoding: "float", sampleBytes: 4 },
  fl64: { encoding: "float", sampleBytes: 8 },
  alaw: { encoding: "a-law", sampleBytes: 1 },
  ulaw: { encoding: "mu-law", sampleBytes: 1 },
};
/** A program that wrote to a pipe leaves one of these. */
const UNKNOWN_SIZES = [0, SSND_HEADER_BYTES, 0xffffffff];

interface Common {
  readonly channels: number;
  readonly frames: number;
  readonly sampleRate: number;
  readonly layout: PcmLayout | null;
}

/** Sound and what is to know of it come in any order. */
async function indexAiff(reader: FileReader, startByte: number): Promise<SoundIndex | null> {
  let common: Common | null = null;
  let sound: { readonly startByte: number; readonly endByte: number } | null = null;
  for await (const chunk of chunksFrom(reader, startByte + FORM_HEADER_BYTES, false)) {
    const sizeBytes = chunk.endByte - chunk.startByte;
    if (chunk.name === "COMM" && sizeBytes >= COMM_BYTES) {
      await reader.ensure(chunk.startByte, COMM_BYTES + CODEC_BYTES);
      common = commonAt(reader, chunk.startByte, sizeBytes);
    }
    if (chunk.name === "SSND") {
      await reader.ensure(chunk.startByte, SSND_HEADER_BYTES);
      const offsetBytes = reader.view.getUint32(chunk.startByte - reader.base);
      const isSizeKnown = !UNKNOWN_SIZES.includes(chunk.toldBytes);
      sound = {
        startByte: chunk.startByte + SSND_HEADER_BYTES + offsetBytes,
        endByte: isSizeKnown ? chunk.endByte : reader.sizeBytes,
      };
    }
    if (common && sound) break;
  }
  if (!common?.layout || !sound) return null;
  const { channels, sampleRate, layout } = common;
  // Behind the last frame may stand what fills up the chunk.
  const toldBytes = common.frames * channels * layout.sampleBytes;
  const endByte = toldBytes > 0 ? Math.min(sound.endByte, sound.startByte + toldBytes) : sound.endByte;
  return pcmIndex({ layout, sampleRate, channels, startByte: sound.startByte, endByte });
}

function commonAt({ bytes, view, base }: FileReader, startByte: number, sizeBytes: number): Common {
  const at = startByte - base;
  const name = sizeBytes >= COMM_BYTES + CODEC_BYTES ? nameAt(bytes, at + COMM_BYTES) : "NONE";
  const sampleBytes = Math.ceil(view.getUint16(at + 6) / 8);
  return {
    channels: view.getUint16(at),
    frames: view.getUint32(at + 2),
    sampleRate: Math.round(extendedAt(view, at + 8)),
    layout: layoutOf(AIFC_CODECS[name.toLowerCase()], sampleBytes),
  };
}

function layoutOf(codec: Codec | undefined, toldBytes = 0): PcmLayout | null {
  if (!codec) return null;
  const { encoding, sampleBytes = toldBytes, isLittleEndian = false } = codec;
  return { encoding, sampleBytes, bits: 8 * sampleBytes, isLittleEndian, mask: 0 };
}

/** An 80-bit float, good enough for a rate: 15 bits of exponent, 64 of mantissa with the one in front. */
function extendedAt(view: DataView, at: number): number {
  const exponent = (view.getUint16(at) & 0x7fff) - 16_383;
  return view.getUint32(at + 2) * 2 ** (exponent - 31);
}

const AU_HEADER_BYTES = 24;
const AU_CODECS: Readonly<Record<number, Codec>> = {
  1: { encoding: "mu-law", sampleBytes: 1 },
  2: { encoding: "integer", sampleBytes: 1 },
  3: { encoding: "integer", sampleBytes: 2 },
  4: { encoding: "integer", sampleBytes: 3 },
  5: { encoding: "integer", sampleBytes: 4 },
  6: { encoding: "float", sampleBytes: 4 },
  7: { encoding: "float", sampleBytes: 8 },
  27: { encoding: "a-law", sampleBytes: 1 },
};

async function indexAu(reader: FileReader, startByte: number): Promise<SoundIndex | null> {
  await reader.ensure(startByte, AU_HEADER_BYTES);
  const [offsetBytes, sizeBytes, codec, sampleRate, channels] = Array.from({ length: 5 }, (_, field) =>
    reader.view.getUint32(startByte - reader.base + 4 + 4 * field),
  ) as [number, number, number, number, number];
  const layout = layoutOf(AU_CODECS[codec]);
  if (!layout || offsetBytes < AU_HEADER_BYTES) return null;
  const soundByte = startByte + offsetBytes;
  // All ones, as a pipe leaves it, is more than any file has.
  const endByte = Math.min(reader.sizeBytes, sizeBytes === 0 ? reader.sizeBytes : soundByte + sizeBytes);
  return pcmIndex({ layout, sampleRate, channels, startByte: soundByte, endByte });
}
