import { describe, expect, it } from "vitest";
import { SeededRandom } from "../lib/testing/index.ts";
import { OffsetEstimator } from "./offset-estimator.ts";
import { LAN, type PathModel, TruePath, WIFI, WIFI_UPLOADING } from "./testing/path.ts";

/** Probes at 2 Hz for `durationSec`, then the error against the truth at many moments, ms, sorted by size. */
function errorsMs(model: PathModel, seed: number, durationSec = 240): number[] {
  const path = new TruePath(new SeededRandom(seed), model, 5_000, 40);
  const estimator = new OffsetEstimator();
  const errors: number[] = [];
  for (let localMs = 1_000; localMs < durationSec * 1_000; localMs += 500) {
    estimator.add(path.probe(localMs));
    const estimate = estimator.estimate(localMs + 100);
    if (localMs > 60_000 && estimate) {
      errors.push(Math.abs(estimate.offsetMs - path.offsetMsAt(localMs + 100)));
    }
  }
  return errors.sort((a, b) => a - b);
}

const p95 = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;

describe("the offset estimator", () => {
  it("knows nothing before the first probe", () => {
    expect(new OffsetEstimator().estimate(0)).toBeNull();
  });

  it("[T1] is within its bound after a single probe, whatever the queues did", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const path = new TruePath(new SeededRandom(seed), WIFI_UPLOADING, -123, 0);
      const estimator = new OffsetEstimator();
      const probe = path.probe(1_000);
      estimator.add(probe);
      const estimate = estimator.estimate(probe.t3LocalMs);
      const errorMs = Math.abs((estimate?.offsetMs ?? 0) - path.offsetMsAt(probe.t3LocalMs));
      expect(errorMs).toBeLessThanOrEqual((estimate?.boundMs ?? 0) + 1e-6);
    }
  });

  it.each([
    ["a LAN", LAN, 0.04],
    ["Wi-Fi with power save", WIFI, 0.12],
    ["Wi-Fi while uploading", WIFI_UPLOADING, 0.4],
  ])("[T2] follows offset and drift over %s", (_, model, limitMs) => {
    const pooled = [1, 2, 3, 4, 5, 6].flatMap((seed) => errorsMs(model, seed)).sort((a, b) => a - b);
    expect(p95(pooled)).toBeLessThan(limitMs);
  });

  it("[T3] needs each direction to be free only now and then, not both at once", () => {
    const path = new TruePath(new SeededRandom(1), LAN, 700, 0);
    const estimator = new OffsetEstimator();
    for (let round = 0; round < 40; round++) {
      const localMs = 1_000 + round * 500;
      const probe = path.probe(localMs);
      const isUpBlocked = round % 2 === 0;
      estimator.add(
        isUpBlocked
          ? { ...probe, t0LocalMs: probe.t0LocalMs - 50 } // left 50 ms before it could travel
          : { ...probe, t3LocalMs: probe.t3LocalMs + 50 }, // and came back late every other time
      );
    }
    const estimate = estimator.estimate(21_000);
    expect(Math.abs((estimate?.offsetMs ?? 0) - 700)).toBeLessThan(0.5);
  });

  it("[T13] believes drift as little as a path without an envelope tells of it: every message 5 to 80 ms late at random", () => {
    const errorsMs = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((seed) => {
      const random = new SeededRandom(seed);
      const estimator = new OffsetEstimator();
      const found: number[] = [];
      for (let t0LocalMs = 0; t0LocalMs < 60_000; t0LocalMs += 500) {
        const t1GlobalUs = (t0LocalMs + 5 + 75 * random.fraction()) * 1_000;
        const t3LocalMs = t1GlobalUs / 1_000 + 5 + 75 * random.fraction();
        estimator.add({ clockId: "north", t0LocalMs, t1GlobalUs, t2GlobalUs: t1GlobalUs, t3LocalMs });
        const estimate = estimator.estimate(t3LocalMs);
        if (t0LocalMs >= 15_000) found.push(Math.abs(estimate?.offsetMs ?? 99));
      }
      return found;
    });
    expect(p95(errorsMs.sort((a, b) => a - b))).toBeLessThan(2.5);
  });

  it("[T4] starts afresh with another server's clock", () => {
    const estimator = new OffsetEstimator();
    const north = new TruePath(new SeededRandom(1), LAN, 100, 0, "north");
    const south = new TruePath(new SeededRandom(2), LAN, -9_000, 0, "south");
    for (let i = 0; i < 20; i++) estimator.add(north.probe(1_000 + 100 * i));
    estimator.add(south.probe(3_100));
    const estimate = estimator.estimate(3_100);
    expect(estimate?.clockId).toBe("south");
    expect(estimate?.probes).toBe(1);
    expect(Math.abs((estimate?.offsetMs ?? 0) + 9_000)).toBeLessThan(5);
  });

  it("[T5] refuses probes that make no sense", () => {
    const probe = { clockId: "north", t0LocalMs: 10, t1GlobalUs: 5_000, t2GlobalUs: 4_000, t3LocalMs: 12 };
    const estimator = new OffsetEstimator();
    expect(estimator.add(probe)).toBe("refused");
    expect(estimator.add({ ...probe, t2GlobalUs: 6_000, t3LocalMs: 9 })).toBe("refused");
    expect(estimator.add({ ...probe, t1GlobalUs: Number.NaN })).toBe("refused");
  });

  it("[T11] drops the window when two probes in a row prove that local time stepped, and not for one", () => {
    const before = new TruePath(new SeededRandom(1), LAN, 700, 20);
    const after = new TruePath(new SeededRandom(2), LAN, 660, 20);
    const estimator = new OffsetEstimator();
    for (let index = 0; index < 40; index++) estimator.add(before.probe(1_000 + 500 * index));
    expect(estimator.add(after.probe(21_000))).toBe("refused");
    expect(estimator.add(before.probe(21_500))).toBe("kept");
    expect(estimator.add(after.probe(22_000))).toBe("refused");
    expect(estimator.add(after.probe(22_500))).toBe("stepped");
    const estimate = estimator.estimate(22_600);
    expect(Math.abs((estimate?.offsetMs ?? 0) - after.offsetMsAt(22_600))).toBeLessThan(1);
  });

  it("[T11] never takes queues for a step", () => {
    const path = new TruePath(new SeededRandom(3), WIFI_UPLOADING, 0, 80);
    const estimator = new OffsetEstimator();
    for (let index = 0; index < 2_000; index++)
      expect(estimator.add(path.probe(1_000 + 500 * index))).toBe("kept");
  });
});
