// One peer as a source of pieces: what was asked of it, how fast it answers, how much to ask next. Local ms.
// Invariants: (1) a request is live until it is finished, rejected or cancelled; (2) a cancelled request stays known until its
// data or the holder's reject comes, and the piece is not asked for there again before; (3) so every piece arrives at most
// once per request, and whatever arrives without one is an offence: the caller drops that peer.

import type { FileId, UserId } from "../../lib/index.ts";
import {
  LINK_DEAD_AFTER_MS,
  MAX_REFUSAL_PAUSE_MS,
  REFUSAL_PAUSE_MS,
} from "../../protocol/constants/transfer.gen.ts";

export interface PieceRequest {
  /** The file that was asked for, or the one that it turned out to be. */
  fileId: FileId;
  /** Under which it was asked for. */
  readonly askedId: FileId;
  readonly piece: number;
  readonly sizeBytes: number;
  readonly requestedLocalMs: number;
  isLive: boolean;
  /** It was told that the sound of this piece comes next. */
  isDue: boolean;
  /** Asked back, to be asked of this faster source: still owed until the holder's reject, or the piece itself, comes. */
  stolenFor: UserId | null;
  receivedBytes: number;
}

/** One piece is on the wire while the next request travels. */
const MIN_CREDIT = 2;
/** Beyond what flows: the holder gives the rarest first, so it should have some to choose from (a swarm of 1000 gains 2 %). */
const CREDIT_TO_CHOOSE_FROM = 2;
/** 16 pieces of 64 KiB per round trip are 50 MB/s at 20 ms. */
export const MAX_CREDIT = 16;
/** Before anything is measured: two more than the least, so that a fast LAN starts fast. */
const FIRST_CREDIT = 4;
/** Requests cover this much more than the round trip, for the holder's other guests and for batching. */
const CREDIT_MARGIN_MS = 100;
/** Until the first pong; most phones in one room are faster. */
const ASSUMED_RTT_MS = 50;
/** Rate is averaged over windows of at least this long: single chunks arrive in bursts. */
const RATE_WINDOW_MS = 200;
const RATE_SMOOTHING = 0.4;
const RTT_SMOOTHING = 0.25;
/** A source is silent after max(3 s, 4 × the time a piece should take); each strike in a row doubles its patience … */
const MIN_PATIENCE_MS = 3_000;
const PATIENCE_FACTOR = 4;
/** … up to this, so that a slow uplink with many guests is waited for. */
const MAX_PATIENCE_MS = 30_000;

/** Stands for a file's manifest, which may be refused as its pieces may. */
export const MANIFEST = -1;

interface Refusal {
  readonly count: number;
  readonly untilLocalMs: number;
}

export class RemoteSource {
  readonly #requests = new Map<string, PieceRequest>();
  #liveCount = 0;
  #liveBytes = 0;
  #rateBytesPerSec: number | null = null;
  #rttMs: number | null = null;
  #windowStartLocalMs = 0;
  #windowBytes = 0;
  #progressLocalMs = 0;
  #heardLocalMs = 0;
  /** Drafts of which something was asked, and the files that they turned out to be. */
  readonly #finals = new Map<FileId, FileId>();
  readonly #refusals = new Map<string, Refusal>();
  #creditLimit = MAX_CREDIT;
  #strikes = 0;

