// The giving half of the core: who gets which piece next. Local ms.
// Few pieces are on their way at a time, over all links together, so that each arrives soon and can be passed on: a piece in
// nine halves helps nobody. Links take turns; within a link goes first what is due, then the playing file, then what fewest others have.

import type { FileId, UserId } from "../../lib/index.ts";
import {
  LARGE_PIECE_BYTES,
  LINK_DEAD_AFTER_MS,
  UPLOAD_SLOTS,
} from "../../protocol/constants/transfer.gen.ts";
import type { CoreState } from "./core.ts";
import type { DropReason } from "./ctl.ts";
import { encodeHashes } from "./manifest.ts";
import type { Neighbour } from "./neighbour.ts";
import type { Seeding } from "./seeding.ts";
import type { Upload } from "./uploads.ts";

/** And for a phone on a paid connection: it gives, but little. */
const FRUGAL_SLOTS = 1;
/**
 * Where pieces leave quickly, more of them: what is begun must last until the end of a piece is heard of and the next is begun, which a
 * busy page and its Worker take as long as this for. Less leaves a fast network waiting.
 */
const COVERED_MS = 60;
const MAX_SLOTS = 16;
const INTERVAL_SMOOTHING = 0.2;
/**
 * A piece much longer in the pipe than usual, and than all that is begun takes at the rate at which anything may leave, waits for its
 * receiver, not for us: its slot goes to others meanwhile. Without the rate a slow uplink would begin two pieces for everyone, which then
 * come all at once and late, and of which none can be taken back.
 */
const STALLED_FACTOR = 3;
const MIN_STALLED_MS = 100;
const MAX_STALLED_MS = 1_500;
/** A read that has not been answered by now never will be: the piece is refused, and asked for again later. */
const READ_PATIENCE_MS = 60_000;
/** What is usual follows the quick pieces at once and the slow ones reluctantly: several slow receivers are no norm. */
const SLOWER_SMOOTHING = 0.05;

export class Serving {
  readonly #core: CoreState;
  readonly #seeding: Seeding;
  /** What may leave, bytes a second; 0 while unknown. */
  readonly #paceBytesPerSec: () => number;
  #turns = 0;
  #usualMs = MAX_STALLED_MS / STALLED_FACTOR;
  /** From one piece that has left to the next, on average; endless while nothing is known. */
  #intervalMs = Number.POSITIVE_INFINITY;
  #sentLocalMs: number | null = null;
  #isGenerous = true;

  constructor(core: CoreState, seeding: Seeding, paceBytesPerSec: () => number) {
    this.#core = core;
    this.#seeding = seeding;
    this.#paceBytesPerSec = paceBytesPerSec;
  }

  setGenerous(isGenerous: boolean, localMs: number): void {
    this.#isGenerous = isGenerous;
    this.pump(localMs);
  }

  /** Takes a request; returns why its sender must go, if so. */
  takeRequest(
    neighbour: Neighbour,
    fileId: FileId,
    pieces: readonly number[],
    isDue: boolean,
    localMs: number,
  ): DropReason | null {
    const file = this.#core.fileCatalog.get(fileId);
    const refused: number[] = [];
    for (const piece of pieces) {
      if (file?.manifest && piece >= file.pieceCount) return "malformed";
      if (!file?.isServed || !file.held.has(piece)) refused.push(piece);
      else if (!neighbour.uploads.add({ fileId, piece, isDue })) return "flood";
      else this.#seeding.recordAsked(neighbour, fileId, piece);
    }
    this.#reject(neighbour.userId, fileId, refused);
    this.pump(localMs);
    return null;
  }

  giveManifest({ userId }: Neighbour, fileId: FileId): void {
    const file = this.#core.fileCatalog.get(fileId);
    if (!file?.manifest || !file.isServed || file.draft) {
      this.#core.perform({ type: "send-ctl", peer: userId, message: { type: "reject", fileId, pieces: [] } });
      return;
    }
    const message = {
      type: "manifest",
      fileId,
      sizeBytes: file.sizeBytes,
      sha256: encodeHashes(file.manifest),
    } as const;
    this.#core.perform({ type: "send-ctl", peer: userId, message });
  }

  takeCancel(neighbour: Neighbour, fileId: FileId, pieces: readonly number[]): void {
    const cancelled = pieces.filter((piece) => neighbour.uploads.cancel({ fileId, piece }));
    this.#reject(neighbour.userId, fileId, cancelled);
  }

  /** A file is not served any more: what has not begun is refused. */
  cancelFile(fileId: FileId): void {
    for (const neighbour of this.#core.neighbours.values()) {
      this.#reject(neighbour.userId, fileId, neighbour.uploads.cancelFile(fileId));
    }
  }

  takeRead(peer: UserId, upload: Upload, sizeBytes: number): void {
    const uploads = this.#core.neighbours.get(peer)?.uploads;
    // The link may be another by now, and nobody there asked for this piece.
    if (!uploads?.isReading(upload)) return;
    uploads.recordRead(upload);
    this.#core.counts.sentBytes += sizeBytes;
  }

  takeUnreadable(peer: UserId, upload: Upload, localMs: number): void {
    const uploads = this.#core.neighbours.get(peer)?.uploads;
    if (!uploads?.isReading(upload)) return;
    uploads.done(upload);
    this.#reject(peer, upload.fileId, [upload.piece]);
    this.pump(localMs);
  }

