// How much of this device's room each file and each member may take, and what makes way for what. Pure: knows no clock.
// Rules: (1) only files the store was asked to keep count, at their full size; (2) what is switched off and not mine makes way
// for anything; (3) for the file chosen to play everything makes way that is not mine, least needed first; (4) what only one
// member lists, and nobody present says is their own, has a share, and so has what that member has withdrawn.

import type { FileId, UserId } from "../../lib/index.ts";
import type { KnownFile } from "./known-file.ts";
import type { Neighbour } from "./neighbour.ts";

/** Of the room: enough for what somebody left behind with one holder, while a quarter stays for everyone else's. */
const SPONSORED_SHARE = 0.75;
/** The own files of ten members; in a larger swarm a second link soon confirms the others. */
const MAX_SPONSORED_FILES = 32;

export interface RoomContext {
  readonly neighbours: ReadonlyMap<UserId, Neighbour>;
  readonly preferred: FileId | null;
  /** Everything chosen to play at any time, the latest first. */
  readonly choices: readonly FileId[];
}

export class Room {
  readonly #files: ReadonlyMap<FileId, KnownFile>;

  constructor(
    files: ReadonlyMap<FileId, KnownFile>,
    readonly capacityBytes: number,
  ) {
    this.#files = files;
  }

  /** Whether a file of this size fits, beside all that would not make way for it. */
  hasRoomFor(fileId: FileId, sizeBytes: number): boolean {
    let usedBytes = 0;
    for (const file of this.#files.values()) {
      if (file.isCommitted && file.fileId !== fileId && !isYielding(file)) usedBytes += file.sizeBytes;
    }
    return usedBytes + sizeBytes <= this.capacityBytes;
  }

  /** What makes way so that the file fits, or null where it does not fit. */
  whatMakesWay(fileId: FileId, sizeBytes: number, context: RoomContext): KnownFile[] | null {
    const gone = new Set<KnownFile>();
    const file = this.#files.get(fileId);
    if (file && !this.#fitsShare(file, gone, context)) return null;
    const others = [...this.#files.values()].filter((other) => other.isCommitted && other.fileId !== fileId);
    // The store is fuller than the budget knows: whatever may go at all helps.
    if (file?.isUnstorable) for (const other of others) if (isYielding(other)) gone.add(other);
    let usedBytes = 0;
    for (const other of others) if (!gone.has(other)) usedBytes += other.sizeBytes;
    const isChosen = fileId === context.preferred;
    const candidates = others.filter(
      (other) => !gone.has(other) && (isYielding(other) || (isChosen && !other.isMine)),
    );
    for (const other of this.#leastNeededFirst(candidates, context)) {
      if (usedBytes + sizeBytes <= this.capacityBytes) break;
      gone.add(other);
      usedBytes -= other.sizeBytes;
    }
    return usedBytes + sizeBytes <= this.capacityBytes ? [...gone] : null;
  }

  /** The file to forget where no more may be known, so that one of `rank` can be; null when all are worth more. */
  leastWorth(rank: number, context: RoomContext): KnownFile | null {
    const knownOf = new Map<UserId | null, number>();
    for (const { sponsor } of this.#files.values()) knownOf.set(sponsor, (knownOf.get(sponsor) ?? 0) + 1);
    let least: KnownFile | null = null;
    let leastRank = rank;
    for (const file of this.#files.values()) {
      const known = knownOf.get(file.sponsor) ?? 0;
      const full = worthOf(file, context);
      // Beyond a member's share, what it left behind and nobody wants is worth less than any name.
      const isLeftover = full < 2 && known > MAX_SPONSORED_FILES && !isListed(file.fileId, context);
      // Of the like, one of whoever has named most.
      const worth = (isLeftover ? -1 : full) - known / 1024;
      if (worth >= leastRank) continue;
      least = file;
      leastRank = worth;
    }
    return least;
  }

  /** Rule 4. What its sponsor has withdrawn makes way first. */
  #fitsShare(file: KnownFile, gone: Set<KnownFile>, context: RoomContext): boolean {
    if (file.sponsor === null) return true;
    const sponsored = [...this.#files.values()].filter(
      (other) =>
        other.isCommitted &&
        other !== file &&
        other.sponsor === file.sponsor &&
        !isVouchedFor(other, context),
    );
    let files = sponsored.length + 1;
    let bytes = sponsored.reduce((sum, { sizeBytes }) => sum + sizeBytes, file.sizeBytes);
    const fits = (): boolean => files <= MAX_SPONSORED_FILES && bytes <= SPONSORED_SHARE * this.capacityBytes;
    const withdrawn = sponsored.filter(({ fileId }) => !isListed(fileId, context));
    for (const other of this.#leastNeededFirst(withdrawn, context)) {
      if (fits()) break;
      gone.add(other);
      files -= 1;
      bytes -= other.sizeBytes;
    }
    return isVouchedFor(file, context) || fits();
  }

  #leastNeededFirst(files: readonly KnownFile[], context: RoomContext): KnownFile[] {
    const { choices, neighbours } = context;
    const needOf = (file: KnownFile): number => {
      const chosen = choices.indexOf(file.fileId);
      let need = chosen < 0 ? 0 : 2 * (choices.length - chosen);
      if (![...neighbours.values()].some(({ listing }) => listing.get(file.fileId)?.isWhole)) need += 1;
      return isYielding(file) ? need - 1e6 : need;
    };
    return [...files].sort((a, b) => needOf(a) - needOf(b));
  }
}

/** How much a file is worth knowing: 0 when one member names it, up to 4 for what is mine or playing. */
function worthOf(file: KnownFile, context: RoomContext): number {
  if (file.isMine) return 4;
  const worth = worthOfName(file.fileId, context);
  // What a person switched off must stay off for as long as anyone lists it.
  if (!file.isEnabled && isListed(file.fileId, context)) return Math.max(worth, 3);
  return Math.max(worth, file.held.setCount > 0 ? 1 : 0);
}

/** The part of it that does not depend on what this device has of the file. */
export function worthOfName(fileId: FileId, context: RoomContext): number {
  if (fileId === context.preferred) return 4;
  if (isOwned(fileId, context)) return 3;
  return context.choices.includes(fileId) || listersOf(fileId, context) > 1 ? 2 : 0;
}

function isOwned(fileId: FileId, { neighbours }: RoomContext): boolean {
  for (const { listing } of neighbours.values()) if (listing.get(fileId)?.isOwn) return true;
  return false;
}

export function isListed(fileId: FileId, { neighbours }: RoomContext): boolean {
  for (const { listing } of neighbours.values()) if (listing.has(fileId)) return true;
  return false;
}

function isVouchedFor(file: KnownFile, context: RoomContext): boolean {
  return (
    file.isMine ||
    context.choices.includes(file.fileId) ||
    isOwned(file.fileId, context) ||
    listersOf(file.fileId, context) > 1
  );
}

function listersOf(fileId: FileId, { neighbours }: RoomContext): number {
  let listers = 0;
  for (const { listing } of neighbours.values()) if (listing.has(fileId)) listers += 1;
  return listers;
}

/** Rule 2. */
const isYielding = (file: KnownFile): boolean => !file.isEnabled && !file.isMine;
