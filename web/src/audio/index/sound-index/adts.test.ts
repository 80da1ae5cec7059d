import { describe, expect, it } from "vitest";
import { join, zeros } from "../tags/testing/tag-bytes.ts";
import { adtsFrame, ID3V1, id3, indexOf, repeat, runOf, runsOf, soundBytes } from "./testing/sound-files.ts";

const frames = (count: number, fields = {}): Uint8Array => repeat(adtsFrame(fields), count);

describe("the index of AAC in ADTS", () => {
  it("has a point at the first packet of every second", async () => {
    const bytes = frames(200);
    const run = await runOf(bytes);
    expect(run).toMatchObject({
      kind: "adts",
      sampleRate: 44_100,
      channels: 2,
      endByte: 20_000,
      primingFrames: 0,
    });
    expect([...run.pointFrames].slice(0, 3)).toEqual([0, 44 * 1_024, 88 * 1_024]);
    expect([...run.pointBytes].slice(0, 3)).toEqual([0, 4_400, 8_800]);
    expect(soundBytes(bytes, run)).toEqual(bytes);
  });

  it.each<[string, Uint8Array, number]>([
    ["with many blocks in a packet", frames(50, { blocks: 3 }), 150 * 1_024],
    ["in segments of a stream", repeat(join(id3(zeros(63)), frames(9)), 3), 27 * 1_024],
    ["with damage between", join(frames(9), zeros(99), [0xff, 0xf1], frames(9)), 18 * 1_024],
    ["that is cut off", join(frames(9), frames(1).subarray(0, 50)), 9 * 1_024],
    ["with a tag at the end", join(frames(9), ID3V1), 9 * 1_024],
  ])("counts it %s", async (_, bytes, expected) => {
    expect((await runOf(bytes)).lengthFrames).toBe(expected);
  });

  it("begins a run where rate or channels change", async () => {
    const runs = await runsOf(join(frames(50), frames(50, { channels: 7 }), frames(50, { rateIndex: 3 })));
    expect(runs.map(({ channels, sampleRate }) => [channels, sampleRate])).toEqual([
      [2, 44_100],
      [8, 44_100],
      [2, 48_000],
    ]);
  });

  it.each<[string, Uint8Array]>([
    ["a low rate, which may be doubled", frames(50, { rateIndex: 6 })],
    ["a low rate behind another", join(frames(50), frames(50, { rateIndex: 7 }))],
    ["channels that stand among the sound", frames(50, { channels: 0 })],
  ])("is none for %s", async (_, bytes) => {
    expect(await indexOf(bytes)).toBe(null);
  });
});
