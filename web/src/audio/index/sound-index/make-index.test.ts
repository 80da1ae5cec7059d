// What holds for indexes of all containers.

import { describe, expect, it } from "vitest";
import { MAX_POINTS } from "./limits.ts";
import { makeSoundIndex } from "./make-index.ts";
import { type CodedRun, sliceCountOf, sliceOf } from "./sound-index.ts";
import { wav } from "./testing/sound-files.ts";

describe("the index of a song of nine hours", () => {
  it("[S44] has no more points than that of four: they lie further apart", async () => {
    const frames = 9 * 3_600 * 8_000;
    const head = wav({ bits: 8, data: [], told: frames });
    const read = async (fromByte: number, toByte: number) => {
      const bytes = new Uint8Array(toByte - fromByte);
      bytes.set(head.subarray(fromByte, toByte));
      return bytes;
    };
    const index = await makeSoundIndex({ sizeBytes: head.length + frames, read });
    const run = index?.runs[0] as CodedRun;
    expect(run.pointFrames.length).toBeLessThanOrEqual(MAX_POINTS);
    expect([...run.pointFrames.slice(0, 3)]).toEqual([0, 24_000, 48_000]);
    expect(run.lengthFrames).toBe(frames);
    expect(sliceOf(run, sliceCountOf(run) - 1).toFrame).toBe(run.codedFrames);
  });
});
