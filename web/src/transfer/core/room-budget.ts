// How much of this device's room each file and each member may take, and what makes way for what. Pure: knows no clock.
// Rules: (1) only files the store was asked to keep count, at their full size; (2) what is switched off and not mine makes way
// for anything; (3) for the file chosen to play everything makes way that is not mine, least needed first; (4) what only one
// member lists, and nobody present says is their own, has a share, and so has what that member has withdrawn; (5) for a file that
// is needed what has played makes way, then what is not needed, then what is needed after it; for one that I add what has played;
// none of that unless somebody else keeps it; (6) a file that is not needed leaves room for those that are.

import type { FileId, UserId } from "../../lib/index.ts";
import type { KnownFile } from "./known-file.ts";
import { isKeptElsewhere, type Needs, needRankOf, playedRankOf } from "./needs.ts";
import type { Neighbour } from "./neighbour.ts";

/** Of the room: enough for what somebody left behind with one holder, while a quarter stays for everyone else's. */
const SPONSORED_SHARE = 0.75;
/** The own files of ten members; in a larger swarm a second link soon confirms the others. */
const MAX_SPONSORED_FILES = 32;

export interface RoomContext {
  readonly me: UserId;
  readonly needs: Needs;
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

  /** What makes way so that the file fits, or null where it does not fit. Of a file that is not known I am the one who adds it. */
  whatMakesWay(fileId: FileId, sizeBytes: number, context: RoomContext): KnownFile[] | null {
    const gone = new Set<KnownFile>();
    const file = this.#files.get(fileId);
    if (file && !this.#fitsShare(file, gone, context)) return null;
    const others = [...this.#files.values()].filter((other) => other.isCommitted && other.fileId !== fileId);
    // The store is fuller than the budget knows: whatever may go at all helps.
    if (file?.isUnstorable) for (const other of others) if (isYielding(other)) gone.add(other);
    let usedBytes = this.#reservedBytes(fileId, context);
    for (const other of others) if (!gone.has(other)) usedBytes += other.sizeBytes;
    const mayGo = (other: KnownFile): boolean =>
      isYielding(other) || makesWayFor(fileId, file, other, context);
    const candidates = others.filter((other) => !gone.has(other) && mayGo(other));
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
      if (file.isSettled) continue; // it takes no place
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

  /** Rule 6: for what has no room yet and will be fetched before the file. What does not fit at all is not waited for. */
  #reservedBytes(fileId: FileId, context: RoomContext): number {
    const { needs, preferred } = context;
    const isMine = this.#files.get(fileId)?.isMine ?? true;
    if (fileId === preferred || isMine) return 0;
    let reservedBytes = 0;
    for (const earlier of new Set([...(preferred ? [preferred] : []), ...needs.needed])) {
      if (earlier === fileId) break;
      const file = this.#files.get(earlier);
      const isComing = file?.isEnabled && !file.isCommitted && !file.lacksRoom && isListed(earlier, context);
      if (isComing) reservedBytes += file.sizeBytes;
    }
    return reservedBytes;
  }

  #leastNeededFirst(files: readonly KnownFile[], context: RoomContext): KnownFile[] {
    const { choices, me, neighbours, needs } = context;
    const needOf = (file: KnownFile): number => {
      if (isYielding(file)) return -2e6;
      const onlyHere = isKeptElsewhere(file, me, neighbours) ? 0 : 1e6;
      const played = playedRankOf(file.fileId, needs);
      if (played >= 0) return onlyHere + played - 1e5;
      const rank = needRankOf(file.fileId, needs);
      if (rank !== Number.POSITIVE_INFINITY) return onlyHere + 1e5 - rank;
      const chosen = choices.indexOf(file.fileId);
      return onlyHere + (chosen < 0 ? 0 : choices.length - chosen);
    };
    const ranked = files.map((file) => ({ file, need: needOf(file) }));
    return ranked.sort((a, b) => a.need - b.need).map(({ file }) => file);
  }
}

/** Rules 3 and 5. */
function makesWayFor(
  fileId: FileId,
  file: KnownFile | undefined,
  other: KnownFile,
  context: RoomContext,
): boolean {
  const { me, needs, neighbours, preferred } = context;
  if (other.isMine || other.fileId === preferred) return false;
  if (fileId === preferred) return true;
  const rank = needRankOf(fileId, needs);
  const isNeeded = rank < needRankOf(other.fileId, needs);
  const isAdded = !file || file.isMine;
  const isPlayed = playedRankOf(other.fileId, needs) >= 0;
  return (isNeeded || (isAdded && isPlayed)) && isKeptElsewhere(other, me, neighbours);
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
  if (isOwned(fileId, context) || context.needs.needed.includes(fileId)) return 3;
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
    context.needs.needed.includes(file.fileId) ||
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
