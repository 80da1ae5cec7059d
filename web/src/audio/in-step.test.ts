// The step tests of the whole chain, from probe to segment, and a crystal far off: what the loudspeaker truly plays.

import { describe, expect, it } from "vitest";
import { LAN, WIFI } from "../clock/testing/path.ts";
import { SimulatedDevice } from "./testing/simulated-device.ts";

const QUIET = { localPpm: 12, cardPpm: -60, stampNoiseMs: 0.1 };
const MINUTE_MS = 60_000;

/** Half a minute of music, then `disturb`, then `afterMs` of music. */
function disturbed(disturb: (device: SimulatedDevice) => void, afterMs: number, seed = 1) {
  const device = new SimulatedDevice(seed, LAN, QUIET);
  device.play(10_000);
  const before = device.errorsMs(30_000);
  const { rejoins } = device.planner;
  device.verdicts.length = 0;
  disturb(device);
  const after = device.errorsMs(afterMs);
  const states = new Set(device.verdicts.map((verdict) => verdict.state));
  return { before, after, states, rejoins: device.planner.rejoins - rejoins };
}

const worst = (errors: readonly number[]): number => Math.max(...errors.map(Math.abs));
/** Fastest change over five seconds, ms per second: shorter stretches see the timestamps' own scatter. */
const fastest = (errors: readonly number[]): number =>
  worst(errors.slice(10).map((error, index) => (error - (errors[index] ?? 0)) / 5));

describe("a device from probe to loudspeaker", () => {
  it.each([
    ["fast", 100, LAN],
    ["slow", -100, LAN],
    ["fast on Wi-Fi", 100, WIFI],
  ])(
    "[P3] stays within 0.5 ms over ten minutes with a local clock that is 100 ppm %s",
    (_, localPpm, network) => {
      const device = new SimulatedDevice(5, network, { ...QUIET, localPpm });
      device.play(10_000);
      const errors = device.errorsMs(10 * MINUTE_MS);
      expect(worst(errors)).toBeLessThan(0.5);
      expect(device.planner.rejoins).toBe(0);
    },
  );

  it("[P3] stays within 1 ms with a card that is 300 ppm off as well", () => {
    const device = new SimulatedDevice(6, LAN, { localPpm: 100, cardPpm: 300, stampNoiseMs: 0.1 });
    device.play(10_000);
    expect(worst(device.errorsMs(2 * MINUTE_MS))).toBeLessThanOrEqual(1);
  });

  it("[L1] a step of 10 ms changes nothing but the trim", () => {
    const { before, after, states, rejoins } = disturbed((device) => device.step(10), 5 * MINUTE_MS);
    expect(worst(before)).toBeLessThan(0.5);
    expect(states).toEqual(new Set(["trimming"]));
    expect(fastest(after)).toBeLessThanOrEqual(0.25); // trim and servo, 100 ppm each, and the stamps' noise
    expect(rejoins).toBe(0);
  });

  it("[L2] a step of 20 ms is reported and not slewed", () => {
    const { after, states, rejoins } = disturbed((device) => device.step(20), 2 * MINUTE_MS);
    expect(states).toContain("watching");
    expect(states).not.toContain("slewing");
    expect(fastest(after)).toBeLessThanOrEqual(0.25);
    expect(rejoins).toBe(0);
  });

  it("[L3] a step of 40 ms is slewed at 1 to 2 ms/s, monotonically, and ends within 1 ms of true", () => {
    const { after, states, rejoins } = disturbed((device) => device.step(40), 4 * MINUTE_MS);
    expect(states).toContain("slewing");
    expect(rejoins).toBe(0);
    expect(fastest(after)).toBeGreaterThanOrEqual(1);
    expect(fastest(after)).toBeLessThanOrEqual(2);
    // Monotonically: never back by more than the timestamps' scatter, and once true it stays true.
    const sign = Math.sign(after.find((error) => Math.abs(error) > 20) ?? 0);
    const slewEnd = after.findLastIndex((error) => Math.abs(error) > 1) + 1;
    const begun = after.findIndex((error) => Math.abs(error) < 39);
    const slewed = after.slice(begun, slewEnd).map((error) => sign * error);
    const back = slewed.slice(1).map((error, index) => error - (slewed[index] ?? 0));
    expect(Math.max(...back)).toBeLessThan(0.1);
    expect(Math.min(...slewed)).toBeGreaterThan(0);
    expect(worst(after.slice(slewEnd))).toBeLessThan(1);
    expect(after.length - slewEnd).toBeGreaterThan(100);
  });

  it("[L4] a step of 200 ms rejoins with a crossfade and is within 1 ms", () => {
    const { after, states, rejoins } = disturbed((device) => device.step(200), 4 * MINUTE_MS);
    expect(states).toContain("rejoin");
    expect(rejoins).toBeGreaterThanOrEqual(1);
    expect(worst(after.slice(-20))).toBeLessThan(1);
  });

  it("[L5] a single outlier of 200 ms does nothing", () => {
    const { after, states, rejoins } = disturbed((device) => {
      device.path.nextDelayMs = 200;
    }, MINUTE_MS);
    expect(states).toEqual(new Set(["trimming"]));
    expect(worst(after)).toBeLessThan(0.5);
    expect(rejoins).toBe(0);
  });
});
