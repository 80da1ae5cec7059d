// What each neighbour is asked for next: what is due first, then the rarest; in the end-game, and where a source is slow, what
// others owe already. Also takes requests back. Local ms.
// Invariants: (1) a piece is asked of one source, except in the end-game and where it is the next to sound; (2) a neighbour is
// asked for no more than its credit, and URGENT_CREDIT pieces that are due.

import type { FileId, UserId } from "../../lib/index.ts";
import {
  MIN_PIECE_BYTES,
  URGENT_CREDIT,
  URGENT_HEAD_PIECES,
  URGENT_SECOND_REQUEST_MS,
  URGENT_TURN_MS,
} from "../../protocol/constants/transfer.gen.ts";
import type { CoreState } from "./core.ts";
import { isReserved, STALLED_AFTER_MS } from "./duty.ts";
import type { InFlight, KnownFile } from "./known-file.ts";
import { hashOfPiece } from "./manifest.ts";
import type { Neighbour } from "./neighbour.ts";
import { duplicateBudgetOf, isEndGame, pickPieces } from "./picker.ts";
import type { PieceRequest } from "./remote-source.ts";
import { ListenersTurns } from "./urgency.ts";

/** In the end-game an idle source helps out when a piece took this long, or twice what it should. */
const END_GAME_AGE_MS = 500;
/** Only from a source that will take at least this many times as long: asking back costs a round trip. */
const ASK_BACK_RATIO = 2;
/** Half-received pieces kept in memory at once; a phone has little. */
const MAX_LIVE_BYTES = 32 * 1024 * 1024;
const MAX_LIVE_BYTES_ON_PHONE = 8 * 1024 * 1024;
/** Who has shown a piece is asked before who holds it alone, and has others to give. */
const UNSHOWN_MS = 1e6;

export class PieceRequests {
  readonly #core: CoreState;
  readonly #maxLiveBytes: number;

  constructor(core: CoreState, isPhone: boolean) {
    this.#core = core;
    this.#maxLiveBytes = isPhone ? MAX_LIVE_BYTES_ON_PHONE : MAX_LIVE_BYTES;
  }

