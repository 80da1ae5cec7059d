// What neighbours are told without asking: which files are listed here, and which pieces are held. Pure; part of the transfer
// core, which calls it after every event. Local ms.

import type { UserId } from "../lib/index.ts";
import type { CoreState } from "./core.ts";
import type { CtlMessage, ListedFile } from "./ctl.ts";
import type { Neighbour } from "./neighbour.ts";
import type { Seeding } from "./seeding.ts";

/** News about pieces is saved up this long: a message per piece and neighbour would cost more than it tells … */
const HAVE_PERIOD_MS = 100;
/** … and this long where the neighbour has the pieces itself, and only learns how common they are … */
const IDLE_HAVE_PERIOD_MS = 1_000;
/** … but what hardly any neighbour has is told at once: the sooner it is asked for, the sooner uplinks have work. */
const RARE_AVAILABILITY = 2;

export class Telling {
  readonly #core: CoreState;
  readonly #seeding: Seeding;

  constructor(core: CoreState, seeding: Seeding) {
    this.#core = core;
    this.#seeding = seeding;
  }

  /** To everyone greeted, when what is listed has changed. */
  catalogs(localMs: number): void {
    this.#core.isCatalogStale = false;
    const catalog = this.#core.shelf.catalog();
    for (const neighbour of this.#core.neighbours.values()) {
      if (neighbour.isGreeted) this.catalog(neighbour, catalog);
      neighbour.toldLocalMs = localMs;
    }
  }

  /** To one neighbour, with the bitfield of each file that is new to it. */
  catalog(neighbour: Neighbour, files: ListedFile[]): void {
    this.#send(neighbour.userId, { type: "catalog", files });
    const listed = new Set(files.map(({ fileId }) => fileId));
    for (const fileId of neighbour.told) {
      if (listed.has(fileId)) continue;
      neighbour.told.delete(fileId);
      neighbour.showings.delete(fileId);
    }
    for (const fileId of listed) {
      const file = this.#core.shelf.get(fileId);
      if (!file || neighbour.told.has(fileId)) continue;
      neighbour.told.add(fileId);
      neighbour.untoldPieces.delete(fileId);
      this.#send(neighbour.userId, {
        type: "bitfield",
        fileId,
        pieces: this.#seeding.firstBitfield(neighbour, file).encode(),
      });
    }
  }

  /** The pieces held since, to each neighbour for whom it is time. */
  news(localMs: number): void {
    for (const neighbour of this.#core.neighbours.values()) {
      if (neighbour.untoldPieces.size === 0) continue;
      if (!this.#isNewsDue(neighbour, localMs)) continue;
      neighbour.toldLocalMs = localMs;
      for (const [fileId, pieces] of neighbour.untoldPieces) {
        if (neighbour.told.has(fileId)) this.#send(neighbour.userId, { type: "have", fileId, pieces });
      }
      neighbour.untoldPieces.clear();
    }
  }

  #isNewsDue({ untoldPieces, holdings, toldLocalMs }: Neighbour, localMs: number): boolean {
    const waitedMs = localMs - toldLocalMs;
    if (waitedMs >= IDLE_HAVE_PERIOD_MS) return true;
    for (const [fileId, pieces] of untoldPieces) {
      const holding = holdings.get(fileId);
      const availability = this.#core.shelf.get(fileId)?.availability;
      for (const piece of pieces) {
        if (holding?.has(piece)) continue;
        if (waitedMs >= HAVE_PERIOD_MS || (availability?.[piece] ?? 0) <= RARE_AVAILABILITY) return true;
      }
    }
    return false;
  }

  #send(peer: UserId, message: CtlMessage): void {
    this.#core.perform({ type: "send-ctl", peer, message });
  }
}
