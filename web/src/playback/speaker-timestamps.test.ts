import { describe, expect, it } from "vitest";
import { detectEngine, type RawTimestamp, toPortSample } from "./speaker-timestamps.ts";

const raw: RawTimestamp = {
  nowLocalMs: 10_000,
  performanceTimeMs: 9_990,
  contextTimeSec: 4.95,
  currentTimeSec: 5.0,
  baseLatencySec: 0.01,
  outputLatencySec: 0.032,
};

describe("what an engine's timestamps mean", () => {
  it("[P14] Chromium's pair is the port itself", () => {
    expect(toPortSample("chromium", raw)).toEqual({ localMs: 9_990, audioSec: 4.95 });
  });

  it("[P14] Firefox's pair is the render clock, so its output latency comes off", () => {
    expect(toPortSample("firefox", raw).audioSec).toBeCloseTo(4.918, 9);
  });

  it.each([
    ["missing", { performanceTimeMs: undefined, contextTimeSec: undefined }],
    ["zero before the first callback", { performanceTimeMs: 0, contextTimeSec: 0 }],
    ["left over from a stall", { performanceTimeMs: 9_000 }],
    ["from the future", { performanceTimeMs: 10_020 }],
    ["in another scale", { contextTimeSec: 4.95 / 48_000 }],
  ])("[P15] a pair that is %s is replaced by currentTime less the reported latency", (_, overrides) => {
    const sample = toPortSample("chromium", { ...raw, ...overrides } as RawTimestamp);
    expect(sample.localMs).toBe(10_000);
    expect(sample.audioSec).toBeCloseTo(4.958, 9);
  });

  it("knows the engines by their user agents", () => {
    expect(detectEngine("Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/153.0")).toBe("firefox");
    expect(
      detectEngine("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36"),
    ).toBe("chromium");
    expect(
      detectEngine("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/604.1"),
    ).toBe("webkit");
  });
});
