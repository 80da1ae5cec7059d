import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { isSound } from "./sound-check.ts";

const random = new SeededRandom(4);
const noise = (frames: number, peak: number): Float32Array =>
  Float32Array.from({ length: frames }, () => peak * (2 * random.fraction() - 1));

describe("what a decoder hands out", () => {
  it.each([0, 0.001, 1, 2.5])("[P37] is sound up to a peak of %f", (peak) => {
    expect(isSound([noise(1_000, peak), noise(1_000, peak)])).toBe(true);
  });

  it.each([6.9e19, Number.MAX_VALUE, 300])("[P37] is no sound with a peak of %f", (peak) => {
    expect(isSound([noise(1_000, 0.5), noise(1_000, peak)])).toBe(false);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    "[P37] is no sound where one sample in twenty is %f",
    (value) => {
      expect(isSound([noise(1_000, 0.5).map((sample, frame) => (frame % 20 === 0 ? value : sample))])).toBe(
        false,
      );
    },
  );

  it("[P37] is no sound however long it is silent before the noise", () => {
    const channel = new Float32Array(100_000);
    channel.set(noise(500, 1e9), 99_000);
    expect(isSound([channel])).toBe(false);
  });

  it("[P37] stays sound with a pop in it, and what is none in it is silenced", () => {
    const channel = noise(10_000, 0.5);
    channel.set([4.25, -4.25, 1e30, Number.NaN, Number.NEGATIVE_INFINITY], 5_000);
    expect(isSound([channel])).toBe(true);
    expect([...channel.subarray(5_000, 5_005)]).toEqual([4.25, -4.25, 0, 0, 0]);
  });
});
