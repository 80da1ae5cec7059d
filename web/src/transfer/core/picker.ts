// Which pieces to ask one source for next. Pure: no clock, the dice are handed in.

import type { Random } from "../../lib/index.ts";

export interface PieceChoices {
  readonly pieceCount: number;
  /** Pieces held or on their way: below RANDOM_FIRST_PIECES rarity does not count yet. */
  readonly startedPieces: number;
  /** Not held, not on its way. */
  isWanted(piece: number): boolean;
  isAtSource(piece: number): boolean;
  /** How many neighbours have it. */
  availabilityOf(piece: number): number;
}

/** A newcomer needs something to give quickly, and many newcomers should not all want the same rarest piece. */
const RANDOM_FIRST_PIECES = 2;

/** Up to `count` pieces: rarest first, ties at random; the first pieces of a file at random altogether. */
export function pickPieces(choices: PieceChoices, count: number, random: Random): number[] {
  const isRandomFirst = choices.startedPieces < RANDOM_FIRST_PIECES;
  const best: { piece: number; rank: number }[] = [];
  for (let piece = 0; piece < choices.pieceCount; piece++) {
    if (!choices.isWanted(piece) || !choices.isAtSource(piece)) continue;
    // Availability is whole, the fraction breaks ties.
    const rank = (isRandomFirst ? 0 : choices.availabilityOf(piece)) + random.fraction();
    const last = best[best.length - 1];
    if (best.length >= count && last && rank >= last.rank) continue;
    const at = best.findIndex((other) => other.rank > rank);
    best.splice(at < 0 ? best.length : at, 0, { piece, rank });
    if (best.length > count) best.pop();
  }
  return best.map(({ piece }) => piece);
}

/** End-game: duplicates may cost a file at most this share of its pieces … */
const DUPLICATE_SHARE = 0.02;
/** … but always so many, or the last piece of a small file could hang on one slow phone. */
const MIN_DUPLICATES = 2;
const MIN_END_GAME_PIECES = 4;

export function duplicateBudgetOf(pieceCount: number): number {
  return Math.max(MIN_DUPLICATES, Math.floor(pieceCount * DUPLICATE_SHARE));
}

/** Whether so little is missing that idle sources may be asked for what others already owe. */
export function isEndGame(missingPieces: number, sources: number): boolean {
  return missingPieces <= Math.max(MIN_END_GAME_PIECES, 2 * sources);
}
