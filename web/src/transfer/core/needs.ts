// What the application says of files: which are needed next, and which have played. And who keeps a file that several hold, so
// that not all let go of it at once. Pure: knows no clock, and not what a queue is.
// Invariant: of those who hold a file whole and see each other, one at least may not drop it for a file that is merely needed.

import type { FileId, UserId } from "../../lib/index.ts";
import { MAX_LISTED_FILES } from "../../protocol/constants/transfer.gen.ts";
import type { KnownFile } from "./known-file.ts";
import type { Neighbour } from "./neighbour.ts";

/** Each replaces the one before. What makes way for what: room-budget.ts. */
export interface Needs {
  /** After the preferred file, in the order of coming need. A file that is in both lists counts as needed. */
  readonly needed: readonly FileId[];
  /** Those that have played, the oldest first. */
  readonly played: readonly FileId[];
}

export const NO_NEEDS: Needs = { needed: [], played: [] };

/** No more files are known than that (file-catalog.ts). */
export const limited = ({ needed, played }: Needs): Needs => ({
  needed: needed.slice(0, MAX_LISTED_FILES),
  played: played.slice(-MAX_LISTED_FILES),
});

/** 0 for the file that is needed first; Infinity for one that is not. */
export function needRankOf(fileId: FileId, { needed }: Needs): number {
  const rank = needed.indexOf(fileId);
  return rank < 0 ? Number.POSITIVE_INFINITY : rank;
}

/** 0 for the file that played first of those that are not needed again; −1 for one that has not played, or is. */
export function playedRankOf(fileId: FileId, { needed, played }: Needs): number {
  return needed.includes(fileId) ? -1 : played.indexOf(fileId);
}

/**
 * Whether somebody else keeps the file: who offers it as its own, or of those who have all of it one that comes before this device.
 * Everybody plays the same songs, so all are short of room at the same moment, and none would be left if each relied on the others.
 */
export function isKeptElsewhere(
  { fileId, isComplete, held }: KnownFile,
  me: UserId,
  neighbours: ReadonlyMap<UserId, Pick<Neighbour, "listing">>,
): boolean {
  if (held.setCount === 0) return true;
  const mine = keeperRank(fileId, me);
  for (const [userId, { listing }] of neighbours) {
    const entry = listing.get(fileId);
    if (!entry?.isWhole) continue;
    if (!isComplete || entry.isOwn) return true;
    const theirs = keeperRank(fileId, userId);
    if (theirs > mine || (theirs === mine && userId > me)) return true;
  }
  return false;
}

/** FNV-1a of both: the same on every device, and for each file another order, so that nobody keeps all. */
export function keeperRank(fileId: FileId, userId: UserId): number {
  let hash = 0x811c9dc5;
  for (const char of `${fileId}${userId}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
