// How well clock filters read a server's clock over modelled networks, in virtual time: Unisono's estimator beside the
// filters of the field as research describes them. Prints one JSON line. Errors are against the modelled truth, ms;
// the constant part that no client can see (a path slower one way than back) is in nobody's figures.

import { OffsetEstimator, type Probe } from "../src/clock/index.ts";
import { LAN, type PathModel, TruePath, WIFI, WIFI_UPLOADING } from "../src/clock/testing/path.ts";
import { SeededRandom } from "../src/lib/testing/index.ts";

interface Filter {
  add(probe: Probe): void;
  /** local − global at `localMs`, ms. */
  offsetMs(localMs: number): number;
}

const MOBILE: PathModel = {
  upMs: 18,
  downMs: 14,
  queueUpMs: 8,
  queueDownMs: 5,
  asleepShare: 0.05,
  beaconMs: 40,
};
const SETTLED_MS = 60_000;
const PROBE_PERIOD_MS = 500;
const ESTIMATE_PERIOD_MS = 5_000;
/** After a sleep the burst of a resume is over by then. */
const RESETTLED_MS = 10_000;
const SLEEP_MS = 30_000;
const MAX_DRIFT_PPM = 60;

const roundTrip = (probe: Probe) =>
  probe.t3LocalMs - probe.t0LocalMs - (probe.t2GlobalUs - probe.t1GlobalUs) / 1000;
const middle = (probe: Probe) =>
  (probe.t0LocalMs - probe.t1GlobalUs / 1000 + probe.t3LocalMs - probe.t2GlobalUs / 1000) / 2;

/** The last 16 probes, the one with the smallest round trip (beatsync). */
class MinRoundTrip implements Filter {
  #last: Probe[] = [];
  add(probe: Probe): void {
    this.#last = [...this.#last, probe].slice(-16);
  }
  offsetMs(): number {
    return middle(this.#last.reduce((best, probe) => (roundTrip(probe) < roundTrip(best) ? probe : best)));
  }
}

/** The median of the last 100 (snapweb, with its sorting mended). */
class MedianOf100 implements Filter {
  #last: number[] = [];
  add(probe: Probe): void {
    this.#last = [...this.#last, middle(probe)].slice(-100);
  }
  offsetMs(): number {
    const sorted = [...this.#last].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }
}

/** Offset and drift as a two-dimensional Kalman filter, measurement noise = half the round trip (Sendspin's idea). */
class Kalman implements Filter {
  #state: { offset: number; drift: number; atMs: number; p00: number; p01: number; p11: number } | null =
    null;
  add(probe: Probe): void {
    const atMs = probe.t3LocalMs;
    const noise = Math.max(1, roundTrip(probe) / 2) ** 2;
    const before = this.#state;
    if (!before) {
      this.#state = { offset: middle(probe), drift: 0, atMs, p00: noise, p01: 0, p11: 1e-8 };
      return;
    }
    const dt = atMs - before.atMs;
    const p00 = before.p00 + 2 * dt * before.p01 + dt * dt * before.p11 + 1e-7 * dt;
    const p01 = before.p01 + dt * before.p11;
    const p11 = before.p11 + 1e-16 * dt;
    const predicted = before.offset + before.drift * dt;
    const innovation = middle(probe) - predicted;
    const [k0, k1] = [p00 / (p00 + noise), p01 / (p00 + noise)];
    this.#state = {
      offset: predicted + k0 * innovation,
      drift: before.drift + k1 * innovation,
      atMs,
      p00: (1 - k0) * p00,
      p01: (1 - k0) * p01,
      p11: p11 - k1 * p01,
    };
  }
  offsetMs(localMs: number): number {
    const state = this.#state;
    return state ? state.offset + state.drift * (localMs - state.atMs) : 0;
  }
}

class OneWayMinima implements Filter {
  readonly #estimator = new OffsetEstimator();
  add(probe: Probe): void {
    this.#estimator.add(probe);
  }
  offsetMs(localMs: number): number {
    return this.#estimator.estimate(localMs)?.offsetMs ?? 0;
  }
}

const makeFilters = (): Record<string, Filter> => ({
  unisono: new OneWayMinima(),
  "min-RTT of 16": new MinRoundTrip(),
  "median of 100": new MedianOf100(),
  Kalman: new Kalman(),
});

/** Errors of every filter on one device for `hours`; the device sleeps now and then where the path says so. */
function runDevice(path: TruePath, hours: number, sleeps: boolean): Record<string, number[]> {
  let filters = makeFilters();
  const errors: Record<string, number[]> = Object.fromEntries(Object.keys(filters).map((name) => [name, []]));
  const asymmetryMs = (path.model.upMs - path.model.downMs) / 2;
  const sleepEveryMs = 600_000;
  let sinceMs = 0;
  let current = path;
  for (let localMs = 1_000; localMs < hours * 3_600_000; localMs += PROBE_PERIOD_MS) {
    sinceMs += PROBE_PERIOD_MS;
    if (sleeps && sinceMs >= sleepEveryMs) {
      // Local time stood still: every former probe is wrong by the length of the sleep. All are told (rule T9).
      current = new TruePath(path.random, path.model, current.trueOffsetMs - SLEEP_MS, path.trueDriftPpm);
      filters = makeFilters();
      sinceMs = 0;
    }
    const probe = current.probe(localMs);
    for (const filter of Object.values(filters)) filter.add(probe);
    const isSettled = localMs >= SETTLED_MS && (!sleeps || sinceMs >= RESETTLED_MS);
    if (localMs % ESTIMATE_PERIOD_MS !== 0 || !isSettled) continue;
    for (const [name, filter] of Object.entries(filters)) {
      const wrongMs = filter.offsetMs(localMs + 250) - current.offsetMsAt(localMs + 250) + asymmetryMs;
      errors[name]?.push(Math.abs(wrongMs));
    }
  }
  return errors;
}

const hoursPerPath = Number(process.argv[2] ?? 10);
const PATHS: Record<string, [PathModel, boolean]> = {
  LAN: [LAN, false],
  "Wi-Fi with power save": [WIFI, false],
  "Wi-Fi while uploading": [WIFI_UPLOADING, false],
  "4G": [MOBILE, false],
  "Wi-Fi, device sleeps": [WIFI, true],
};
const report: Record<string, Record<string, { median: number; p95: number; max: number }>> = {};
for (const [name, [model, sleeps]] of Object.entries(PATHS)) {
  const all: Record<string, number[]> = {};
  for (let hour = 0; hour < hoursPerPath; hour++) {
    const random = new SeededRandom(1 + hour);
    const driftPpm = (2 * random.fraction() - 1) * MAX_DRIFT_PPM;
    const path = new TruePath(random, model, 5_000, driftPpm);
    for (const [filter, errors] of Object.entries(runDevice(path, 1, sleeps))) {
      all[filter] = (all[filter] ?? []).concat(errors);
    }
  }
  report[name] = Object.fromEntries(
    Object.entries(all).map(([filter, errors]) => {
      errors.sort((a, b) => a - b);
      const at = (share: number) =>
        errors[Math.min(errors.length - 1, Math.floor(share * errors.length))] ?? 0;
      return [filter, { median: at(0.5), p95: at(0.95), max: at(1) }];
    }),
  );
}
console.log(JSON.stringify({ hoursPerPath, report }));
