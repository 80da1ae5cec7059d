// Files of every container that were cut, spliced, doubled and flipped, each from a seed: an index or none, and nothing else.

import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../../lib/testing/index.ts";
import { join, zeros } from "../tags/testing/tag-bytes.ts";
import { faultOf, sliceCountOf, sliceOf } from "./sound-index.ts";
import {
  adtsFrame,
  aiff,
  ape,
  au,
  flac,
  ID3V1,
  id3,
  indexOf,
  mp3Frame,
  repeat,
  wav,
  xingFrame,
} from "./testing/sound-files.ts";

const MUTATIONS = Number(process.env.UNISONO_FUZZ_INPUTS ?? 2_000);
const LIMIT_MS = 3_600_000;

const mp3 = join(
  id3("iTunSMPB 00000000"),
  xingFrame({ mp3Frames: 9 }),
  repeat(mp3Frame({ kbps: 32 }), 60),
  ape(9),
  ID3V1,
);
const FILES: Readonly<Record<string, Uint8Array>> = {
  MP3: join(mp3, mp3),
  "MP3 in free format": repeat(mp3Frame({ freeBytes: 99 }), 99),
  ADTS: join(repeat(adtsFrame(), 60), id3("x"), repeat(adtsFrame({ channels: 1 }), 9)),
  FLAC: join(flac(25, 0, [0x84, 0, 0, 2, 1, 2]), ID3V1),
  WAV: wav({
    bits: 24,
    sampleBytes: 4,
    mask: 4,
    data: zeros(4 * 9_000),
    before: join("LIST", [3, 0, 0, 0], "abc\0"),
  }),
  RF64: wav({
    bits: 16,
    data: zeros(99),
    told: 0xffffffff,
    name: "RF64",
    before: join("ds64", [16, 0, 0, 0], zeros(16)),
  }),
  AIFF: aiff({ codec: "fl32", bits: 32, frames: 9_000, data: zeros(4 * 9_000) }),
  AU: au(3, zeros(18_000)),
};

/** Most changes fall on the first bytes, where the heads are. */
function mutated(seedBytes: Uint8Array, random: SeededRandom): Uint8Array {
  let bytes: Uint8Array = seedBytes.slice();
  const below = (count: number): number => Math.floor(random.fraction() * count);
  const place = (): number => below(random.fraction() < 0.5 ? Math.min(128, bytes.length) : bytes.length);
  for (let count = 1 + below(4); count > 0 && bytes.length > 0; count--) {
    const at = place();
    const size = 1 + below(16);
    switch (below(6)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 1:
        bytes.set(random.bytes(Math.min(size, bytes.length - at)), at);
        break;
      case 2:
        bytes.fill(random.fraction() < 0.5 ? 0 : 0xff, at, at + size);
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes = join(bytes.subarray(0, at), bytes.subarray(at + size));
        break;
      default:
        bytes = join(bytes.subarray(0, at), bytes.subarray(place()));
    }
  }
  return bytes;
}

describe("an index of damaged files", () => {
  it.each(Object.entries(FILES))(
    "%s",
    async (name, file) => {
      expect(await indexOf(file)).not.toBe(null);
      for (let seed = 0; seed < MUTATIONS; seed++) {
        const bytes = mutated(file, new SeededRandom(seed));
        try {
          const index = await indexOf(bytes);
          if (!index) continue;
          expect(faultOf(index, bytes.length)).toBe(null);
          for (const run of index.runs) {
            for (let slice = 0; slice < sliceCountOf(run); slice++) sliceOf(run, slice);
            expect(run.pointFrames.length).toBeLessThanOrEqual(1 + run.codedFrames / run.sampleRate);
          }
        } catch (error) {
          throw new Error(`${name}, seed ${seed}`, { cause: error });
        }
      }
    },
    LIMIT_MS,
  );
});
