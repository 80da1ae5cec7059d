import { describe, expect, it } from "vitest";
import { big, join, little, type Part, zeros } from "../tags/testing/tag-bytes.ts";
import { pcmSamples } from "./pcm-samples.ts";
import { aiff, au, indexOf, runOf, soundBytes } from "./testing/sound-files.ts";

const SAMPLES = [0.5, -0.25, 0.125, -1];
const integers = (bytes: number, write = big): number[] =>
  SAMPLES.flatMap((value) =>
    write((value * 2 ** (8 * bytes - 1) + 2 ** (8 * bytes)) % 2 ** (8 * bytes), bytes),
  );
const floats = (bytes: 4 | 8): Uint8Array => {
  const view = new DataView(new ArrayBuffer(SAMPLES.length * bytes));
  SAMPLES.forEach((value, index) => {
    if (bytes === 8) view.setFloat64(8 * index, value);
    else view.setFloat32(4 * index, value);
  });
  return new Uint8Array(view.buffer);
};

async function samplesOf(bytes: Uint8Array): Promise<number[][]> {
  const run = await runOf(bytes);
  expect(run).toMatchObject({ kind: "pcm", sampleRate: 8_000, primingFrames: 0 });
  return run.pcm
    ? pcmSamples(soundBytes(bytes, run), run.pcm, run.channels).map((channel) => [...channel])
    : [];
}

describe("the index of an AIFF", () => {
  it.each<[string | undefined, number, Part]>([
    [undefined, 8, integers(1)],
    [undefined, 16, integers(2)],
    [undefined, 24, integers(3)],
    [undefined, 32, integers(4)],
    ["NONE", 16, integers(2)],
    ["twos", 16, integers(2)],
    ["sowt", 16, integers(2, little)],
    ["in24", 16, integers(3)],
    ["42ni", 24, integers(3, little)],
    ["in32", 32, integers(4)],
    ["23ni", 32, integers(4, little)],
    ["raw ", 8, SAMPLES.map((value) => value * 128 + 128)],
    ["fl32", 32, floats(4)],
    ["FL64", 64, floats(8)],
  ])("knows the samples of %s in %i bits", async (codec, bits, data) => {
    const file = { bits, data, ...(codec ? { codec } : {}) };
    expect(await samplesOf(aiff(file))).toEqual([SAMPLES]);
  });

  it.each([
    ["alaw", 0xaa, 32_256],
    ["ULAW", 0x80, 32_124],
  ])("knows the samples of %s, whatever it says of bits", async (codec, byte, value) => {
    expect(await samplesOf(aiff({ codec, bits: 16, data: [byte, byte] }))).toEqual([
      [value, value].map((each) => each / 32_768),
    ]);
  });

  it.each([
    ["as many frames as it tells", { frames: 3 }, 3],
    ["all where it tells of none", { frames: 0 }, 4],
    ["no more than there are", { frames: 99 }, 4],
    ["all where the size was never filled in", { told: 0 }, 4],
  ])("has %s", async (_, told, expected) => {
    expect((await runOf(aiff({ bits: 16, data: integers(2), ...told }))).lengthFrames).toBe(expected);
  });

  it("finds what is to know behind the sound", async () => {
    const bytes = aiff({ bits: 16, data: integers(2) });
    const [common, sound] = [bytes.subarray(12, 38), bytes.subarray(38)];
    expect(await samplesOf(join(bytes.subarray(0, 12), sound, common))).toEqual([SAMPLES]);
  });

  it.each<[string, Uint8Array]>([
    ["a codec", aiff({ codec: "ima4", bits: 16, data: zeros(100) })],
    ["raw samples of two bytes", aiff({ codec: "raw ", bits: 16, data: zeros(100) })],
    ["no sound", aiff({ bits: 16, data: [] })],
    ["a head that is cut off", aiff({ bits: 16, data: zeros(100) }).subarray(0, 30)],
  ])("is none for %s", async (_, bytes) => {
    expect(await indexOf(bytes)).toBe(null);
  });
});

describe("the index of an AU", () => {
  it.each<[number, Part]>([
    [2, integers(1)],
    [3, integers(2)],
    [4, integers(3)],
    [5, integers(4)],
    [6, floats(4)],
    [7, floats(8)],
  ])("knows the samples of code %i", async (codec, data) => {
    expect(await samplesOf(au(codec, data))).toEqual([SAMPLES]);
    expect(await samplesOf(au(codec, data, 0xffffffff))).toEqual([SAMPLES]);
  });

  it.each([
    [1, 0x80, 32_124],
    [27, 0xaa, 32_256],
  ])("knows the samples of code %i", async (codec, byte, value) => {
    expect(await samplesOf(au(codec, [byte]))).toEqual([[value / 32_768]]);
  });

  it("is none for a codec", async () => {
    expect(await indexOf(au(23, zeros(100)))).toBe(null);
  });
});
