import { describe, expect, it } from "vitest";
import { fitTone, makeTone } from "../testing/tone.ts";
import { LowBand, lowWeights } from "./low-band.ts";
import { partOf } from "./part-source.ts";
import { type FrameSource, wholeSource } from "./resample.ts";

const FRAMES = 60_000;
/** In the middle of a block, across its end, and at the song's begin. */
const PLACES = [20_000, 12_800, 40_001];

function noise(seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: FRAMES }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** What the design says, by the weights. */
function designDb(hz: number, rate: number): number {
  const weights = lowWeights(rate);
  const middle = weights.length / 2 - 1;
  const gain = weights.reduce(
    (sum, weight, tap) => sum + weight * Math.cos((2 * Math.PI * hz * (tap - middle)) / rate),
    0,
  );
  return 20 * Math.log10(Math.abs(gain));
}

const lowOf = (source: FrameSource, rate: number) => new LowBand(source, rate);
const decibels = (value: number) => 20 * Math.log10(value);

describe("the role low", () => {
  it.each([44_100, 48_000])("[P88] keeps what is below 80 Hz and nothing above 160 Hz, at %i Hz", (rate) => {
    for (const hz of [20, 60, 80, 120]) {
      const low = lowOf(wholeSource([makeTone(hz, rate, FRAMES)]), rate);
      const { gainDb } = fitTone(low.read(0, 10_000, 40_000), hz, rate);
      expect(gainDb).toBeCloseTo(designDb(hz, rate), 2);
    }
    expect(designDb(80, rate)).toBeGreaterThan(-0.01);
    expect(designDb(120, rate)).toBeCloseTo(-6.02, 1);
    for (const hz of [160, 200, 440, 5_000]) {
      const low = lowOf(wholeSource([makeTone(hz, rate, FRAMES)]), rate);
      const loudest = low.read(0, 10_000, 40_000).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(decibels(loudest)).toBeLessThan(-80);
    }
  });

  it.each([44_100, 48_000])(
    "[P88] delays nothing: at 60 Hz it is the tone, frame by frame, at %i Hz",
    (rate) => {
      const tone = makeTone(60, rate, FRAMES);
      const low = lowOf(wholeSource([tone]), rate).read(0, 10_000, 40_000);
      // A hundredth of the 0.1 ms that are allowed would be off by 4e-4 of the amplitude.
      for (const [at, value] of low.entries()) {
        expect(Math.abs(value - (tone[10_000 + at] as number))).toBeLessThan(2e-4);
      }
    },
  );

  it("[P88] together with all but low is the sound itself, wherever reading begins", () => {
    const sound = wholeSource([noise(1), noise(2)]);
    const low = lowOf(sound, 48_000);
    const rest = partOf(sound, "without-low", () => lowOf(sound, 48_000));
    for (const channel of [0, 1]) {
      for (const from of PLACES) {
        const wanted = sound.read(channel, from, 1_000);
        const [one, other] = [low.read(channel, from, 1_000), rest.read(channel, from, 1_000)];
        for (let at = 0; at < 1_000; at++) {
          const difference = (one[at] as number) + (other[at] as number) - (wanted[at] as number);
          expect(Math.abs(difference)).toBeLessThan(1e-6);
        }
      }
    }
  });

  it("[P88] keeps channels apart, and is what a sum of weights says, also across blocks", () => {
    const [left, right] = [noise(3), noise(4)];
    const low = lowOf(wholeSource([left, right]), 48_000);
    const weights = lowWeights(48_000);
    const middle = weights.length / 2 - 1;
    for (const frame of [5, 13_311, 13_312, 30_000]) {
      for (const [channel, sound] of [left, right].entries()) {
        const sum = weights.reduce(
          (total, weight, tap) => total + weight * (sound[frame + tap - middle] ?? 0),
          0,
        );
        expect(low.read(channel, frame, 1)[0]).toBeCloseTo(sum, 6);
      }
    }
  });
});
