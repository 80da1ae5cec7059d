import { describe, expect, it } from "vitest";
import { EventClock } from "../../transfer/testing/event-clock.ts";
import { SoundOutput } from "./sound-output.ts";
import type { SoundPlatform } from "./sound-platform.ts";
import { outputReaderOf } from "./speaker-timestamps.ts";

const CALLBACK_MS = 80;

const noMediaElement = () => {
  throw new Error("neither has one");
};

/** An output that is ticked ten times a second, as the player does, and how often it was read. */
function looked(engine: "webkit" | "chromium") {
  const clock = new EventClock(0);
  let reads = 0;
  let lateMs = 45;
  const begunMs = (): number => CALLBACK_MS * Math.floor(clock.nowMs() / CALLBACK_MS);
  const context = {
    state: "running",
    baseLatency: 0.08,
    outputLatency: 0,
    destination: null,
    get currentTime() {
      return begunMs() / 1000 + 0.08;
    },
    getOutputTimestamp: () => {
      reads += 1;
      return { performanceTime: begunMs() + 1, contextTime: (begunMs() - lateMs + 45) / 1000 };
    },
    createConstantSource: () => ({ offset: {}, connect: () => undefined, start: () => undefined }),
    resume: async () => undefined,
    close: async () => undefined,
  };
  const platform = {
    makeContext: () => context,
    makeOutputReader: () => outputReaderOf(engine, noMediaElement),
  } as unknown as SoundPlatform;
  const output = new SoundOutput(clock, platform, () => undefined);
  output.unlock();
  const readsIn = (durationMs: number): number => {
    const before = reads;
    for (let passedMs = 0; passedMs < durationMs; passedMs += 100) {
      clock.advance(100);
      output.tick();
    }
    return reads - before;
  };
  return { clock, output, readsIn, stumble: (byMs: number) => (lateMs += byMs) };
}

describe("how often the output is read", () => {
  it("[P95] fifty times a second until the line has stood for ten seconds, then ten times", () => {
    const { readsIn } = looked("webkit");
    expect(readsIn(9_000)).toBe(450);
    readsIn(3_000);
    expect(readsIn(10_000)).toBe(100);
  });

  it("[P95] at rest still twice a callback where the timestamps are a row of lines, as PulseAudio's", () => {
    const { readsIn } = looked("chromium");
    readsIn(20_000);
    expect(readsIn(10_000)).toBe(250);
  });

  it("[P95] at once when sound is due, and often from then on", () => {
    const { output, readsIn } = looked("webkit");
    readsIn(20_000);
    output.isSoundDue = true;
    expect(readsIn(5_000)).toBe(250);
    output.isSoundDue = false;
    expect(readsIn(9_000)).toBe(450);
  });

  it("[P95] follows a stumble at rest as well, and tells the same line", () => {
    const { clock, output, readsIn, stumble } = looked("webkit");
    readsIn(20_000);
    const placeMs = (): number => (output.line.audioSecAt(clock.nowMs()) ?? 0) * 1000 - clock.nowMs();
    const standsMs = placeMs();
    stumble(20);
    readsIn(2_000);
    expect(placeMs()).toBeCloseTo(standsMs - 20, 1);
  });
});
