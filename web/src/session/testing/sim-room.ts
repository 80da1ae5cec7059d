// A room of simulated devices that play one song, for tests that tell a story instead of a storm. True ms.

import { positionUsAt } from "../../director/index.ts";
import type { UserId } from "../../lib/index.ts";
import { SeededRandom } from "../../lib/testing/index.ts";
import { EventClock } from "../../transfer/testing/event-clock.ts";
import { FakeNetwork } from "../../transfer/testing/fake-connection.ts";
import { type Depth, IDEAL_SONG_ID, SIM_SONG_ID, SimDevice, type SimWorld } from "./sim-device.ts";
import { SimServer } from "./sim-server.ts";

const ROUND_MS = 50;
const SETTLE_MS = 12_000;
/** One way between two devices. */
const CHANNEL_MS = 3;

export class SimRoom {
  readonly devices: SimDevice[] = [];
  readonly server: SimServer;
  readonly world: SimWorld;
  readonly #clock = new EventClock(0);
  readonly #depth: Depth;

  constructor(how: number | { readonly seed: number; readonly depth: Depth }, ...names: string[]) {
    const { seed, depth } = typeof how === "number" ? { seed: how, depth: "sound" as const } : how;
    const random = new SeededRandom(seed);
    this.#depth = depth;
    this.server = new SimServer(this.#clock);
    const network = new FakeNetwork();
    network.carry = (deliver) => this.#clock.after(CHANNEL_MS, deliver);
    this.world = { clock: this.#clock, random, server: this.server, network, depth };
    for (const name of names) this.join(name);
  }

  join(name: string): SimDevice {
    const device = new SimDevice(name, this.world);
    this.devices.push(device);
    return device;
  }

  /** Who directs, as everybody sees it: one id when they agree. */
  get directors(): readonly (UserId | null)[] {
    return [...new Set(this.devices.map(({ session }) => session.director.directorId))];
  }

  /** The device that directs and all others. */
  split(): { readonly director: SimDevice; readonly others: readonly SimDevice[] } {
    const director = this.devices.find(({ session }) => session.director.isMe);
    if (!director) throw new Error("nobody directs");
    return { director, others: this.devices.filter((device) => device !== director) };
  }

  async play(): Promise<void> {
    this.devices[0]?.addSong();
    await this.advance(SETTLE_MS);
    this.split().director.session.play(this.#depth === "whole" ? SIM_SONG_ID : IDEAL_SONG_ID);
    await this.advance(SETTLE_MS);
  }

  async advance(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= ROUND_MS) {
      this.#clock.advance(Math.min(ROUND_MS, leftMs));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** How long until it holds, ms; Infinity when it does not within the limit. */
  async msUntil(isReached: () => boolean, limitMs: number): Promise<number> {
    for (let waitedMs = 0; waitedMs <= limitMs; waitedMs += ROUND_MS) {
      if (isReached()) return waitedMs;
      await this.advance(ROUND_MS);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** How far a loudspeaker is from the plan in truth; Infinity while it is silent. */
  errorMs({ session, heardSec }: SimDevice): number {
    const { plan } = session.director;
    if (heardSec === null) return Number.POSITIVE_INFINITY;
    const delayedUs = this.server.globalUs(plan.clockId) + session.speakerDelayMs * 1_000;
    return Math.abs(heardSec * 1_000 - positionUsAt(plan, delayedUs) / 1_000);
  }

  isInStep(device: SimDevice): boolean {
    return device.session.controlState === "open" && this.errorMs(device) < 5;
  }

  async close(): Promise<void> {
    await Promise.all(this.devices.map(({ session }) => session.close()));
  }
}
