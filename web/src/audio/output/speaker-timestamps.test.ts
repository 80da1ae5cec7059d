import { describe, expect, it } from "vitest";
import { detectEngine, outputReaderOf, type RawTimestamp, toOutputSample } from "./speaker-timestamps.ts";

const raw: RawTimestamp = {
  nowLocalMs: 10_000,
  performanceTimeMs: 9_990,
  contextTimeSec: 4.95,
  currentTimeSec: 5.0,
  baseLatencySec: 0.01,
  outputLatencySec: 0.032,
};

const neverAsked = () => {
  throw new Error("this engine tells its card's clock itself");
};

describe("what an engine's timestamps mean", () => {
  it("[P14] Chromium's pair is the output itself", () => {
    expect(toOutputSample(raw)).toEqual({ localMs: 9_990, audioSec: 4.95 });
  });

  it("[P14] Firefox's latency is asked for only at a jump of its render clock", () => {
    const reader = outputReaderOf("firefox", neverAsked);
    let asked = 0;
    const clock = {
      currentTime: 1,
      baseLatency: 0,
      get outputLatency() {
        asked += 1;
        return 0.03;
      },
    };
    reader.read(clock, 0, true);
    reader.read(clock, 4, true);
    expect(asked).toBe(0);
    for (let localMs = 8; reader.latencySec === null && localMs < 10_000; localMs += 4) {
      if (localMs % 12 === 0) clock.currentTime += 0.012;
      reader.read(clock, localMs, true);
    }
    expect([asked, reader.latencySec]).toEqual([1, 0.03]);
  });

  it.each([
    ["missing", { performanceTimeMs: undefined, contextTimeSec: undefined }],
    ["zero before the first callback", { performanceTimeMs: 0, contextTimeSec: 0 }],
    ["left over from a stall", { performanceTimeMs: 9_000 }],
    ["from the future", { performanceTimeMs: 10_200 }],
    ["in another scale", { contextTimeSec: 4.95 / 48_000 }],
  ])("[P15] a pair that is %s is replaced by currentTime less the reported latency", (_, overrides) => {
    const sample = toOutputSample({ ...raw, ...overrides } as RawTimestamp);
    expect(sample.localMs).toBe(10_000);
    expect(sample.audioSec).toBeCloseTo(4.958, 9);
  });

  it("[P14] WebKitGTK's output lies the sink's buffer below currentTime, and its pair says nothing", () => {
    let isClosed = false;
    const reader = outputReaderOf("webkitgtk", () => ({
      playedSec: null,
      close: () => {
        isClosed = true;
      },
    }));
    const clock = {
      currentTime: 5,
      baseLatency: 0.003,
      outputLatency: 0,
      // As it comes: ahead of now by what has been played.
      getOutputTimestamp: () => ({ performanceTime: 10_000 + 4_997, contextTime: 4.997 }),
    };
    const [sample] = reader.read(clock, 10_000, true);
    expect(sample?.localMs).toBe(10_000);
    expect(sample?.audioSec).toBeCloseTo(4.927, 9);
    expect(reader.latencySec).toBeCloseTo(0.073, 9);
    reader.close?.();
    expect(isClosed).toBe(true);
  });

  it("knows the engines by their user agents", () => {
    expect(detectEngine("Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/153.0")).toBe("firefox-linux");
    expect(detectEngine("Mozilla/5.0 (Android 15; Mobile; rv:153.0) Gecko/153.0 Firefox/153.0")).toBe(
      "firefox",
    );
    expect(
      detectEngine("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36"),
    ).toBe("chromium");
    expect(
      detectEngine("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/604.1"),
    ).toBe("webkit");
    expect(
      detectEngine(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/60.5 Safari/605.1.15",
      ),
    ).toBe("webkitgtk");
  });
});
