import { describe, expect, it } from "vitest";
import { type Clock, ClockResolution } from "../lib/index.ts";
import { SeededRandom, VirtualClock } from "../lib/testing/index.ts";
import { SyncedClock } from "./synced-clock.ts";
import { LAN, type PathModel, TruePath, WIFI, WIFI_UPLOADING } from "./testing/path.ts";
import { steppedBy } from "./testing/stepped.ts";

/** A device that is told the time in steps, at a server behind `model`. */
class SteppedDevice {
  readonly time = new VirtualClock();
  readonly shared: SyncedClock;
  readonly path: TruePath;
  readonly #random: SeededRandom;

  constructor(
    seed: number,
    model: PathModel,
    readonly stepMs: number,
    /** Firefox rounds up or down at random; a plain clock rounds down, so that its mean reading is half a step early. */
    readonly isRandom: boolean,
  ) {
    this.#random = new SeededRandom(seed);
    this.path = new TruePath(this.#random, model, 250, 20);
    const told = steppedBy(stepMs, isRandom ? new SeededRandom(seed + 1_000) : undefined);
    const clock: Clock = {
      nowMs: () => told(this.time.nowMs()),
      wallMs: () => told(this.time.wallMs() + 7),
      after: (delayMs, task) => this.time.after(delayMs + this.#random.fraction(), task),
      resolutionMs: () => stepMs,
    };
    this.shared = new SyncedClock(clock, (id, t0) => {
      const probe = this.path.probe(this.time.nowMs());
      this.time.after(probe.t3LocalMs - this.time.nowMs(), () => {
        const { t1GlobalUs: t1, t2GlobalUs: t2, clockId } = probe;
        this.shared.receivePong({ id, t0, t1, t2, clockId }, clock.nowMs());
      });
    });
    this.shared.setActivity("playing");
    this.shared.start();
  }

  /** How far the estimate is from the offset of the mean reading. */
  get errorMs(): number {
    const { estimate } = this.shared;
    if (!estimate) return Number.POSITIVE_INFINITY;
    const meanMs = this.path.offsetMsAt(estimate.atLocalMs) - (this.isRandom ? 0 : this.stepMs / 2);
    return Math.abs(estimate.offsetMs - meanMs);
  }
}

const PATHS = [
  ["a LAN", LAN],
  ["Wi-Fi", WIFI],
  ["Wi-Fi while uploading", WIFI_UPLOADING],
] as const;

describe("a browser that hides the exact time", () => {
  it("[T14] shows its steps, also when a task is held up between readings", () => {
    const resolution = new ClockResolution();
    expect(resolution.resolutionMs).toBe(0);
    for (const readingMs of [0, 0, 50, 50, 50, 66.7, 66.7, 83.4, 83.4, 83.4]) resolution.add(readingMs);
    expect(resolution.resolutionMs).toBe(0);
    resolution.add(100.1);
    expect(resolution.resolutionMs).toBeCloseTo(16.7, 6);
    const fine = new ClockResolution();
    for (let reading = 0; reading < 10; reading++) fine.add(5 + reading * 0.005);
    expect(fine.resolutionMs).toBeCloseTo(0.005, 6);
  });

  it.each(
    PATHS.flatMap(([name, model]) =>
      [1, 16.667, 100].flatMap((stepMs) =>
        [false, true].map((isRandom) => ({ name, model, stepMs, isRandom })),
      ),
    ),
  )(
    "[T14] [T15] locks over $name with steps of $stepMs ms (random: $isRandom), stays so, says how well it knows",
    ({ model, stepMs, isRandom }) => {
      const limitMs = stepMs === 100 ? 20 : stepMs === 1 ? 1.5 : 7;
      let within = 0;
      let looks = 0;
      for (let seed = 1; seed <= 4; seed++) {
        const device = new SteppedDevice(seed, model, stepMs, isRandom);
        device.time.advance(9_000);
        for (let sec = 0; sec < 60; sec++) {
          device.time.advance(1_000);
          expect(device.shared.state).toBe("locked");
          if (sec < 10) continue;
          const { uncertaintyMs = 0 } = device.shared.estimate ?? {};
          expect(device.errorMs).toBeLessThan(limitMs);
          expect(uncertaintyMs).toBeLessThan(20);
          if (stepMs > 1) expect(uncertaintyMs).toBeGreaterThan(stepMs / 20);
          looks += 1;
          if (device.errorMs <= 2.5 * uncertaintyMs) within += 1;
        }
      }
      if (stepMs > 1) expect(within / looks).toBeGreaterThan(0.9);
    },
  );

  it("[T14] still tells a step of the clock from its grain", () => {
    const device = new SteppedDevice(3, LAN, 16.667, true);
    device.time.advance(20_000);
    const probes = device.shared.estimate?.probes ?? 0;
    Object.assign(device.path, { trueOffsetMs: 250 - 120 });
    device.time.advance(3_000);
    expect(device.shared.estimate?.probes).toBeLessThan(probes);
    device.time.advance(5_000);
    expect(device.errorMs).toBeLessThan(7);
  });
});
