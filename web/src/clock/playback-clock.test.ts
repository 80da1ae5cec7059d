import { describe, expect, it } from "vitest";
import type { OffsetEstimate } from "./offset-estimator.ts";
import { PlaybackClock, type PlaybackClockVerdict } from "./playback-clock.ts";

const estimateAt = (atLocalMs: number, offsetMs: number, driftPpm = 0): OffsetEstimate => ({
  clockId: "north",
  atLocalMs,
  offsetMs,
  driftPpm,
  uncertaintyMs: 0.01,
  boundMs: 0.2,
  rttMs: 0.4,
  probes: 50,
  sinceLocalMs: 0,
});

/** Locks at 100 ms, then reports `offsetMs(i)` twice a second; returns the clock and all verdicts. */
function play(samples: number, offsetMs: (index: number) => number) {
  const clock = new PlaybackClock(estimateAt(0, 100));
  const verdicts: PlaybackClockVerdict[] = [];
  const offsets: number[] = [];
  for (let index = 0; index < samples; index++) {
    const localMs = 500 * (index + 1);
    verdicts.push(clock.update(estimateAt(localMs, offsetMs(index))));
    offsets.push(clock.offsetMsAt(localMs));
  }
  return { clock, verdicts, offsets };
}

/** The largest change of the model between neighbouring samples, ms per second. */
const fastestMsPerSec = (offsets: readonly number[]): number =>
  Math.max(...offsets.slice(1).map((offset, index) => Math.abs(offset - (offsets[index] ?? 0)) * 2));

describe("lock, then leave alone", () => {
  it("[L1] a 10 ms step changes nothing but the trim, by at most 100 ppm", () => {
    const { verdicts, offsets } = play(60, () => 110);
    expect(new Set(verdicts.map((verdict) => verdict.state))).toEqual(new Set(["trimming"]));
    expect(fastestMsPerSec(offsets)).toBeLessThanOrEqual(0.1 + 1e-9);
    expect(Math.abs(verdicts.at(-1)?.differenceMs ?? 99)).toBeLessThan(8);
  });

  it("[L1] a small difference decays unheard", () => {
    const { verdicts } = play(120, () => 100.5);
    expect(Math.abs(verdicts.at(-1)?.differenceMs ?? 99)).toBeLessThan(0.01);
  });

  it("[L2] a 20 ms step is reported and not slewed", () => {
    const { verdicts, offsets } = play(60, () => 120);
    expect(new Set(verdicts.map((verdict) => verdict.state))).toEqual(new Set(["watching"]));
    expect(fastestMsPerSec(offsets)).toBe(0);
  });

  it("[L3] a persistent 40 ms step is slewed at 1–2 ms/s, monotonically, to within 1 ms of true", () => {
    const { verdicts, offsets } = play(120, () => 140);
    expect(verdicts.some((verdict) => verdict.state === "slewing")).toBe(true);
    expect(verdicts.some((verdict) => verdict.state === "rejoin")).toBe(false);
    expect(offsets.every((offset, index) => index === 0 || offset >= (offsets[index - 1] ?? 0))).toBe(true);
    const rate = fastestMsPerSec(offsets);
    expect(rate).toBeGreaterThanOrEqual(1);
    expect(rate).toBeLessThanOrEqual(2);
    expect(Math.abs((offsets.at(-1) ?? 0) - 140)).toBeLessThan(1);
  });

  it("[L4] a persistent 200 ms step asks for a rejoin", () => {
    const { verdicts, offsets } = play(8, () => 300);
    expect(verdicts.at(-1)?.state).toBe("rejoin");
    expect(fastestMsPerSec(offsets)).toBe(0);
  });

  it("[L5] a single 200 ms outlier does nothing", () => {
    const { verdicts, offsets } = play(40, (index) => (index === 10 ? 300 : 100));
    expect(verdicts.every((verdict) => verdict.state === "trimming" || verdict.state === "watching")).toBe(
      true,
    );
    expect(fastestMsPerSec(offsets)).toBe(0);
  });

  it("[L5] a single outlier during a slew does not turn it round", () => {
    const { offsets } = play(60, (index) => (index === 15 ? -200 : 140));
    expect(offsets.every((offset, index) => index === 0 || offset >= (offsets[index - 1] ?? 0))).toBe(true);
  });

  it("[L6] global and local time are each other's inverse", () => {
    const { clock } = play(30, () => 104);
    expect(clock.localMsAt(clock.globalUsAt(123_456.789))).toBeCloseTo(123_456.789, 6);
  });

  it("[L7] renews a loose lock once the clock is known much better, and leaves a tight one alone", () => {
    const loose = new PlaybackClock({ ...estimateAt(0, 100), boundMs: 40 });
    const tight = new PlaybackClock(estimateAt(0, 100));
    const verdicts = [1, 2, 3, 4, 5, 6].map((index) => {
      const fresh = estimateAt(500 * index, 120);
      return [loose.update(fresh).state, tight.update(fresh).state];
    });
    expect(verdicts.at(0)).toEqual(["watching", "watching"]);
    expect(verdicts.at(-1)).toEqual(["rejoin", "watching"]);
  });

  it("[L8] bends from 5 ms on to the time of most others, once it has lasted, and never steps", () => {
    const clock = new PlaybackClock(estimateAt(0, 100));
    const offsets: number[] = [];
    for (let index = 1; index <= 80; index++) {
      clock.update({ ...estimateAt(500 * index, 120), isOfOthers: true });
      offsets.push(clock.offsetMsAt(500 * index));
    }
    expect(offsets[2]).toBeLessThan(100.5);
    expect(Math.abs((offsets.at(-1) ?? 0) - 120)).toBeLessThan(0.6);
    expect(fastestMsPerSec(offsets)).toBeLessThanOrEqual(1.5 + 1e-9);
  });
});
