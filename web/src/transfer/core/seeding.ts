// Super-seeding: while this device alone holds a file, it hands every piece out once before it hands any out twice, so that
// the swarm has a second copy after one upload. It does so by telling each neighbour only of the pieces meant for it; what it
// tells is true, and nothing asked beyond that is refused. It ends, with the whole bitfield to everyone, as soon as every
// piece is held by somebody else, or another lists the file as whole. Local ms.
// Invariants: (1) a piece is chosen for the neighbour that holds least, among those handed out least; (2) no more than its
// allowance is shown to a neighbour ahead of what it was sent; whoever runs dry, or asks for nothing, gets a larger one.

import type { FileId, UserId } from "../../lib/index.ts";
import { Advertisement, FIRST_ALLOWANCE } from "./advertisement.ts";
import { Bitfield } from "./bitfield.ts";
import type { CoreState } from "./core.ts";
import type { KnownFile } from "./known-file.ts";
import type { Neighbour } from "./neighbour.ts";

/** As many as anyone may have outstanding (remote-source.ts). */
const MAX_ALLOWANCE = 16;
/** Who asks for nothing of what it was shown for so long may have it, or not want it: it is shown as much again. */
const IDLE_GUEST_MS = 5_000;

export class Seeding {
  readonly #core: CoreState;

  constructor(core: CoreState) {
    this.#core = core;
  }

  /** The bitfield with which a file is first told to a neighbour. */
  firstBitfield(neighbour: Neighbour, file: KnownFile): Bitfield {
    const former = neighbour.advertisements.get(file.fileId);
    if (former) return former.shown;
    if (!this.#isWorthwhile(file)) return file.held;
    const showing = new Advertisement(new Bitfield(file.pieceCount));
    neighbour.advertisements.set(file.fileId, showing);
    this.#show(neighbour, file, showing, this.#handedOut(file));
    return showing.shown;
  }

  /** A neighbour asked for a piece, shown to it or not: it is handed out to it. */
  recordAsked(neighbour: Neighbour, fileId: FileId, piece: number): void {
    const showing = neighbour.advertisements.get(this.#core.fileCatalog.finalOf(fileId));
    if (!showing || showing.shown.has(piece)) return;
    showing.shown.set(piece);
    showing.ahead.add(piece);
  }

  /** A piece has left for its neighbour. */
  recordSent(peer: UserId, askedId: FileId, piece: number): void {
    const fileId = this.#core.fileCatalog.finalOf(askedId);
    const neighbour = this.#core.neighbours.get(peer);
    const showing = neighbour?.advertisements.get(fileId);
    if (!showing?.ahead.delete(piece)) return;
    if (neighbour?.uploads.isEmpty) showing.allowance = Math.min(MAX_ALLOWANCE, showing.allowance + 1);
    this.advance(fileId);
  }

  /** Shows more to whoever is idle: what it was shown may be of no use to it. */
  recover(localMs: number): void {
    for (const neighbour of this.#core.neighbours.values()) {
      for (const [fileId, showing] of [...neighbour.advertisements]) {
        if (!neighbour.uploads.isEmpty) showing.busyLocalMs = localMs;
        showing.busyLocalMs ??= localMs;
        if (localMs - showing.busyLocalMs < IDLE_GUEST_MS) continue;
        showing.busyLocalMs = localMs;
        showing.allowance += FIRST_ALLOWANCE;
        this.advance(fileId);
      }
    }
  }

  /** Something about who has what has changed: shows more, or ends it. */
  advance(fileId: FileId): void {
    const file = this.#core.fileCatalog.get(fileId);
    const guests = [...this.#core.neighbours.values()].filter(({ advertisements }) =>
      advertisements.has(fileId),
    );
    if (!file || guests.length === 0) return;
    if (!this.#isWorthwhile(file)) {
      this.#end(file, guests);
      return;
    }
    const handedOut = this.#handedOut(file);
    const heldBy = (guest: Neighbour): number => guest.holdings.get(fileId)?.setCount ?? 0;
    const aheadOf = (guest: Neighbour): number => guest.advertisements.get(fileId)?.ahead.size ?? 0;
    for (const guest of guests.sort((a, b) => heldBy(a) - heldBy(b) || aheadOf(a) - aheadOf(b))) {
      const showing = guest.advertisements.get(fileId);
      const pieces = showing ? this.#show(guest, file, showing, handedOut) : [];
      if (pieces.length === 0) continue;
      this.#core.perform({ type: "send-ctl", peer: guest.userId, message: { type: "have", fileId, pieces } });
    }
  }

  /** What was shown of my own draft was shown of the file, and who holds pieces of the one will hold them of the other. */
  settle(draftId: FileId, file: KnownFile): void {
    for (const { advertised, advertisements, holdings } of this.#core.neighbours.values()) {
      const showing = advertisements.get(draftId);
      const holding = holdings.get(draftId);
      // Of a neighbour's file nothing is asked before it is listed: until then its slot is not known.
      if (file.isMine && holding && !holdings.has(file.fileId)) holdings.set(file.fileId, holding);
      if (!advertisements.delete(draftId) || !showing || advertised.has(file.fileId)) continue;
      advertisements.set(file.fileId, showing);
    }
  }

  #isWorthwhile(file: KnownFile): boolean {
    if (file.isMine && file.isGrowing) return true;
    if (!file.isComplete) return false;
    for (const { listing } of this.#core.neighbours.values()) {
      if (listing.get(file.fileId)?.isWhole) return false;
    }
    return file.availability.includes(0);
  }

  /** For each piece, how many neighbours hold it or are about to get it from here. */
  #handedOut(file: KnownFile): Uint16Array {
    const counts = file.availability.slice();
    for (const neighbour of this.#core.neighbours.values()) {
      const holding = neighbour.holdings.get(file.fileId);
      for (const upload of neighbour.advertisements.get(file.fileId)?.shown.indices() ?? []) {
        if (!holding?.has(upload)) counts[upload] = (counts[upload] ?? 0) + 1;
      }
    }
    return counts;
  }