  /** Asks for the pieces that are due, in their order, each of who will have sent it first. */
  askUrgent(files: readonly KnownFile[], localMs: number): void {
    for (const file of files) {
      const due = this.#core.urgency.of(file.fileId);
      if (!due) continue;
      const turns = new ListenersTurns(this.#core.me, this.#core.neighbours.values(), file.fileId);
      const asked = new Map<Neighbour, number[]>();
      const hastened = new Map<UserId, Map<FileId, number[]>>();
      let missing = 0;
      for (const piece of due.pieces) {
        if (piece >= file.pieceCount || file.held.has(piece) || file.checking.has(piece)) continue;
        const position = missing++;
        const isHead = position < URGENT_HEAD_PIECES;
        const headForMs = isHead ? due.headForMs(piece, localMs) : 0;
        const inFlight = file.inFlight.get(piece);
        if (inFlight && !(isHead && this.#isLate(file, inFlight, localMs))) {
          this.#markDue(file, piece, inFlight, hastened);
          continue;
        }
        const mayAskUnshown = turns.mayAsk(piece, position, headForMs, sizeFactorOf(file) * URGENT_TURN_MS);
        const source = this.#quickestFor(file, piece, mayAskUnshown, localMs);
        if (!source) continue;
        this.#record(source, file, piece, localMs, true);
        asked.set(source, [...(asked.get(source) ?? []), piece]);
      }
      for (const [neighbour, pieces] of asked) this.#sendRequest(neighbour, file, pieces, true);
      for (const [peer, piecesOf] of hastened)
        for (const [fileId, pieces] of piecesOf)
          this.#core.perform({ type: "send-ctl", peer, message: { type: "due", fileId, pieces } });
    }
  }

  /** Asks one neighbour for whatever it may be asked for now, the files in this order. */
  askFrom(neighbour: Neighbour, files: readonly KnownFile[], localMs: number): void {
    const { source } = neighbour;
    let isRefilling = false;
    for (const file of files) {
      if (isReserved(this.#core, neighbour, file)) return;
      const holding = neighbour.holdings.get(file.fileId);
      const isStalled = file.inFlight.size === 0 && localMs - file.progressLocalMs >= STALLED_AFTER_MS;
      const isUnshownAsked = isStalled && neighbour.listing.get(file.fileId)?.isWhole === true;
      if (!holding || holding.length !== file.pieceCount) continue;
      const credit = source.creditFor(file.pieceLength);
      // In batches: a request message per half credit, not per piece.
      if (!isRefilling && source.liveCount > credit / 2) return;
      isRefilling = true;
      const room = Math.min(credit - source.liveCount, this.#roomFor(file.pieceLength));
      if (room <= 0) return;
      const isAtSource = (piece: number) =>
        (holding.has(piece) || isUnshownAsked) &&
        !source.requestOf(file.fileId, piece) &&
        !source.isRefusing(file.fileId, piece, localMs);
      const choices = {
        pieceCount: file.pieceCount,
        startedPieces: file.held.setCount + file.checking.size + file.inFlight.size,
        isWanted: (piece: number) => file.isWanted(piece),
        isAtSource,
        availabilityOf: (piece: number) => file.availability[piece] ?? 0,
      };
      let pieces = pickPieces(choices, room, this.#core.random);
      if (file.isGrowing) pieces.sort((a, b) => a - b); // it will be played soon, from its beginning
      if (pieces.length === 0) pieces = this.#pickDuplicates(neighbour, file, isAtSource, room, localMs);
      for (const piece of pieces) this.#record(neighbour, file, piece, localMs);
      this.#sendRequest(neighbour, file, pieces);
      if (pieces.length === 0) this.#steal(neighbour, file, isAtSource, room);
    }
  }

  cancelAll(neighbour: Neighbour, requests: readonly PieceRequest[]): void {
    const piecesOfFile = new Map<FileId, number[]>();
    for (const request of requests) {
      neighbour.source.cancel(request);
      this.#core.fileCatalog.get(request.fileId)?.markNotComing(request.piece, neighbour.userId);
      const pieces = piecesOfFile.get(request.askedId);
      if (pieces) pieces.push(request.piece);
      else piecesOfFile.set(request.askedId, [request.piece]);
    }
    for (const [fileId, pieces] of piecesOfFile) {
      const message = { type: "cancel", fileId, pieces } as const;
      this.#core.perform({ type: "send-ctl", peer: neighbour.userId, message });
    }
  }

  /** A piece has come: whoever else owes it need not send it. */
  cancelElsewhere(file: KnownFile, piece: number): void {
    for (const peer of file.inFlight.get(piece)?.sources ?? []) {
      const other = this.#core.neighbours.get(peer);
      const request = other?.source.requestOf(file.fileId, piece);
      if (other && request) this.cancelAll(other, [request]);
    }
  }

  /** Who has the piece and will have sent it first; null where nobody can be asked for it now. */
  #quickestFor(file: KnownFile, piece: number, mayAskUnshown: boolean, localMs: number): Neighbour | null {
    if (this.#roomFor(file.pieceLength) <= 0) return null;
    let quickest: Neighbour | null = null;
    let leastMs = Number.POSITIVE_INFINITY;
    for (const neighbour of this.#core.neighbours.values()) {
      const { source, holdings, listing } = neighbour;
      if (!neighbour.hasSaidHello || neighbour.isBanned || source.isSilent) continue;
      const holding = holdings.get(file.fileId);
      if (holding?.length !== file.pieceCount) continue;
      const isShown = holding.has(piece);
      if (!isShown && !(mayAskUnshown && listing.get(file.fileId)?.isWhole)) continue;
      if (source.liveCount >= source.creditFor(file.pieceLength) + URGENT_CREDIT) continue;
      if (source.requestOf(file.fileId, piece) || source.isRefusing(file.fileId, piece, localMs)) continue;
      // Before anything is measured a source counts as quick; then the one that owes less is.
      const takesMs = source.expectedMs(file.pieceLength) + source.liveCount + (isShown ? 0 : UNSHOWN_MS);
      if (takesMs >= leastMs) continue;
      quickest = neighbour;
      leastMs = takesMs;
    }
    return quickest;
  }

  /** A source with nothing to do takes over what waits, not begun, at a much slower one: once that one has let go of it. */
  #steal(neighbour: Neighbour, file: KnownFile, isAtSource: (piece: number) => boolean, room: number): void {
    const { source, userId } = neighbour;
    if (source.isSilent || source.rateBytesPerSec === null) return;
    const hereMs = source.expectedMs(file.pieceLength);
    const piecesOf = new Map<UserId, number[]>();
    let left = room;
    for (const [piece, { sources }] of file.inFlight) {
      if (left <= 0) break;
      const [owing] = sources;
      const other = sources.size === 1 && owing ? this.#core.neighbours.get(owing)?.source : undefined;
      const request = other?.requestOf(file.fileId, piece);
      if (!owing || !other || !request || request.stolenFor || request.receivedBytes > 0) continue;
      if (request.askedId !== file.fileId) continue; // asked of it while this was a draft
      if (!isAtSource(piece) || other.expectedMs(0) < ASK_BACK_RATIO * hereMs) continue;
      request.stolenFor = userId;
      piecesOf.set(owing, [...(piecesOf.get(owing) ?? []), piece]);
      left -= 1;
    }
    for (const [owing, pieces] of piecesOf) {
      const message = { type: "cancel", fileId: file.fileId, pieces } as const;
      this.#core.perform({ type: "send-ctl", peer: owing, message });
    }
  }

  #pickDuplicates(
    neighbour: Neighbour,
    file: KnownFile,
    isAtSource: (piece: number) => boolean,
    room: number,
    localMs: number,
  ): number[] {
    let sources = 0;
    for (const { holdings } of this.#core.neighbours.values()) if (holdings.has(file.fileId)) sources += 1;
    if (neighbour.source.isSilent || !isEndGame(file.missingPieces, sources)) return [];
    const left = Math.min(room, duplicateBudgetOf(file.pieceCount) - file.duplicatesAsked);
    const late: number[] = [];
    for (const [piece, inFlight] of file.inFlight) {
      if (late.length >= left) break;
      if (inFlight.sources.size > 1 || !isAtSource(piece)) continue;
      const [owing] = inFlight.sources;
      const expectedMs = owing
        ? (this.#core.neighbours.get(owing)?.source.expectedMs(file.pieceLength) ?? 0)
        : 0;
      if (localMs - inFlight.sinceLocalMs > Math.max(END_GAME_AGE_MS, 2 * expectedMs)) late.push(piece);
    }
    file.duplicatesAsked += late.length;
    return late;
  }

  /** Whether a piece that is the next to sound is worth asking of a second one. */
  #isLate(file: KnownFile, { sources, sinceLocalMs }: InFlight, localMs: number): boolean {
    const [owing] = sources;
    if (!owing || sources.size > 1) return false;
    const expectedMs = this.#core.neighbours.get(owing)?.source.expectedMs(file.pieceLength) ?? 0;
    const patienceMs = Math.max(sizeFactorOf(file) * URGENT_SECOND_REQUEST_MS, 2 * expectedMs);
    return localMs - sinceLocalMs >= patienceMs;
  }

  /** It was asked for before its sound was due: whoever owes it is told so, once. */
  #markDue(
    file: KnownFile,
    piece: number,
    { sources }: InFlight,
    hastened: Map<UserId, Map<FileId, number[]>>,
  ): void {
    for (const peer of sources) {
      const request = this.#core.neighbours.get(peer)?.source.requestOf(file.fileId, piece);
      if (!request?.isLive || request.isDue || request.receivedBytes > 0) continue;
      request.isDue = true;
      const piecesOf = hastened.get(peer) ?? new Map<FileId, number[]>();
      hastened.set(peer, piecesOf.set(request.askedId, [...(piecesOf.get(request.askedId) ?? []), piece]));
    }
  }

  #record(neighbour: Neighbour, file: KnownFile, piece: number, localMs: number, isDue = false): void {
    neighbour.source.request(file.fileId, piece, file.pieceSize(piece), localMs, isDue);
    file.markAsked(piece, neighbour.userId, localMs);
  }

  #sendRequest({ userId, listing }: Neighbour, file: KnownFile, pieces: number[], isDue = false): void {
    const { fileId, epoch, manifest } = file;
    if (pieces.length === 0 || !manifest) return;
    this.#core.perform({
      type: "expect-pieces",
      peer: userId,
      fileId,
      epoch,
      slot: listing.get(fileId)?.slot ?? 0,
      pieces: pieces.map((piece) => ({
        piece,
        sizeBytes: file.pieceSize(piece),
        sha256: hashOfPiece(manifest, piece).slice(), // to be posted without the whole list
      })),
    });
    const message = { type: "request", fileId, pieces, ...(isDue && { isDue }) } as const;
    this.#core.perform({ type: "send-ctl", peer: userId, message });
  }

  #roomFor(pieceLength: number): number {
    let liveBytes = 0;
    for (const { source } of this.#core.neighbours.values()) liveBytes += source.liveBytes;
    return Math.floor((this.#maxLiveBytes - liveBytes) / pieceLength);
  }
}

/** A piece of a large file takes as much longer. */
const sizeFactorOf = ({ pieceLength }: KnownFile): number => pieceLength / MIN_PIECE_BYTES;
