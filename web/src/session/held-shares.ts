// How much of the chosen song everybody holds, as far as it can be seen over the links: for telling who still comes forward
// from who stands still. Local ms.

import type { FileId, UserId } from "../lib/index.ts";
import type { PieceMap } from "../transfer/index.ts";

/** Pieces come at most this often on a slow link; drawing the maps costs a phone a millisecond or two. */
const PERIOD_MS = 1_000;

export class HeldShares {
  readonly #draw: () => readonly PieceMap[];
  #maps: readonly PieceMap[] = [];
  #drawnLocalMs = Number.NEGATIVE_INFINITY;

  constructor(draw: () => readonly PieceMap[]) {
    this.#draw = draw;
  }

  /** From 0 to 1; null for who is not linked. */
  of(userId: UserId, fileId: FileId, localMs: number): number | null {
    if (localMs - this.#drawnLocalMs >= PERIOD_MS) {
      this.#drawnLocalMs = localMs;
      this.#maps = this.#draw();
    }
    const map = this.#maps.find((each) => each.fileId === fileId);
    return map?.holders.find((each) => each.userId === userId)?.share ?? null;
  }
}
