import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../../lib/testing/index.ts";
import { big, join, zeros } from "../tags/testing/tag-bytes.ts";
import { sliceOf } from "./sound-index.ts";
import {
  flac,
  flacFrame,
  ID3V1,
  id3,
  indexOf,
  runOf,
  runsOf,
  STREAM_INFO,
  soundBytes,
} from "./testing/sound-files.ts";

const HEAD_BYTES = 42;
const frames = (from: number, to: number): Uint8Array =>
  join(...Array.from({ length: to - from }, (_, index) => flacFrame({ number: from + index })));
const head = flac(0);
const random = new SeededRandom(3);

describe("the index of a FLAC", () => {
  it("has a point at the first frame of every second", async () => {
    const bytes = flac(200);
    const run = await runOf(bytes);
    expect(run).toMatchObject({ kind: "flac", sampleRate: 48_000, channels: 2, endByte: bytes.length });
    expect(run.codedFrames).toBe(200 * 4_800);
    expect([...run.pointFrames].slice(0, 3)).toEqual([0, 48_000, 96_000]);
    expect(run.pointBytes[0]).toBe(HEAD_BYTES);
    expect(soundBytes(bytes, run)).toEqual(bytes.subarray(HEAD_BYTES));
  });

  it("puts STREAMINFO before each slice, as the last block, without the length and the checksum of all", async () => {
    const run = await runOf(join(id3(zeros(500)), flac(200, 0, [0x84, ...big(70_000, 3), ...zeros(70_000)])));
    const told = join("fLaC", [0x80, 0, 0, 34], STREAM_INFO.subarray(0, 14), zeros(20));
    expect(run.prefix).toEqual(told);
    expect(sliceOf(run, 2).parts[0]).toEqual({ literal: told });
    expect(run.pointBytes[0]).toBe(510 + HEAD_BYTES + 4 + 70_000);
  });

  const variable = [100, 4_000, 192, 60_000].reduce<{ at: number; all: Uint8Array }>(
    ({ at, all }, frames) => ({
      at: at + frames,
      all: join(all, flacFrame({ number: at, isVariable: true, frames })),
    }),
    { at: 0, all: head },
  );
  it.each<[string, Uint8Array, number]>([
    ["of blocks that vary", variable.all, variable.at],
    ["with a shorter last block", join(flac(20), flacFrame({ number: 20, frames: 77 })), 20 * 4_800 + 77],
    ["with a tag at the end", join(flac(20), ID3V1), 20 * 4_800],
    ["with junk at the end", join(flac(20), random.bytes(5_000)), 20 * 4_800],
    ["whose last frame is cut off", flac(20).subarray(0, -20), 19 * 4_800],
    ["whose blocks lead nowhere", flac(20, 0, [4, 0xff, 0xff, 0xff]), 20 * 4_800],
    ["that begins in the middle of another", flac(20, 1_000), 20 * 4_800],
    [
      "that begins beyond what 31 bits count",
      join(head, ...[0, 1, 2].map((n) => flacFrame({ number: 2 ** 32 + n }))),
      3 * 4_800,
    ],
    [
      "with headers that are none in a frame",
      join(flac(20), flacFrame({ number: 20, content: flacFrame({ number: 9 }) }), frames(21, 30)),
      30 * 4_800,
    ],
  ])("counts one %s", async (_, bytes, expected) => {
    const run = await runOf(bytes);
    expect([run.codedFrames, run.lengthFrames]).toEqual([expected, expected]);
  });

  it("ends with the last frame, whatever stands behind it", async () => {
    const bytes = flac(20);
    expect((await runOf(join(bytes, zeros(3_000)))).endByte).toBe(bytes.length + 3_000); // zeros keep a checksum at zero
    expect((await runOf(join(bytes, new Array(3_000).fill(1)))).endByte).toBe(bytes.length);
    expect((await runOf(join(bytes, ID3V1))).endByte).toBe(bytes.length);
  });

  it("keeps the time of what is missing", async () => {
    const run = await runOf(join(flac(25), random.bytes(9_000), frames(57, 100)));
    expect(run.codedFrames).toBe(100 * 4_800);
    expect([...run.pointFrames]).toEqual([0, 10, 20, 57, 67, 77, 87, 97].map((frame) => frame * 4_800));
  });

  it("begins a run with a file that was joined", async () => {
    const runs = await runsOf(join(flac(20), flac(30)));
    expect(runs.map((run) => run.codedFrames)).toEqual([20 * 4_800, 30 * 4_800]);
  });

  it("takes out a silence of more than ten seconds", async () => {
    const runs = await runsOf(join(flac(25), frames(157, 200)));
    expect(runs.map((run) => run.codedFrames)).toEqual([25 * 4_800, 43 * 4_800]);
  });

  it.each<[string, Uint8Array]>([
    ["no frames", head],
    ["frames of another stream", join(head.slice(0, 18), [1], head.slice(19), frames(0, 20))],
    ["a first block of another kind", join("fLaC", [0x84, 0, 0, 34], STREAM_INFO, frames(0, 20))],
    ["a head that is cut off", head.subarray(0, 30)],
  ])("is none for %s", async (_, bytes) => {
    expect(await indexOf(bytes)).toBe(null);
  });
});
