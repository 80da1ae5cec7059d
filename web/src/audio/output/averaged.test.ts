import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { OutputClock } from "./output-clock.ts";
import { type Engine, outputReaderOf } from "./speaker-timestamps.ts";

const neverAsked = () => {
  throw new Error("this engine tells its card's clock itself");
};

/** Up or down at random within each step, as Firefox tells all times when it resists fingerprints. */
function told(stepMs: number, random: SeededRandom): (trueMs: number) => number {
  const turnsUpAt = new Map<number, number>();
  return (trueMs) => {
    const step = Math.floor(trueMs / stepMs);
    const at = turnsUpAt.get(step) ?? random.fraction();
    turnsUpAt.set(step, at);
    return (step + (trueMs / stepMs - step >= at ? 1 : 0)) * stepMs;
  };
}

/**
 * Reads an output that is 50 ms below the edge of a staircase of 18.7 ms; returns how far the line is off after each second,
 * ms.
 */
function listen(engine: Engine, stepMs: number, seed: number): { errorsMs: number[]; steps: number } {
  const random = new SeededRandom(seed);
  const [toldLocal, toldAudio] = [told(stepMs, random), told(stepMs, random)];
  const reader = outputReaderOf(engine, neverAsked, { resolutionMs: () => stepMs });
  const line = new OutputClock();
  const errorsMs: number[] = [];
  let trueMs = 3_000;
  const clock = {
    get currentTime() {
      return toldAudio(Math.floor(trueMs / 18.7) * 18.7) / 1000;
    },
    baseLatency: 0,
    get outputLatency(): number {
      if (engine === "firefox-linux") throw new Error("may hang the page");
      return 0.04;
    },
    getOutputTimestamp: () => ({
      performanceTime: toldLocal(trueMs - 10),
      contextTime: toldAudio(trueMs - 60) / 1000,
    }),
  };
  for (let sec = 1; sec <= 30; sec++) {
    const untilMs = trueMs + 1_000;
    for (; trueMs < untilMs; trueMs += reader.periodMs + random.fraction()) {
      for (const sample of reader.read(clock, toldLocal(trueMs), true)) line.add(sample);
    }
    const audioSec = line.audioSecAt(trueMs);
    if (audioSec !== null) errorsMs.push(audioSec * 1000 - (trueMs - 50));
  }
  return { errorsMs, steps: line.steps };
}

describe("the output of a browser that hides the exact time", () => {
  it.each([
    ["firefox-linux", 16.667, 6],
    ["firefox", 16.667, 6],
    ["chromium", 16.667, 6],
    ["webkit", 16.667, 6],
    ["firefox-linux", 100, 45],
    ["webkit", 100, 45],
  ] as const)("[T16] is found by %s in steps of %d ms, and does not wander", (engine, stepMs, limitMs) => {
    for (let seed = 1; seed <= 6; seed++) {
      const { errorsMs, steps } = listen(engine, stepMs, seed);
      expect(errorsMs.length).toBeGreaterThan(20);
      const settled = errorsMs.slice(5);
      const mean = settled.reduce((sum, each) => sum + each, 0) / settled.length;
      expect(Math.abs(mean)).toBeLessThan(limitMs / 2);
      expect(Math.max(...settled.map(Math.abs))).toBeLessThan(limitMs);
      expect(steps).toBeLessThan(3);
    }
  });
});
