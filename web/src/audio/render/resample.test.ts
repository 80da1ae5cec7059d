import { describe, expect, it } from "vitest";
import { RESAMPLER_TAPS } from "../../protocol/constants/audio.gen.ts";
import { type FrameSource, renderRun, renderSegment, wholeSource } from "./resample.ts";
import type { Run, Segment } from "./segment-track.ts";

const RATE = 48_000;
const tone = (hz: number, frames: number, from = 0, ratio = 1) =>
  Float32Array.from({ length: frames }, (_, i) => Math.sin((2 * Math.PI * hz * (from + i * ratio)) / RATE));

const segment = (overrides: Partial<Segment>): Segment => ({
  startFrame: 0,
  frames: 4_800,
  position: 0,
  ratio: 1,
  ratioStep: 0,
  fadeFrom: null,
  isLast: false,
  ...overrides,
});

/** The run through a single channel. */
function rendered(source: Float32Array, run: Run, frames: number): Float32Array {
  const [output] = renderRun(wholeSource([source]), run, frames);
  if (!output) throw new Error("one channel in, one out");
  return output;
}

/** Signal to noise of `output` against `wanted`, dB. */
function snrDb(output: Float32Array, wanted: Float32Array): number {
  let signal = 0;
  let noise = 0;
  wanted.forEach((value, i) => {
    signal += value ** 2;
    noise += (value - (output[i] ?? 0)) ** 2;
  });
  return 10 * Math.log10(signal / noise);
}

describe("the resampler", () => {
  it("[P12] copies bit by bit where nothing is to be bent", () => {
    const source = tone(1_000, 10_000);
    const [output] = renderSegment(wholeSource([source]), segment({ position: 100 }));
    expect(output).toEqual(source.slice(100, 4_900));
  });

  it.each([1_000, 10_000, 15_000, 19_000, 20_000])(
    "[P13] keeps %i Hz clean while it slews at 500 ppm",
    (hz) => {
      const output = rendered(tone(hz, 20_000), { position: 1_000.37, ratio: 1.0005, ratioStep: 0 }, 9_600);
      expect(snrDb(output, tone(hz, 9_600, 1_000.37, 1.0005))).toBeGreaterThan(100);
    },
  );

  it("[P13] keeps 90 dB of 19 kHz at 44.1 kHz", () => {
    const hz = (19_000 * RATE) / 44_100;
    const output = rendered(tone(hz, 20_000), { position: 1_000.37, ratio: 1.0005, ratioStep: 0 }, 9_600);
    expect(snrDb(output, tone(hz, 9_600, 1_000.37, 1.0005))).toBeGreaterThan(90);
  });

  it("[P2] continues a run over a join as if there were none", () => {
    const source = tone(3_000, 40_000);
    const ratio = 1.00017;
    const whole = rendered(source, { position: 500.25, ratio, ratioStep: 0 }, 9_600);
    const second = rendered(source, { position: 500.25 + 4_800 * ratio, ratio, ratioStep: 0 }, 4_800);
    const worst = Math.max(...second.map((value, i) => Math.abs(value - (whole[4_800 + i] ?? 0))));
    expect(worst).toBeLessThan(1e-6);
  });

  it("[P13] goes from one rate to another evenly: the pitch does not jump", () => {
    const ratioStep = 500e-6 / 9_600;
    const output = rendered(tone(10_000, 20_000), { position: 1_000.37, ratio: 1, ratioStep }, 9_600);
    const wanted = output.map((_, i) =>
      Math.sin((2 * Math.PI * 10_000 * (1_000.37 + i + (i * i * ratioStep) / 2)) / RATE),
    );
    expect(snrDb(output, wanted)).toBeGreaterThan(100);
  });

  it("[P13] renders far into a long song as it does at its beginning", () => {
    const source = tone(10_000, 20_000);
    const start = 2 ** 36;
    const far: FrameSource = {
      channelCount: 1,
      read: (channel, from, length) => wholeSource([source]).read(channel, from - start, length),
    };
    const run = { position: 1_000.375, ratio: 1.0005, ratioStep: 0 };
    const [output] = renderRun(far, { ...run, position: start + run.position }, 4_800);
    expect(output).toEqual(rendered(source, run, 4_800));
  });

  it("[P2] reads each channel of a run once, and no more of it than the filter reaches", () => {
    const reads: [channel: number, from: number, length: number][] = [];
    const source: FrameSource = {
      channelCount: 3,
      read: (channel, from, length) => {
        reads.push([channel, from, length]);
        return new Float32Array(length);
      },
    };
    renderRun(source, { position: 1_000.5, ratio: 1.001, ratioStep: 0 }, 4_801);
    const half = RESAMPLER_TAPS / 2;
    expect(reads).toEqual([0, 1, 2].map((channel) => [channel, 1_001 - half, 4_805 + 2 * half]));
  });

  it("keeps channels apart, however many there are", () => {
    const sources = [1_000, 2_000, 3_000].map((hz) => tone(hz, 10_000));
    const run = { position: 500.25, ratio: 1.0005, ratioStep: 0 };
    expect(renderRun(wholeSource(sources), run, 480)).toEqual(
      sources.map((each) => rendered(each, run, 480)),
    );
  });

  it("is silent outside of the file", () => {
    const source = tone(1_000, 1_000);
    const [output] = renderSegment(
      wholeSource([source]),
      segment({ position: 5_000.5, ratio: 1.0001, ratioStep: 0 }),
    );
    expect(output?.every((value) => value === 0)).toBe(true);
    const [before] = renderSegment(wholeSource([source]), segment({ position: -10_000, frames: 480 }));
    expect(before?.every((value) => value === 0)).toBe(true);
  });

  it("[P8] crosses from one place to another without a step", () => {
    const source = tone(200, 48_000);
    const [output] = renderSegment(
      wholeSource([source]),
      segment({
        position: 12_000,
        fadeFrom: { run: { position: 1_000, ratio: 1, ratioStep: 0 }, frames: 960 },
      }),
    );
    expect(output?.[0]).toBeCloseTo(source[1_000] ?? 0, 1);
    expect(output?.[2_000]).toBe(source[14_000]);
    const steps = output?.slice(1).map((value, i) => Math.abs(value - (output[i] ?? 0))) ?? [];
    expect(Math.max(...steps)).toBeLessThan(0.06); // a 200 Hz tone alone moves 0.026 a frame
  });

  it("ends in silence when nothing follows", () => {
    const source = new Float32Array(2_000).fill(0.5);
    const [output] = renderSegment(wholeSource([source]), segment({ frames: 720, isLast: true }));
    expect(output?.[0]).toBeCloseTo(0.5, 2);
    expect(Math.abs(output?.[719] ?? 1)).toBeLessThan(0.001);
  });
});
