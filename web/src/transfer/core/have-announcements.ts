// Who is told when that this device holds another piece. Local ms.
// A message per piece and neighbour would cost more than it tells: every one wakes both ends, and a full mesh on a slow machine
// is bound by that. What hardly any neighbour has is told at once: the sooner it is asked for, the sooner uplinks have work.

import type { CoreState } from "./core.ts";
import type { Neighbour } from "./neighbour.ts";

/** News is saved up this long … */
const PERIOD_MS = 100;
/** … and this long where the neighbour has the pieces itself, and only learns how common they are. */
const IDLE_PERIOD_MS = 1_000;
/** What at most so many neighbours have does not wait. */
const RARE_AVAILABILITY = 2;

export class HaveAnnouncements {
  readonly #core: CoreState;

  constructor(core: CoreState) {
    this.#core = core;
  }

  send(localMs: number): void {
    for (const neighbour of this.#core.neighbours.values()) {
      const { userId, pendingHaves, advertised } = neighbour;
      if (pendingHaves.size === 0 || !this.#isDue(neighbour, localMs)) continue;
      neighbour.toldLocalMs = localMs;
      for (const [fileId, pieces] of pendingHaves) {
        if (!advertised.has(fileId)) continue;
        this.#core.perform({ type: "send-ctl", peer: userId, message: { type: "have", fileId, pieces } });
      }
      pendingHaves.clear();
    }
  }

  #isDue({ pendingHaves, holdings, toldLocalMs }: Neighbour, localMs: number): boolean {
    const waitedMs = localMs - toldLocalMs;
    if (waitedMs >= IDLE_PERIOD_MS) return true;
    for (const [fileId, pieces] of pendingHaves) {
      const holding = holdings.get(fileId);
      const availability = this.#core.fileCatalog.get(fileId)?.availability;
      for (const piece of pieces) {
        if (holding?.has(piece)) continue;
        if (waitedMs >= PERIOD_MS || (availability?.[piece] ?? 0) <= RARE_AVAILABILITY) return true;
      }
    }
    return false;
  }
}
