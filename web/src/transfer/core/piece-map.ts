// Who has which pieces of which file, drawn coarsely: for the picture under Details. Pure; read when somebody looks.

import type { FileId, UserId } from "../../lib/index.ts";
import { Bitfield } from "./bitfield.ts";
import type { CoreState } from "./core.ts";

/** Of a picture of one file: as many as can be told apart across a phone. */
export const MAX_CELLS = 64;

export interface PieceMap {
  readonly fileId: FileId;
  /** Me first, then the linked others that list the file. */
  readonly holders: readonly PieceHolder[];
}

export interface PieceHolder {
  readonly userId: UserId;
  /** 0 to 1, of all pieces. */
  readonly share: number;
  /** 0 to 1 for each equal part of the file, from its beginning to its end. */
  readonly cells: readonly number[];
}

export function pieceMapsOf({ me, fileCatalog, neighbours }: CoreState): readonly PieceMap[] {
  const shown = [...fileCatalog.all()].filter(({ isSettled }) => !isSettled);
  return shown.map(({ fileId, held }) => {
    const holders = [holderOf(me, held)];
    for (const [userId, { holdings, listing }] of neighbours) {
      // Who gives a file out piece by piece (seeding.ts) shows less than it says to have.
      const isWhole = listing.get(fileId)?.isWhole === true;
      const has = isWhole ? Bitfield.full(held.length) : holdings.get(fileId);
      if (has) holders.push(holderOf(userId, has));
    }
    return { fileId, holders };
  });
}

function holderOf(userId: UserId, has: Bitfield): PieceHolder {
  return { userId, share: has.setCount / Math.max(1, has.length), cells: cellsOf(has) };
}

/** Every piece is in exactly one cell, and no cell is empty of pieces. */
export function cellsOf(has: Bitfield): number[] {
  const count = Math.min(MAX_CELLS, has.length);
  return Array.from({ length: count }, (_, cell) => {
    const from = Math.floor((cell * has.length) / count);
    const to = Math.floor(((cell + 1) * has.length) / count);
    let held = 0;
    for (let piece = from; piece < to; piece++) if (has.has(piece)) held += 1;
    return held / (to - from);
  });
}
