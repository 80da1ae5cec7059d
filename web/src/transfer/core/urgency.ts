// Which pieces are due: those whose sound comes next, in that order, as the application says; and whose turn it is to ask the
// sole holder of a file for a piece that it has not shown (seeding.ts). Local ms.
// All listeners of a room want the same pieces at the same moment. Asked for by everyone, each would leave its holder as often as
// there are listeners; so one of them asks, told by its place among the user ids, and hands it on. Who does not see all others may
// reckon another turn: then a piece is asked for twice, or late.

import type { FileId, UserId } from "../../lib/index.ts";
import { MAX_URGENT_PIECES, URGENT_HEAD_PIECES } from "../../protocol/constants/transfer.gen.ts";
import type { Neighbour } from "./neighbour.ts";

/** The song that ends, the one that follows, and some that were left in haste. */
const MAX_FILES = 4;
/** Of those that are due: what comes later will have been shown by then. */
const UNSHOWN_PIECES = 8;

/** What is due of one file. */
class DuePieces {
  readonly #headSinceLocalMs = new Map<number, number>();

  constructor(readonly pieces: readonly number[]) {}

  /** For how long the piece has been among the next to sound, ms; asked for only while it is. */
  headForMs(piece: number, localMs: number): number {
    const sinceLocalMs = this.#headSinceLocalMs.get(piece) ?? localMs;
    this.#headSinceLocalMs.set(piece, sinceLocalMs);
    return localMs - sinceLocalMs;
  }

  /** The list moves on with the song: those that stay in it have waited since they came to its head. */
  followedBy(pieces: readonly number[]): DuePieces {
    const next = new DuePieces(pieces);
    for (const piece of pieces) {
      const sinceLocalMs = this.#headSinceLocalMs.get(piece);
      if (sinceLocalMs !== undefined) next.#headSinceLocalMs.set(piece, sinceLocalMs);
    }
    return next;
  }
}

export class Urgency {
  readonly #dueOf = new Map<FileId, DuePieces>();

  of(fileId: FileId): DuePieces | undefined {
    return this.#dueOf.get(fileId);
  }

  /** Returns whether that is news. */
  set(fileId: FileId, due: readonly number[]): boolean {
    const former = this.#dueOf.get(fileId);
    const pieces = due.slice(0, MAX_URGENT_PIECES);
    const before = former?.pieces ?? [];
    if (before.length === pieces.length && before.every((piece, at) => piece === pieces[at])) return false;
    this.#dueOf.delete(fileId);
    if (pieces.length > 0) this.#dueOf.set(fileId, former?.followedBy(pieces) ?? new DuePieces(pieces));
    for (const oldest of this.#dueOf.keys()) if (this.#dueOf.size > MAX_FILES) this.#dueOf.delete(oldest);
    return true;
  }
}

/** Whose turn it is among those who do not hold all of a file: this device, and its neighbours. */
export class ListenersTurns {
  readonly #count: number;
  readonly #mine: number;

  constructor(me: UserId, neighbours: Iterable<Pick<Neighbour, "userId" | "listing">>, fileId: FileId) {
    let count = 1;
    let mine = 0;
    for (const { userId, listing } of neighbours) {
      if (listing.get(fileId)?.isWhole) continue;
      count += 1;
      if (userId < me) mine += 1;
    }
    this.#count = count;
    this.#mine = mine;
  }

  /**
   * Whether this device may ask for a piece that was not shown to it. `position`: its place among the missing ones that are due;
   * `turnMs`: how long the one whose turn it is has before the next.
   */
  mayAsk(piece: number, position: number, headForMs: number, turnMs: number): boolean {
    const turn = (this.#mine + this.#count - (piece % this.#count)) % this.#count;
    if (turn === 0) return position < UNSHOWN_PIECES;
    return position < URGENT_HEAD_PIECES && headForMs >= turn * turnMs;
  }
}
