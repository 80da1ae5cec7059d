import { describe, expect, it } from "vitest";
import { join, little, zeros } from "../tags/testing/tag-bytes.ts";
import { pcmSamples } from "./pcm-samples.ts";
import type { CodedRun } from "./sound-index.ts";
import { indexOf, runOf, soundBytes, type WavFields, wav } from "./testing/sound-files.ts";

const SAMPLES = [0.5, -0.25, 0.125, -1];
const integers = (bytes: number, bits = 8 * bytes): number[] =>
  SAMPLES.flatMap((value) => {
    const number = value * 2 ** (bits - 1);
    return little(number < 0 ? number + 2 ** (8 * bytes) : number, bytes);
  });
const floats = (bytes: 4 | 8): Uint8Array => {
  const view = new DataView(new ArrayBuffer(SAMPLES.length * bytes));
  SAMPLES.forEach((value, index) => {
    if (bytes === 8) view.setFloat64(8 * index, value, true);
    else view.setFloat32(4 * index, value, true);
  });
  return new Uint8Array(view.buffer);
};
const samplesOf = (bytes: Uint8Array, run: CodedRun): number[][] =>
  run.pcm ? pcmSamples(soundBytes(bytes, run), run.pcm, run.channels).map((channel) => [...channel]) : [];

describe("the index of a WAV", () => {
  it.each<[string, WavFields]>([
    ["8 bits", { bits: 8, data: SAMPLES.map((value) => value * 128 + 128) }],
    ["16 bits", { bits: 16, data: integers(2) }],
    ["24 bits", { bits: 24, data: integers(3) }],
    ["24 bits by its extension", { bits: 24, mask: 4, data: integers(3) }],
    ["20 bits in the upper of 24", { bits: 20, sampleBytes: 3, mask: 4, data: integers(3) }],
    ["24 bits in the upper bytes of four", { bits: 24, sampleBytes: 4, mask: 4, data: integers(4) }],
    [
      "24 bits in the upper bytes of four without an extension",
      { bits: 24, sampleBytes: 4, data: integers(4) },
    ],
    ["32 bits", { bits: 32, data: integers(4) }],
    [
      "64 bits",
      { bits: 64, data: SAMPLES.flatMap((value) => [...zeros(4), ...little(value * 2 ** 31 + 2 ** 32, 4)]) },
    ],
    ["floats", { code: 3, bits: 32, data: floats(4) }],
    ["floats by its extension", { code: 3, bits: 32, mask: 4, data: floats(4) }],
    ["64-bit floats", { code: 3, bits: 64, data: floats(8) }],
    [
      "a chunk of odd size before",
      { bits: 16, data: integers(2), before: join("LIST", little(3, 4), "abc\0") },
    ],
    [
      "an odd chunk without padding",
      { bits: 16, data: integers(2), before: join("LIST", little(3, 4), "abc") },
    ],
    ["a size that was never filled in", { bits: 16, data: integers(2), told: 0 }],
    ["a size from a pipe", { bits: 16, data: integers(2), told: 0xffffffff }],
    ["more bytes told than there are", { bits: 16, data: integers(2), told: 1_000_000 }],
    ["half a sample at the end", { bits: 16, data: [...integers(2), 7] }],
    ["a chunk behind", { bits: 16, data: integers(2), behind: join("LIST", little(4, 4), "abcd") }],
    [
      "a size in 64 bits",
      {
        ...{
          bits: 16,
          data: integers(2),
          told: 0xffffffff,
          name: "RF64",
          behind: join("LIST", little(4, 4), "abcd"),
        },
        before: join("ds64", little(28, 4), zeros(8), little(8, 8), zeros(12)),
      },
    ],
    ["the name of the EBU", { bits: 16, data: integers(2), told: 0xffffffff, name: "BW64" }],
  ])("knows the samples of %s", async (_, fields) => {
    const bytes = wav(fields);
    const run = await runOf(bytes);
    expect(run).toMatchObject({ kind: "pcm", sampleRate: 8_000, channels: 1, lengthFrames: 4 });
    expect(samplesOf(bytes, run)).toEqual([SAMPLES]);
  });

  it("knows 24 bits in the lower bytes of four", async () => {
    const lower = SAMPLES.flatMap((value) => little((value * 2 ** 23 + 1 + 2 ** 32) % 2 ** 32, 4));
    const bytes = wav({ bits: 24, sampleBytes: 4, mask: 4, data: lower });
    const run = await runOf(bytes);
    expect(run.pcm?.bits).toBe(24);
    expect(samplesOf(bytes, run)).toEqual([SAMPLES.map((value) => Math.fround(value + 2 ** -23))]);
  });

  it.each([
    [6, [0xd5, 0x55, 0xaa, 0x2a, 0xc5], [8, -8, 32_256, -32_256, 264]],
    [7, [0xff, 0x7f, 0x80, 0x00, 0xef], [0, -0, 32_124, -32_124, 132]],
  ])("knows the samples of code %i", async (code, data, values) => {
    const bytes = wav({ code, bits: 8, data });
    expect(samplesOf(bytes, await runOf(bytes))).toEqual([values.map((value) => value / 32_768)]);
  });

  it("tells channels apart, and keeps what the file says of their places", async () => {
    const bytes = wav({ bits: 16, channels: 2, mask: 3, data: integers(2) });
    const run = await runOf(bytes);
    expect(run.pcm?.mask).toBe(3);
    expect(samplesOf(bytes, run)).toEqual([
      [0.5, 0.125],
      [-0.25, -1],
    ]);
  });

  it("has a point at each second exactly", async () => {
    const run = await runOf(wav({ bits: 16, channels: 2, data: zeros(4 * 8_000 * 3 + 4) }));
    expect([...run.pointFrames]).toEqual([0, 8_000, 16_000, 24_000]);
    expect([...run.pointBytes]).toEqual([44, 32_044, 64_044, 96_044]);
    expect([run.endByte, run.codedFrames]).toEqual([96_048, 24_001]);
  });

  it.each<[string, Uint8Array]>([
    ["MP3 in it", wav({ code: 0x55, bits: 16, data: zeros(100) })],
    ["ADPCM", wav({ code: 17, bits: 4, sampleBytes: 1, data: zeros(100) })],
    ["12 bytes a sample", wav({ bits: 96, data: zeros(96) })],
    ["half floats", wav({ code: 3, bits: 16, data: zeros(96) })],
    ["no channels", wav({ bits: 16, channels: 0, data: zeros(96) })],
    ["a thousand channels", wav({ bits: 8, channels: 1_000, data: zeros(9_600) })],
    ["no sound", wav({ bits: 16, data: [] })],
    ["a head that is cut off", wav({ bits: 16, data: zeros(8) }).subarray(0, 30)],
  ])("is none for %s", async (_, bytes) => {
    expect(await indexOf(bytes)).toBe(null);
  });
});
