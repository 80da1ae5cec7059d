// Why an entry of the queue is to be passed over, as this device knows what the others have and can. Pure.

import type { SkipReason } from "../../director/index.ts";
import type { FileId } from "../../lib/index.ts";
import type { FileState } from "../../transfer/index.ts";
import { troubleWith } from "./file-troubles.ts";
import type { Peer } from "./roster.ts";

export interface SkipParts {
  readonly files: readonly FileState[];
  readonly peers: readonly Peer[];
  /** This device will not play it. */
  readonly isRefused: (fileId: FileId) => boolean;
}

/** Null: somebody present can play it, and it can be had. */
export function readSkipReason(fileId: FileId, { files, peers, isRefused }: SkipParts): SkipReason | null {
  const present = peers.filter(({ isAway }) => !isAway);
  const isDeaf = ({ status }: Peer): boolean => {
    const trouble = troubleWith(fileId, status?.troubles);
    return trouble === "undecodable" || trouble === "too-long";
  };
  if (isRefused(fileId) && present.every(isDeaf)) return "nobody-can-play";
  const file = files.find((candidate) => candidate.fileId === fileId);
  if (!file) return "nobody-has";
  // Whole nowhere that this device sees; but somebody gives pieces of it, or whoever added it is still here.
  const isGiven = file.sources.length > 0 || present.some(({ userId }) => file.offeredBy.includes(userId));
  return file.seeded || file.isWholeSomewhere === true || isGiven ? null : "nobody-has";
}
