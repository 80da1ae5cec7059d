// The sound index of a WAV of 16 bits in mono, as its owner would publish it.

import type { Bytes } from "../../lib/index.ts";
import { encodeIndex } from "../index/sound-index/index-codec.ts";
import { makeSoundIndex } from "../index/sound-index/make-index.ts";
import { fileOf } from "./byte-source.ts";

export async function wavIndex(seconds: number, rate: number): Promise<Bytes> {
  const bytes = new Uint8Array(44 + 2 * seconds * rate);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("RIFF....WAVEfmt "));
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  bytes.set(new TextEncoder().encode("data"), 36);
  view.setUint32(40, bytes.length - 44, true);
  const index = await makeSoundIndex(fileOf(bytes));
  const folded = index && (await encodeIndex(index));
  if (!folded) throw new Error("a WAV has an index");
  return folded;
}
