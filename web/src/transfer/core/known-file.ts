// One file this device knows of: its manifest once proven, the pieces held, and those on their way.
// Invariant: a piece is held, or being checked, or in flight, or wanted; it counts as held only once verified and stored.

import type { Bytes, FileId, UserId } from "../../lib/index.ts";
import type { SlotName } from "./annotation-slots.ts";
import { Bitfield } from "./bitfield.ts";
import type { Draft } from "./draft.ts";
import { type Manifest, pieceCountOf, pieceLengthOf, pieceSizeOf } from "./manifest.ts";

export interface InFlight {
  readonly sources: Set<UserId>;
  readonly sinceLocalMs: number;
}

export interface ManifestAsk {
  readonly peer: UserId;
  readonly askedLocalMs: number;
  /** It said no: another may be asked at once, the same one after a pause. */
  readonly isRefused: boolean;
}

export class KnownFile {
  /** null until a manifest was received whose hash is the file id. That of a draft is filled as its owner reads (drafts.ts). */
  manifest: Manifest | null = null;
  draft: Draft | null = null;
  /** The draft under whose id it was shown first. */
  draftId: FileId | null = null;
  manifestAsk: ManifestAsk | null = null;
  isMine = false;
  isEnabled = true;
  /** The store has been asked to make room, and the budget counts it. */
  isCommitted = false;
  /** The store has answered: what was there from before is known, so nothing is fetched twice. */
  isOpen = false;
  /** When the store was asked to open it, local ms, while it has not answered. */
  openingSinceLocalMs: number | null = null;
  /** Counts the openings in the store: an answer to a former one says nothing about what is there now. */
  epoch = 0;
  /** Neither the budget nor its sponsor's share has room for it now (room-budget.ts). */
  lacksRoom = false;
  /** The store had no room for it after all, and has kept nothing of it since. */
  isUnstorable = false;
  /** Not to be tried before this time, local ms, since the store had no room; null: at once, because a person acted. */
  retryLocalMs: number | null = null;
  /** The name I gave it when I added it. */
  myName: string | null = null;
  duplicatesAsked = 0;
  /** This device or a neighbour held all of it at some time. */
  wasWholeSomewhere = false;
  /** The best heard or written in each slot (annotations.ts). */
  readonly annotations: Record<SlotName, Bytes | null> = { annotation: null, index: null };
  held: Bitfield;
  heldBytes = 0;
  readonly inFlight = new Map<number, InFlight>();
  /** Pieces being verified and stored, and since when, local ms. */
  readonly checking = new Map<number, number>();
  /** Checks in a row that the store never answered. */
  unansweredChecks = 0;
  /** When a piece was last asked for, or came, local ms. */
  progressLocalMs = Number.NEGATIVE_INFINITY;
  /** The number under which this device lists the file to everyone; null until it first does. */
  slot: number | null = null;
  /** How many usable neighbours have each piece. */
  availability: Uint16Array;

  constructor(
    readonly fileId: FileId,
    private size: number,
    public lastName: string,
    /** The first neighbour who listed it; null for what this device had itself. */
    readonly sponsor: UserId | null = null,
  ) {
    this.held = new Bitfield(this.pieceCount);
    this.availability = new Uint16Array(this.pieceCount);
  }

  /** What its manifest says; before that, what a neighbour claims. */
  get sizeBytes(): number {
    return this.size;
  }

  get pieceLength(): number {
    return pieceLengthOf(this.size);
  }

  get pieceCount(): number {
    return pieceCountOf(this.size);
  }

  get isComplete(): boolean {
    return this.held.isFull;
  }

  /** Its owner still reads it: it is not known yet which file it is. */
  get isGrowing(): boolean {
    return this.draft !== null && this.draft.final === null;
  }

  /** A draft that turned out to be another file known here: it is not shown, listed or fetched any more. */
  get isSettled(): boolean {
    return this.draft !== null && this.draft.final !== null;
  }

  /** So many of its pieces can be verified, from the first on. */
  get hashCount(): number {
    return this.draft?.hashCount ?? this.pieceCount;
  }

  /** Only enabled files are listed and served, and of those only what is held. */
  get isServed(): boolean {
    return this.isEnabled && this.held.setCount > 0;
  }

  get missingPieces(): number {
    return this.held.length - this.held.setCount;
  }

  /** Whether all pieces with any of these bytes are held; false beyond the file. */
  holds(fromByte: number, toByte: number): boolean {
    if (!(fromByte >= 0 && fromByte <= toByte && toByte <= this.size)) return false;
    for (let piece = Math.floor(fromByte / this.pieceLength); piece * this.pieceLength < toByte; piece++)
      if (!this.held.has(piece)) return false;
    return true;
  }

  pieceSize(piece: number): number {
    return pieceSizeOf(this.size, piece);
  }

  adopt(manifest: Manifest): void {
    this.resize(manifest.sizeBytes);
    this.manifest = manifest;
    this.manifestAsk = null;
  }

  /** Believes another claim about the size; only before the manifest, when nothing can be held yet. */
  resize(sizeBytes: number): void {
    if (this.manifest || sizeBytes === this.size) return;
    this.size = sizeBytes;
    this.held = new Bitfield(this.pieceCount);
    this.availability = new Uint16Array(this.pieceCount);
  }

  isWanted(piece: number): boolean {
    if (piece >= this.hashCount) return false;
    return !this.held.has(piece) && !this.checking.has(piece) && !this.inFlight.has(piece);
  }

  /** Whether a piece that is on its way is still of use. */
  isWantedStill(piece: number): boolean {
    return !this.held.has(piece) && !this.checking.has(piece);
  }

  markAsked(piece: number, peer: UserId, localMs: number): void {
    this.progressLocalMs = localMs;
    const inFlight = this.inFlight.get(piece);
    if (inFlight) inFlight.sources.add(peer);
    else this.inFlight.set(piece, { sources: new Set([peer]), sinceLocalMs: localMs });
  }

  markNotComing(piece: number, peer: UserId): void {
    const inFlight = this.inFlight.get(piece);
    if (!inFlight) return;
    inFlight.sources.delete(peer);
    if (inFlight.sources.size === 0) this.inFlight.delete(piece);
  }

  /** The store lets go of it: nothing of it is held any more, and all of it may be fetched anew. */
  letGo(): void {
    this.held = new Bitfield(this.pieceCount);
    this.heldBytes = 0;
    this.checking.clear();
    this.inFlight.clear();
    this.isCommitted = false;
    this.isOpen = false;
    this.openingSinceLocalMs = null;
  }

  /** Returns whether it was held. */
  markLost(piece: number): boolean {
    if (!this.held.has(piece)) return false;
    this.held.clear(piece);
    this.heldBytes -= this.pieceSize(piece);
    return true;
  }

  /** Returns whether it was new. */
  markHeld(piece: number): boolean {
    this.checking.delete(piece);
    this.unansweredChecks = 0;
    if (!this.held.set(piece)) return false;
    this.heldBytes += this.pieceSize(piece);
    return true;
  }
}
