// How far a song can sound from the parts of its file that are here, by its sound index. Pure but for unfolding the index. Seconds
// in the song; bytes of the file.

import type { Bytes } from "../../lib/index.ts";
import { decodeIndex } from "../index/sound-index/index-codec.ts";
import { rangesOfSlice } from "../index/sound-index/slice-bytes.ts";
import { durationSecOf, type SoundIndex, sliceCountOf, sliceOf } from "../index/sound-index/sound-index.ts";
import type { ByteRange } from "./sound.ts";

/** Those of a day: an index of more is not kept, as it takes memory for every file that is listed. */
const MAX_SLICES = 20_000;
/** Of a film, pictures lie between the packets of sound: what is so near each other comes in the same piece, or the next. */
const NEAR_BYTES = 2 ** 20;

export class PlayableSong {
  readonly durationSec: number;
  /** Of each slice in the order in which they sound: where its sound ends, and which bytes it is decoded from. */
  readonly #endSec: Float64Array;
  readonly #ranges: readonly (readonly ByteRange[])[];

  constructor(index: SoundIndex) {
    this.durationSec = durationSecOf(index);
    const slices: { readonly endSec: number; readonly ranges: ByteRange[] }[] = [];
    let startSec = 0;
    for (const run of index.runs) {
      const { sampleRate, primingFrames, lengthFrames } = run;
      for (let number = 0; number < sliceCountOf(run); number++) {
        const slice = sliceOf(run, number);
        const endFrame = Math.min(lengthFrames, slice.toFrame - primingFrames);
        if (endFrame > 0 && slice.fromFrame < primingFrames + lengthFrames)
          slices.push({ endSec: startSec + endFrame / sampleRate, ranges: joined(rangesOfSlice(slice)) });
      }
      startSec += lengthFrames / sampleRate;
    }
    this.#endSec = Float64Array.from(slices, ({ endSec }) => endSec);
    this.#ranges = slices.map(({ ranges }) => ranges);
  }

  /** Where the sound ends that can be played from `atSec` on without a gap; `atSec` where nothing can. */
  playableSec(atSec: number, holds: (range: ByteRange) => boolean): number {
    let endSec = Math.min(Math.max(0, atSec), this.durationSec);
    for (let number = this.#numberAt(endSec); number < this.#endSec.length; number++) {
      if (!this.#ranges[number]?.every(holds)) break;
      endSec = this.#endSec[number] ?? endSec;
    }
    return endSec;
  }

  /** The slice in which the sound at `atSec` lies, by bisection. */
  #numberAt(atSec: number): number {
    let low = 0;
    let high = this.#endSec.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#endSec[middle] ?? 0) > atSec) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Null for an index that cannot be one of this file, or is of more than a day. */
export async function playableSongOf(index: Bytes, sizeBytes: number): Promise<PlayableSong | null> {
  const unfolded = await decodeIndex(index, sizeBytes);
  const slices = unfolded?.runs.reduce((sum, run) => sum + sliceCountOf(run), 0) ?? 0;
  return unfolded && slices <= MAX_SLICES ? new PlayableSong(unfolded) : null;
}

/** In the order of the file; those near each other are one. */
function joined(ranges: readonly ByteRange[]): ByteRange[] {
  const all: ByteRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.fromByte - b.fromByte)) {
    const last = all.at(-1);
    if (last && range.fromByte - last.toByte <= NEAR_BYTES)
      all[all.length - 1] = { ...last, toByte: Math.max(last.toByte, range.toByte) };
    else all.push(range);
  }
  return all;
}