  get liveCount(): number {
    return this.#liveCount;
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  get rateBytesPerSec(): number | null {
    return this.#rateBytesPerSec;
  }

  get rttMs(): number | null {
    return this.#rttMs;
  }

  /** How often in a row its patience was used up. */
  get strikes(): number {
    return this.#strikes;
  }

  /** It owes pieces and has been silent for longer than its patience; ends with its next chunk. */
  get isSilent(): boolean {
    return this.#strikes > 0;
  }

  recordRtt(rttMs: number): void {
    this.#rttMs = this.#rttMs === null ? rttMs : this.#rttMs + RTT_SMOOTHING * (rttMs - this.#rttMs);
  }

  /** How many pieces of this length may be outstanding: what flows in one round trip, and two more. */
  creditFor(pieceLength: number): number {
    if (this.isSilent) return 1;
    if (this.#rateBytesPerSec === null) return Math.min(FIRST_CREDIT, this.#creditLimit);
    const coveredSec = ((this.#rttMs ?? ASSUMED_RTT_MS) + CREDIT_MARGIN_MS) / 1000;
    const pieces = Math.ceil((this.#rateBytesPerSec * coveredSec) / pieceLength) + CREDIT_TO_CHOOSE_FROM;
    return Math.min(this.#creditLimit, Math.max(MIN_CREDIT, pieces));
  }

  /** How long one piece should take from asking to having, ms. */
  expectedMs(pieceLength: number): number {
    if (this.#rateBytesPerSec === null) return MIN_PATIENCE_MS / PATIENCE_FACTOR;
    const queuedBytes = this.#liveBytes + pieceLength;
    return (this.#rttMs ?? ASSUMED_RTT_MS) + (queuedBytes / this.#rateBytesPerSec) * 1000;
  }

  requestOf(fileId: FileId, piece: number): PieceRequest | undefined {
    const request = this.#requests.get(keyOf(fileId, piece));
    const final = request ? undefined : this.#finals.get(fileId);
    return final ? this.#requests.get(keyOf(final, piece)) : request;
  }

  /** A draft turned out to be this file: what was asked of it counts as asked of the file. Returns the pieces that are live. */
  settle(draftId: FileId, fileId: FileId): number[] {
    const pieces: number[] = [];
    for (const [key, request] of [...this.#requests]) {
      if (request.fileId !== draftId || this.#requests.has(keyOf(fileId, request.piece))) continue;
      this.#requests.delete(key);
      request.fileId = fileId;
      this.#requests.set(keyOf(fileId, request.piece), request);
      this.#finals.set(draftId, fileId);
      if (request.isLive) pieces.push(request.piece);
    }
    return pieces;
  }

  liveRequests(): PieceRequest[] {
    return [...this.#requests.values()].filter((request) => request.isLive);
  }

  /** Records that a piece was asked for. By invariant 2 there is no request for it here yet. */
  request(fileId: FileId, piece: number, sizeBytes: number, localMs: number, isDue: boolean): void {
    if (this.#requests.size === 0) this.#heardLocalMs = localMs;
    if (this.#liveCount === 0) {
      this.#windowStartLocalMs = localMs;
      this.#windowBytes = 0;
      this.#progressLocalMs = localMs;
    }
    const request = {
      fileId,
      askedId: fileId,
      piece,
      sizeBytes,
      requestedLocalMs: localMs,
      isLive: true,
      isDue,
      stolenFor: null,
      receivedBytes: 0,
    };
    this.#requests.set(keyOf(fileId, piece), request);
    this.#liveCount += 1;
    this.#liveBytes += sizeBytes;
  }

  cancel(request: PieceRequest): void {
    if (!request.isLive) return;
    request.isLive = false;
    this.#liveCount -= 1;
    this.#liveBytes -= request.sizeBytes;
  }

  /** Finished or rejected: nothing more comes. */
  forget(request: PieceRequest): void {
    this.cancel(request);
    this.#requests.delete(keyOf(request.fileId, request.piece));
    if (request.askedId !== request.fileId && !this.owes(request.askedId))
      this.#finals.delete(request.askedId);
  }

  /** It was asked for a piece or MANIFEST and said no, though it listed it: it may have been unable for a moment. */
  recordRefusal(fileId: FileId, piece: number, localMs: number): void {
    this.passOver(fileId, piece, localMs);
    this.#heardLocalMs = localMs;
  }

  /** It does not give it: it is not asked for it again before a pause, which doubles each time. */
  passOver(fileId: FileId, piece: number, localMs: number): void {
    const count = (this.#refusals.get(keyOf(fileId, piece))?.count ?? 0) + 1;
    const pauseMs = Math.min(MAX_REFUSAL_PAUSE_MS, REFUSAL_PAUSE_MS * 2 ** (count - 1));
    this.#refusals.set(keyOf(fileId, piece), { count, untilLocalMs: localMs + pauseMs });
  }

  /** Whether it said no to this piece so lately that asking again must wait. */
  isRefusing(fileId: FileId, piece: number, localMs: number): boolean {
    return (this.#refusals.get(keyOf(fileId, piece))?.untilLocalMs ?? localMs) > localMs;
  }

  /** It told anew what pieces it has of a file, or lists it no more, which makes room for its manifest's refusals too. */
  forgetRefusals(fileId: FileId, isUnlisted: boolean): void {
    for (const key of this.#refusals.keys())
      if (key.startsWith(fileId) && (isUnlisted || key !== keyOf(fileId, MANIFEST)))
        this.#refusals.delete(key);
  }

  /** Whether anything of this file was asked for and neither came nor was refused. */
  owes(fileId: FileId): boolean {
    for (const request of this.#requests.values()) {
      if (request.fileId === fileId || request.askedId === fileId) return true;
    }
    return false;
  }

  /** It owes something, cancelled or not, and has sent nothing at all for very long. */
  isDead(localMs: number): boolean {
    return this.#requests.size > 0 && localMs - this.#heardLocalMs >= LINK_DEAD_AFTER_MS;
  }

  recordChunk(payloadBytes: number, localMs: number): void {
    this.#progressLocalMs = localMs;
    this.#heardLocalMs = localMs;
    this.#strikes = 0;
    this.#windowBytes += payloadBytes;
    const windowMs = localMs - this.#windowStartLocalMs;
    if (windowMs < RATE_WINDOW_MS) return;
    const sample = (this.#windowBytes / windowMs) * 1000;
    const former = this.#rateBytesPerSec;
    this.#rateBytesPerSec = former === null ? sample : former + RATE_SMOOTHING * (sample - former);
    this.#windowStartLocalMs = localMs;
    this.#windowBytes = 0;
  }

  /** A piece came through whole: one step back to full credit. */
  recordPiece(): void {
    this.#creditLimit = Math.min(MAX_CREDIT, this.#creditLimit + 1);
  }

  /** Returns whether the source has just now used up its patience; then its credit is halved. */
  checkSilence(pieceLength: number, localMs: number): boolean {
    if (this.#liveCount === 0) return false;
    const expectedMs = this.#rateBytesPerSec ? (pieceLength / this.#rateBytesPerSec) * 1000 : 0;
    const patienceMs = Math.max(MIN_PATIENCE_MS, PATIENCE_FACTOR * expectedMs) * 2 ** this.#strikes;
    if (localMs - this.#progressLocalMs < Math.min(MAX_PATIENCE_MS, patienceMs)) return false;
    this.#strikes += 1;
    this.#progressLocalMs = localMs;
    this.#creditLimit = Math.max(MIN_CREDIT, Math.floor(this.#creditLimit / 2));
    return true;
  }
}

const keyOf = (fileId: FileId, piece: number): string => `${fileId}/${piece}`;