  /** Fills a neighbour's allowance; returns what it is to be told. */
  #show(neighbour: Neighbour, file: KnownFile, showing: Advertisement, handedOut: Uint16Array): number[] {
    const holding = neighbour.holdings.get(file.fileId);
    for (const piece of showing.ahead) if (holding?.has(piece)) showing.ahead.delete(piece);
    const listeners = [...this.#core.neighbours.values()].filter(
      ({ listing }) => !listing.get(file.fileId)?.isWhole,
    );
    const turn = listeners.filter(({ userId }) => userId < neighbour.userId).length;
    const pieces: number[] = [];
    while (showing.ahead.size < showing.allowance) {
      let best = -1;
      let bestRank = Number.POSITIVE_INFINITY;
      for (let piece = 0; piece < file.pieceCount; piece++) {
        // What is still being read is not handed out twice only because there is nothing else yet.
        if (!file.held.has(piece) || (file.isGrowing && (handedOut[piece] ?? 0) > 0)) continue;
        if (holding?.has(piece) || showing.shown.has(piece)) continue;
        // Who will ask for a piece where its sound is due (urgency.ts) is shown it before others are, so that none is given twice.
        const isTurn = piece % listeners.length === turn;
        const rank = (handedOut[piece] ?? 0) + (isTurn ? 0 : 0.5) + this.#core.random.fraction() / 2;
        if (rank >= bestRank) continue;
        best = piece;
        bestRank = rank;
      }
      if (best < 0) break;
      handedOut[best] = (handedOut[best] ?? 0) + 1;
      showing.shown.set(best);
      showing.ahead.add(best);
      pieces.push(best);
    }
    return pieces;
  }

  #end(file: KnownFile, guests: readonly Neighbour[]): void {
    const { fileId } = file;
    for (const guest of guests) {
      guest.advertisements.delete(fileId);
      const message = { type: "bitfield", fileId, pieces: file.held.encode() } as const;
      this.#core.perform({ type: "send-ctl", peer: guest.userId, message });
    }
  }
}
