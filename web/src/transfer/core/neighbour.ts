// One linked peer as the transfer core sees it: what it lists and holds, what it owes us, what we owe it. Local ms.

import type { FileId, UserId } from "../../lib/index.ts";
import {
  MAX_DRAFTS,
  MAX_FILE_BYTES,
  MAX_LISTED_FILES,
  MAX_OWN_FILES,
} from "../../protocol/constants/transfer.gen.ts";
import type { Advertisement } from "./advertisement.ts";
import { ANNOTATION_SLOTS, type SlotName, ToldAnnotations } from "./annotation-slots.ts";
import { Bitfield } from "./bitfield.ts";
import type { DropReason, ListedFile } from "./ctl.ts";
import { isDraftOf } from "./draft.ts";
import { pieceCountOf, pieceLengthOf } from "./manifest.ts";
import { type PieceRequest, RemoteSource } from "./remote-source.ts";
import { UploadQueue } from "./uploads.ts";

export type Refusal = {
  readonly entry: ListedFile;
  readonly error: "file-empty" | "file-too-large" | "file-too-many";
};

export class Neighbour {
  /** Its hello came: from then on everything else is accepted, and sent. */
  hasSaidHello = false;
  readonly source = new RemoteSource();
  readonly uploads = new UploadQueue();
  readonly listing = new Map<FileId, ListedFile>();
  readonly holdings = new Map<FileId, Bitfield>();
  /** Files whose bitfield it has got since they were last listed to it. */
  readonly advertised = new Set<FileId>();
  /** So many hashes of each own draft it was told, and so many it has told of each of its. */
  readonly hashesTold = new Map<FileId, number>();
  readonly hashesHeard = new Map<FileId, number>();
  hashesToldLocalMs = Number.NEGATIVE_INFINITY;
  readonly pendingHaves = new Map<FileId, number[]>();
  /** Files of which it was shown only some pieces (seeding.ts). */
  readonly advertisements = new Map<FileId, Advertisement>();
  readonly annotations: Readonly<Record<SlotName, ToldAnnotations>> = {
    annotation: new ToldAnnotations(ANNOTATION_SLOTS.annotation),
    index: new ToldAnnotations(ANNOTATION_SLOTS.index),
  };
  toldLocalMs = Number.NEGATIVE_INFINITY;
  pingSentLocalMs = Number.NEGATIVE_INFINITY;
  pingId = 0;
  /** When each unanswered ping was sent, local ms. */
  readonly pings = new Map<number, number>();
  readonly #fileOfSlot = new Map<number, FileId>();
  readonly #refused = new Set<FileId>();

  constructor(
    readonly userId: UserId,
    readonly openedLocalMs: number,
    /** It sent a piece that is not what the manifest promises: its data is not wanted any more. */
    public isBanned: boolean,
  ) {}

  /** Data of a slot may come after the file was withdrawn, so a slot is remembered for as long as any of it is owed. */
  fileOfSlot(slot: number): FileId | undefined {
    return this.#fileOfSlot.get(slot);
  }

  /** How many things are kept because this neighbour said them. */
  get keptCount(): number {
    const told = [this.annotations.annotation.best, this.annotations.index.best];
    const maps = [
      this.listing,
      this.holdings,
      this.hashesHeard,
      ...told,
      this.pings,
      this.#fileOfSlot,
      this.#refused,
    ];
    return maps.reduce((sum, { size }) => sum + size, 0) + this.uploads.count;
  }

  /** Takes a whole catalog over. Returns what was refused for the first time, or why this peer must go. */
  takeCatalog(files: readonly ListedFile[]): readonly Refusal[] | DropReason {
    const refusals: Refusal[] = [];
    const listed = new Map<FileId, ListedFile>();
    const named = new Set(files.map(({ fileId }) => fileId));
    let ownFiles = 0;
    let ownDrafts = 0;
    for (const entry of files) {
      const formerFile = this.#fileOfSlot.get(entry.slot);
      const isAnothers = formerFile !== undefined && formerFile !== entry.fileId;
      if (listed.has(entry.fileId)) return "malformed";
      if (isAnothers && (named.has(formerFile) || this.source.owes(formerFile))) return "malformed";
      if (entry.sizeBytes > 0 && entry.pieceLength !== pieceLengthOf(entry.sizeBytes)) return "malformed";
      if (entry.isOwn) ownFiles += 1;
      if (entry.isOwn && entry.draft !== undefined) {
        ownDrafts += 1;
        if (!isDraftOf(this.userId, entry.fileId, entry.sizeBytes, entry.draft)) return "malformed";
      }
      const error = refusalOf(entry, ownFiles, ownDrafts);
      if (error) {
        const isNews = !this.#refused.has(entry.fileId) && this.#refused.size < MAX_LISTED_FILES;
        if (isNews) refusals.push({ entry, error });
        // Beyond the cap more of the like is refused without another word.
        if (this.#refused.size < MAX_LISTED_FILES) this.#refused.add(entry.fileId);
        continue;
      }
      const formerSizeBytes = this.listing.get(entry.fileId)?.sizeBytes;
      if (formerSizeBytes !== undefined && formerSizeBytes !== entry.sizeBytes) return "contradiction";
      this.#fileOfSlot.set(entry.slot, entry.fileId);
      listed.set(entry.fileId, entry);
    }
    this.listing.clear();
    for (const [fileId, entry] of listed) this.listing.set(fileId, entry);
    for (const draftId of this.hashesHeard.keys()) if (!listed.has(draftId)) this.hashesHeard.delete(draftId);
    for (const fileId of this.holdings.keys()) {
      if (listed.has(fileId)) continue;
      this.holdings.delete(fileId);
      this.source.forgetRefusals(fileId, true);
    }
    for (const [slot, fileId] of this.#fileOfSlot) {
      const isCurrent = listed.get(fileId)?.slot === slot;
      if (!isCurrent && !this.source.owes(fileId)) this.#fileOfSlot.delete(slot);
    }
    return refusals;
  }

  /** Returns false when the text is no bitfield of the file it lists. Of a file it does not list it is ignored. */
  takeBitfield(fileId: FileId, text: string): boolean {
    const entry = this.listing.get(fileId);
    if (!entry) return true;
    try {
      this.holdings.set(fileId, Bitfield.decode(text, pieceCountOf(entry.sizeBytes)));
      this.source.forgetRefusals(fileId, false);
      return true;
    } catch {
      return false;
    }
  }
}

/** Whether somebody else could send it as well. */
export function hasOtherSource(
  neighbours: ReadonlyMap<UserId, Neighbour>,
  asked: Neighbour,
  { fileId, piece }: PieceRequest,
): boolean {
  for (const other of neighbours.values()) {
    if (other === asked || other.isBanned || other.source.isSilent) continue;
    if (other.holdings.get(fileId)?.has(piece)) return true;
  }
  return false;
}

function refusalOf(entry: ListedFile, ownFiles: number, ownDrafts: number): Refusal["error"] | null {
  if (entry.sizeBytes === 0) return "file-empty";
  if (entry.sizeBytes > MAX_FILE_BYTES) return "file-too-large";
  return entry.isOwn && (ownFiles > MAX_OWN_FILES || ownDrafts > MAX_DRAFTS) ? "file-too-many" : null;
}
