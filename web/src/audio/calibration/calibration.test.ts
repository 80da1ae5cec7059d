// Measurements in recordings of simulated rooms.

import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { fft } from "../fft.ts";
import { makeChirp } from "./chirp.ts";
import { delaysFor, type Heard, judge } from "./lateness.ts";
import { heardIn, type Recording } from "./listen.ts";
import { gaussian, RATE, record } from "./testing/room-recording.ts";
import { chirpsOf, SLOT_SEC, timetable } from "./timetable.ts";

const latenessOf = (devices: number, recording: Recording): (number | string)[] =>
  judge(devices, heardIn(devices, recording)).map((each) =>
    each.verdict === "measured" ? each.lateMs : each.verdict,
  );

describe("a measurement through a microphone", () => {
  it.each([1, 2, 3, 4])(
    "[MC5] finds delays up to 300 ms within 1 ms among echoes and noise, seed %i",
    (seed) => {
      const random = new SeededRandom(100 + seed);
      const delaysMs = [0, 300 * random.fraction(), 300 * random.fraction()];
      const gains = delaysMs.map(() => 0.3 + 0.7 * random.fraction());
      const microphoneMs = 300 * random.fraction() - 50;
      const clockPpm = 200 * random.fraction() - 100;
      const found = latenessOf(3, record({ seed, delaysMs, gains, microphoneMs, clockPpm }));
      found.forEach((lateMs, device) => {
        expect(Math.abs(Number(lateMs) - (delaysMs[device] ?? 0)), `device ${device}`).toBeLessThan(1);
      });
    },
  );

  it("[MC2] finds a hundredth of a millisecond where nothing disturbs it but a clock that is 100 ppm off", () => {
    const found = latenessOf(
      2,
      record({ seed: 7, delaysMs: [12.34, 0], snrDb: 60, clockPpm: 100, isBare: true }),
    );
    expect(Math.abs(Number(found[0]) - 12.34)).toBeLessThan(0.01);
    expect(found[1]).toBe(0);
  });

  it("[MC3] says of a device that is off that it was not heard, and measures the others", () => {
    const [ada, bo, cy] = latenessOf(3, record({ seed: 8, delaysMs: [40, 0, 0], gains: [1, 0, 1] }));
    expect([bo, cy]).toEqual(["unheard", 0]);
    expect(Math.abs(Number(ada) - 40)).toBeLessThan(1);
  });

  it("[MC3] hears nothing in noise alone", () => {
    const random = new SeededRandom(10);
    const samples = Float32Array.from({ length: 12 * RATE }, () => 0.1 * gaussian(random));
    expect(latenessOf(2, { samples, sampleRate: RATE, startFrame: RATE / 2 })).toEqual([
      "unheard",
      "unheard",
    ]);
  });
});

describe("the timetable", () => {
  it("[MC1] gives every device a slot of its own in each of five rounds", () => {
    const slots = timetable(3);
    expect(slots.map(({ device }) => device).slice(0, 6)).toEqual([0, 1, 2, 0, 1, 2]);
    expect(slots).toHaveLength(15);
    expect(new Set(slots.map(({ startSec }) => startSec)).size).toBe(15);
    expect(slots.every(({ startSec }) => startSec % SLOT_SEC === 0)).toBe(true);
  });

  it("[MC1] is silent on a device outside of its slots", () => {
    const rate = 8_000;
    const channel = chirpsOf(1, 2, makeChirp(rate), rate);
    const energyOf = (second: number): number =>
      channel.subarray(second * rate, (second + 1) * rate).reduce((sum, value) => sum + value * value, 0);
    expect([0, 2, 4, 6, 8].map(energyOf)).toEqual([0, 0, 0, 0, 0]);
    expect(Math.min(...[1, 3, 5, 7, 9].map(energyOf))).toBeGreaterThan(1);
  });
});

describe("the verdicts", () => {
  const heard = (afterSlotMs: (device: number, round: number) => number | null): Heard[] =>
    timetable(2).map((slot) => ({ slot, afterSlotMs: afterSlotMs(slot.device, slot.round) }));

  it("[MC3] are not moved by one arrival that was wrong", () => {
    const verdicts = judge(
      2,
      heard((device, round) => (device === 1 && round === 2 ? 400 : 20 + 30 * device)),
    );
    expect(verdicts).toEqual([
      { verdict: "measured", lateMs: 0, spreadMs: 0 },
      { verdict: "measured", lateMs: 30, spreadMs: 0 },
    ]);
  });

  // Before each slot in turn: between two rounds, and between two devices of one round.
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    "[MC2] bear a recording that loses 12 ms before slot %i, and a clock that is 100 ppm off",
    (lostBefore) => {
      const verdicts = judge(
        2,
        timetable(2).map((slot, index) => ({
          slot,
          afterSlotMs: 20 + 30 * slot.device + 0.1 * slot.startSec - (index >= lostBefore ? 12 : 0),
        })),
      );
      expect(verdicts.map(({ verdict }) => verdict)).toEqual(["measured", "measured"]);
      const lateMs = verdicts.map((each) => (each.verdict === "measured" ? each.lateMs : null));
      expect(lateMs[0]).toBeCloseTo(0, 9);
      expect(lateMs[1]).toBeCloseTo(30, 9);
    },
  );

  it("[MC3] refuse what scatters, and what was heard too seldom", () => {
    const scattered = judge(
      2,
      heard((device, round) => (device === 1 ? ([5, 90, 40, 7, 61][round] ?? 0) : 20)),
    );
    expect(scattered.map(({ verdict }) => verdict)).toEqual(["measured", "unsteady"]);
    const seldom = judge(
      2,
      heard((device, round) => (device === 1 && round > 1 ? null : 20)),
    );
    expect(seldom.map(({ verdict }) => verdict)).toEqual(["measured", "unheard"]);
  });

  it("[MC4] become delays on top of those that were set, the smallest of them none", () => {
    const late = (lateMs: number) => ({ verdict: "measured" as const, lateMs, spreadMs: 0.1 });
    expect(delaysFor([late(0), late(182.4)], [0, 0])).toEqual([0, 182]);
    expect(delaysFor([late(0), late(30)], [100, 50])).toEqual([20, 0]);
    expect(delaysFor([late(0), { verdict: "unheard" }, late(30)], [100, 50, 0])).toEqual([100, null, 30]);
  });
});

describe("the transform", () => {
  it("finds a tone in its bin and comes back to where it began", () => {
    const length = 64;
    const real = Float64Array.from({ length }, (_, index) => Math.cos((2 * Math.PI * 5 * index) / length));
    const imaginary = new Float64Array(length);
    const before = real.slice();
    fft(real, imaginary);
    const sizes = Array.from(real, (value, bin) => Math.round(Math.hypot(value, imaginary[bin] ?? 0)));
    expect(sizes.flatMap((size, bin) => (size > 0 ? [bin] : []))).toEqual([5, 59]);
    fft(real, imaginary, true);
    real.forEach((value, index) => {
      expect(value / length).toBeCloseTo(before[index] ?? 0, 12);
    });
  });
});
