// AIFF, AIFF-C and AU hold plain samples, as WAV does: written as a WAV they play in browsers that know neither (rule P36). Pure.

import { extendedAt } from "../../index/length/chunks.ts";
import { chunksIn, isAt, nameAt, viewOf } from "../../index/length/reading.ts";
import type { Pcm } from "./pcm.ts";

const FORM_HEADER_BYTES = 12;
const SSND_HEADER_BYTES = 8;
/** Without its fields a COMM chunk has 18 bytes; AIFF-C names a codec behind them. */
const COMM_BYTES = 18;
type Kind = Pick<Pcm, "kind" | "isLittleEndian">;
const BIG: Kind = { kind: "integer", isLittleEndian: false };
const AIFC_KINDS: Readonly<Record<string, Kind>> = {
  NONE: BIG,
  twos: BIG,
  in24: BIG,
  in32: BIG,
  sowt: { kind: "integer", isLittleEndian: true },
  "raw ": { kind: "unsigned", isLittleEndian: false },
  fl32: { kind: "float", isLittleEndian: false },
  FL32: { kind: "float", isLittleEndian: false },
  fl64: { kind: "float", isLittleEndian: false },
  FL64: { kind: "float", isLittleEndian: false },
};

export const isAiff = (bytes: Uint8Array): boolean => isAt(bytes, 0, "FORM") && isAt(bytes, 8, "AIF");
export const isAu = (bytes: Uint8Array): boolean => isAt(bytes, 0, ".snd");

/** Null for a codec that is no plain samples. */
export function aiffPcm(bytes: Uint8Array): Pcm | null {
  const view = viewOf(bytes);
  let about: Pick<Pcm, "channels" | "rateHz" | "sampleBytes" | "kind" | "isLittleEndian"> | null = null;
  let sound: { startByte: number; endByte: number } | null = null;
  for (const { name, start, end } of chunksIn(bytes, FORM_HEADER_BYTES, false)) {
    if (name === "COMM" && end - start >= COMM_BYTES) {
      const codec = end - start >= COMM_BYTES + 4 ? nameAt(bytes, start + COMM_BYTES) : "NONE";
      const kind = AIFC_KINDS[codec];
      const sampleBytes = Math.ceil(view.getUint16(start + 6) / 8);
      const rateHz = Math.round(extendedAt(view, start + 8));
      if (kind) about = { channels: view.getUint16(start), rateHz, sampleBytes, ...kind };
    }
    if (name === "SSND" && end - start > SSND_HEADER_BYTES) {
      sound = { startByte: start + SSND_HEADER_BYTES + view.getUint32(start), endByte: end };
    }
  }
  return about && sound && { ...about, ...sound, mask: 0 };
}

const AU_HEADER_BYTES = 24;
const AU_SAMPLES: Readonly<Record<number, Pick<Pcm, "kind" | "sampleBytes">>> = {
  2: { kind: "integer", sampleBytes: 1 },
  3: { kind: "integer", sampleBytes: 2 },
  4: { kind: "integer", sampleBytes: 3 },
  5: { kind: "integer", sampleBytes: 4 },
  6: { kind: "float", sampleBytes: 4 },
  7: { kind: "float", sampleBytes: 8 },
};

export function auPcm(bytes: Uint8Array): Pcm | null {
  if (bytes.length < AU_HEADER_BYTES) return null;
  const view = viewOf(bytes);
  const samples = AU_SAMPLES[view.getUint32(12)];
  const startByte = view.getUint32(4);
  // All ones, as a pipe leaves it, is more than any file has.
  const endByte = Math.min(bytes.length, startByte + view.getUint32(8));
  const [rateHz, channels] = [view.getUint32(16), view.getUint32(20)];
  return samples
    ? { ...samples, channels, rateHz, isLittleEndian: false, startByte, endByte, mask: 0 }
    : null;
}
