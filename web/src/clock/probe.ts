// One exchange with the server's clock. t0 and t3 are local ms, t1 and t2 global µs of the clock named `clockId`.
// Queueing only ever widens the two bounds: t0 − t1 ≤ offset ≤ t3 − t2, where offset = local − global.

import { MIN_COARSENESS_MS } from "../protocol/constants/clock.gen.ts";

export interface Probe {
  readonly clockId: string;
  readonly t0LocalMs: number;
  readonly t1GlobalUs: number;
  readonly t2GlobalUs: number;
  readonly t3LocalMs: number;
}

/** Round trip without the server's own time, ms. */
export const roundTripMs = (probe: Probe): number =>
  probe.t3LocalMs - probe.t0LocalMs - (probe.t2GlobalUs - probe.t1GlobalUs) / 1000;

/** Largest offset this probe proves impossible to undercut, ms. */
export const lowerBoundMs = (probe: Probe): number => probe.t0LocalMs - probe.t1GlobalUs / 1000;

/** Smallest offset this probe proves impossible to exceed, ms. */
export const upperBoundMs = (probe: Probe): number => probe.t3LocalMs - probe.t2GlobalUs / 1000;

/**
 * A probe that arrived before it was sent, or with a server that ran backwards, tells nothing. Each reading of a clock that is told in
 * steps of `resolutionMs` may be one step off either way (Firefox: up or down at random), so a fast round trip may look negative.
 */
export const isPlausible = (probe: Probe, resolutionMs: number): boolean =>
  Number.isFinite(probe.t1GlobalUs) &&
  Number.isFinite(probe.t2GlobalUs) &&
  probe.t2GlobalUs >= probe.t1GlobalUs &&
  probe.t3LocalMs >= probe.t0LocalMs &&
  roundTripMs(probe) >= -Math.max(MIN_COARSENESS_MS, 2 * resolutionMs);