  /** Refuses what the store never gave; returns whose link has taken nothing for so long that it must be broken. */
  recover(localMs: number): Neighbour[] {
    const broken: Neighbour[] = [];
    for (const neighbour of this.#core.neighbours.values()) {
      for (const [upload, { begunLocalMs, isRead }] of neighbour.uploads.inPipe) {
        const waitedMs = localMs - begunLocalMs;
        if (!isRead && waitedMs >= READ_PATIENCE_MS) this.takeUnreadable(neighbour.userId, upload, localMs);
        if (isRead && waitedMs >= LINK_DEAD_AFTER_MS) broken.push(neighbour);
      }
    }
    return broken;
  }

  takeSent(peer: UserId, upload: Upload, localMs: number): void {
    const begunLocalMs = this.#core.neighbours.get(peer)?.uploads.done(upload);
    if (begunLocalMs !== undefined) {
      const change = (localMs - begunLocalMs) / this.#sizeFactorOf(upload) - this.#usualMs;
      this.#usualMs += change > 0 ? SLOWER_SMOOTHING * change : change / 2;
      this.#recordInterval(localMs);
    }
    this.#seeding.recordSent(peer, upload.fileId, upload.piece);
    this.pump(localMs);
  }

  /** Begins as many pieces as there are slots for. */
  pump(localMs: number): void {
    const slots = this.#slots;
    let free = slots;
    for (const { uploads } of this.#core.neighbours.values()) {
      for (const [upload, { begunLocalMs, isRead }] of uploads.inPipe)
        if (localMs - begunLocalMs < this.#stalledMs(upload, isRead, slots)) free -= 1;
    }
    while (free > 0) {
      const neighbour = this.#nextInTurn(slots);
      const upload = neighbour?.uploads.begin(localMs, ++this.#turns, slots, (waiting) =>
        this.#urgencyOf(waiting),
      );
      if (!neighbour || !upload) return;
      const file = this.#core.fileCatalog.get(upload.fileId);
      if (file?.slot == null || !file.held.has(upload.piece)) {
        neighbour.uploads.done(upload); // it made way for another file meanwhile
        this.#reject(neighbour.userId, upload.fileId, [upload.piece]);
        continue;
      }
      free -= 1;
      this.#core.perform({ type: "give-piece", peer: neighbour.userId, upload, slot: file.slot });
    }
  }

  get #slots(): number {
    if (!this.#isGenerous) return FRUGAL_SLOTS;
    return Math.min(MAX_SLOTS, Math.max(UPLOAD_SLOTS, 1 + Math.ceil(COVERED_MS / this.#intervalMs)));
  }

  /** After so long a piece waits for its receiver, or still for the store. */
  #stalledMs(upload: Upload, isRead: boolean, slots: number): number {
    const leastMs = Math.min(MAX_STALLED_MS, Math.max(MIN_STALLED_MS, STALLED_FACTOR * this.#usualMs));
    const usualMs = leastMs * this.#sizeFactorOf(upload);
    if (!isRead) return usualMs;
    const paceBytesPerSec = this.#paceBytesPerSec();
    const begunBytes = slots * (this.#core.fileCatalog.get(upload.fileId)?.pieceLength ?? 0);
    const pacedMs = paceBytesPerSec > 0 ? (begunBytes / paceBytesPerSec) * 1000 : 0;
    return Math.max(usualMs, STALLED_FACTOR * pacedMs);
  }

  /** Several that are told of at once have left one after the other. A pause says nothing. */
  #recordInterval(localMs: number): void {
    const elapsedMs = Math.min(MAX_STALLED_MS, localMs - (this.#sentLocalMs ?? localMs - MAX_STALLED_MS));
    this.#sentLocalMs = localMs;
    if (this.#intervalMs === Number.POSITIVE_INFINITY) this.#intervalMs = elapsedMs;
    else this.#intervalMs += INTERVAL_SMOOTHING * (elapsedMs - this.#intervalMs);
  }

  /** Whoever waits for the preferred file, and among those who was served longest ago. */
  #nextInTurn(slots: number): Neighbour | null {
    let next: Neighbour | null = null;
    let isNextPreferred = false;
    for (const neighbour of this.#core.neighbours.values()) {
      const { uploads } = neighbour;
      if (!uploads.canBegin(slots)) continue;
      const isPreferred = uploads.isWaitingFor((fileId) => this.#isPreferred(fileId));
      if (next && isNextPreferred && !isPreferred) continue;
      const isSooner = !next || (isPreferred && !isNextPreferred) || uploads.turn < next.uploads.turn;
      if (!isSooner) continue;
      next = neighbour;
      isNextPreferred = isPreferred;
    }
    return next;
  }

  /** Lower goes first. What is due changes the order within its link alone: nobody gains by it at another's cost. */
  #urgencyOf({ fileId, piece, isDue }: Upload): number {
    if (isDue) return Number.NEGATIVE_INFINITY;
    const { fileCatalog } = this.#core;
    const rarity = fileCatalog.get(fileCatalog.finalOf(fileId))?.availability[piece] ?? 0;
    return this.#isPreferred(fileId) ? rarity - 0x10000 : rarity;
  }

  /** Also what was asked for while it was a draft. */
  #isPreferred(fileId: FileId): boolean {
    return this.#core.fileCatalog.finalOf(fileId) === this.#core.preferred;
  }

  /** A piece of a file above 512 MiB takes as much longer. */
  #sizeFactorOf({ fileId }: Upload): number {
    return Math.max(1, (this.#core.fileCatalog.get(fileId)?.pieceLength ?? 0) / LARGE_PIECE_BYTES);
  }

  #reject(peer: UserId, fileId: FileId, pieces: number[]): void {
    if (pieces.length === 0) return;
    this.#core.perform({ type: "send-ctl", peer, message: { type: "reject", fileId, pieces } });
  }
}
