import { describe, expect, it } from "vitest";
import { renderRun, renderSegment } from "./resample.ts";
import type { Segment } from "./segment-track.ts";

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
    const [output] = renderSegment([source], segment({ position: 100 }));
    expect(output).toEqual(source.slice(100, 4_900));
  });

  it.each([1_000, 10_000, 15_000])("[P13] keeps %i Hz clean while it slews at 500 ppm", (hz) => {
    const source = tone(hz, 20_000);
    const output = new Float32Array(9_600);
    renderRun(source, { position: 1_000.37, ratio: 1.0005, ratioStep: 0 }, output);
    expect(snrDb(output, tone(hz, 9_600, 1_000.37, 1.0005))).toBeGreaterThan(80);
  });

  it("[P2] continues a run over a join as if there were none", () => {
    const source = tone(3_000, 40_000);
    const ratio = 1.00017;
    const whole = new Float32Array(9_600);
    renderRun(source, { position: 500.25, ratio, ratioStep: 0 }, whole);
    const second = new Float32Array(4_800);
    renderRun(source, { position: 500.25 + 4_800 * ratio, ratio, ratioStep: 0 }, second);
    const worst = Math.max(...second.map((value, i) => Math.abs(value - (whole[4_800 + i] ?? 0))));
    expect(worst).toBeLessThan(1e-5);
  });

  it("[P13] goes from one rate to another evenly: the pitch does not jump", () => {
    const source = tone(10_000, 20_000);
    const output = new Float32Array(9_600);
    const ratioStep = 500e-6 / 9_600;
    renderRun(source, { position: 1_000.37, ratio: 1, ratioStep }, output);
    const wanted = output.map((_, i) =>
      Math.sin((2 * Math.PI * 10_000 * (1_000.37 + i + (i * i * ratioStep) / 2)) / RATE),
    );
    expect(snrDb(output, wanted)).toBeGreaterThan(80);
  });

  it("is silent outside of the file", () => {
    const source = tone(1_000, 1_000);
    const [output] = renderSegment([source], segment({ position: 5_000.5, ratio: 1.0001, ratioStep: 0 }));
    expect(output?.every((value) => value === 0)).toBe(true);
    const [before] = renderSegment([source], segment({ position: -10_000, frames: 480 }));
    expect(before?.every((value) => value === 0)).toBe(true);
  });

  it("[P8] crosses from one place to another without a step", () => {
    const source = tone(200, 48_000);
    const [output] = renderSegment(
      [source],
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
    const [output] = renderSegment([source], segment({ frames: 720, isLast: true }));
    expect(output?.[0]).toBeCloseTo(0.5, 2);
    expect(Math.abs(output?.[719] ?? 1)).toBeLessThan(0.001);
  });
});
