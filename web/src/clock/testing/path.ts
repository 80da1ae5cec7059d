// A network path with a true clock behind it, in virtual time: makes probes as a device on that path would see them.

import type { SeededRandom } from "../../lib/testing/index.ts";
import type { Probe } from "../probe.ts";

export interface PathModel {
  /** Least one-way delay, ms, and the mean of the exponential queueing on top, for each direction. */
  readonly upMs: number;
  readonly downMs: number;
  readonly queueUpMs: number;
  readonly queueDownMs: number;
  /** Share of packets that wait for a power-save beacon of up to `beaconMs`. */
  readonly asleepShare: number;
  readonly beaconMs: number;
}

export const LAN: PathModel = {
  upMs: 0.2,
  downMs: 0.2,
  queueUpMs: 0.15,
  queueDownMs: 0.15,
  asleepShare: 0,
  beaconMs: 0,
};
export const WIFI: PathModel = {
  upMs: 1,
  downMs: 1,
  queueUpMs: 1,
  queueDownMs: 1.5,
  asleepShare: 0.12,
  beaconMs: 100,
};
export const WIFI_UPLOADING: PathModel = { ...WIFI, queueUpMs: 12, queueDownMs: 3 };

export class TruePath {
  constructor(
    readonly random: SeededRandom,
    readonly model: PathModel,
    readonly trueOffsetMs: number,
    readonly trueDriftPpm: number,
    readonly clockId = "north",
  ) {}

  /** local − global at `localMs`, the truth. */
  offsetMsAt(localMs: number): number {
    return this.trueOffsetMs + localMs * this.trueDriftPpm * 1e-6;
  }

  globalUsAt(localMs: number): number {
    return (localMs - this.offsetMsAt(localMs)) * 1000;
  }

  probe(t0LocalMs: number): Probe {
    const upMs = this.#delay(this.model.upMs, this.model.queueUpMs);
    const downMs = this.#delay(this.model.downMs, this.model.queueDownMs);
    const serverMs = 0.05;
    return {
      clockId: this.clockId,
      t0LocalMs,
      t1GlobalUs: this.globalUsAt(t0LocalMs + upMs),
      t2GlobalUs: this.globalUsAt(t0LocalMs + upMs + serverMs),
      t3LocalMs: t0LocalMs + upMs + serverMs + downMs,
    };
  }

  #delay(leastMs: number, queueMs: number): number {
    const isAsleep = this.random.fraction() < this.model.asleepShare;
    const beaconMs = isAsleep ? this.random.fraction() * this.model.beaconMs : 0;
    return leastMs - queueMs * Math.log(1 - this.random.fraction()) + beaconMs;
  }
}
