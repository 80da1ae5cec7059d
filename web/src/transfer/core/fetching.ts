// The receiving half of the core: has files fetched (piece-requests.ts: what is asked of whom), hears how much of each piece has come
// and what became of it, and moves work away from whoever is silent, slow, gone or lying. Local ms.
// Invariants: (1) all chunks of a piece come from one source, so a bad hash names the culprit; (2) nothing is held, listed or
// passed on before it is verified and stored.

import { type FileId, remember, type UserId } from "../../lib/index.ts";
import { MANIFEST_PATIENCE_MS, MAX_BANNED } from "../../protocol/constants/transfer.gen.ts";
import type { ArrivedChunks, CoreState, TransferEvent } from "./core.ts";
import type { DropReason } from "./ctl.ts";
import { dutyOf, MAX_UNANSWERED_CHECKS, STORE_PATIENCE_MS } from "./duty.ts";
import type { KnownFile } from "./known-file.ts";
import { parseManifest } from "./manifest.ts";
import { hasOtherSource, type Neighbour } from "./neighbour.ts";
import { PieceRequests } from "./piece-requests.ts";
import { MANIFEST, type PieceRequest } from "./remote-source.ts";
import { isListed } from "./room-budget.ts";

/** Where the store had no room, others may give some back meanwhile; to ask more often would only wear out the disc. */
const UNSTORABLE_PAUSE_MS = 60_000;
/** A phone in a pocket may miss one; after two in a row people should know whom nothing comes from. */
const NAMED_AFTER_STRIKES = 2;

type KeepOutcome = Extract<
  TransferEvent,
  { readonly type: "piece-kept" | "piece-bad" | "piece-unstored" | "piece-lost" }
>;

export class Fetching {
  readonly #core: CoreState;
  readonly #requests: PieceRequests;

  constructor(core: CoreState, isPhone: boolean) {
    this.#core = core;
    this.#requests = new PieceRequests(core, isPhone);
  }

  /** Whether something may time out, so that ticks are worth their wake-ups. */
  get isWaiting(): boolean {
    for (const neighbour of this.#core.neighbours.values()) if (neighbour.source.liveCount > 0) return true;
    for (const file of this.#core.fileCatalog.all()) if (file.manifestAsk) return true;
    return false;
  }

  /** Asks for whatever can be asked for now. The quickest go first, so they get what is rare. */
  schedule(localMs: number): void {
    const files = this.#filesToFetch(localMs);
    if (files.length === 0) return;
    const sources = [...this.#core.neighbours.values()].filter(
      ({ hasSaidHello, isBanned }) => hasSaidHello && !isBanned,
    );
    const rankOf = ({ source }: Neighbour): number => (source.isSilent ? 1e9 : 0) + source.expectedMs(0);
    sources.sort((a, b) => rankOf(a) - rankOf(b));
    this.#requests.askUrgent(files, localMs);
    for (const neighbour of sources) this.#requests.askFrom(neighbour, files, localMs);
  }

  /** Asks one neighbour, which has just become able to give more. */
  scheduleFrom(neighbour: Neighbour, localMs: number): void {
    if (!neighbour.hasSaidHello || neighbour.isBanned) return;
    const files = this.#filesToFetch(localMs);
    this.#requests.askUrgent(files, localMs);
    this.#requests.askFrom(neighbour, files, localMs);
  }

  takeChunks(peer: UserId, chunks: ArrivedChunks, localMs: number): void {
    const { counts, fileCatalog, neighbours } = this.#core;
    const { askedId, fileId, piece, payloadBytes } = chunks;
    const neighbour = neighbours.get(peer);
    counts.receivedBytes += payloadBytes;
    counts.duplicateBytes += chunks.wastedBytes;
    const request = neighbour?.source.requestOf(askedId, piece);
    if (!neighbour || neighbour.isBanned || !request) return;
    neighbour.source.recordChunk(payloadBytes, localMs);
    request.receivedBytes += payloadBytes;
    if (chunks.isWhole) this.#finish(neighbour, request, fileCatalog.get(fileId), chunks, localMs);
  }

  /** Nothing of this piece was expected of the neighbour; returns why it must go, if so. */
  takeUnexpected(neighbour: Neighbour, slot: number, piece: number): DropReason | null {
    const { userId } = neighbour;
    if (!neighbour.hasSaidHello) return "before-hello";
    if (neighbour.isBanned) {
      this.#core.perform({ type: "ignore-bulk", peer: userId });
      return null;
    }
    const listedId = neighbour.fileOfSlot(slot);
    const request = listedId && neighbour.source.requestOf(listedId, piece);
    if (!request) return "unrequested";
    // Its slot is another than when it was asked.
    this.#core.perform({ type: "resume-bulk", peer: userId, slot, fileId: request.askedId });
    return null;
  }

  /** How the keeping of a piece ended. */
  takeOutcome(outcome: KeepOutcome, localMs: number): void {
    const { type, fileId, piece, epoch } = outcome;
    if (type === "piece-kept") this.#takeKept(fileId, piece, epoch, localMs);
    else if (type === "piece-bad") this.#takeBad(outcome.peer, fileId, piece, epoch, localMs);
    else if (type === "piece-lost") this.#takeLost(fileId, piece, epoch, localMs);
    else this.takeUnstored(fileId, piece, epoch, localMs);
  }

  #takeKept(fileId: FileId, piece: number, epoch: number, localMs: number): void {
    const file = this.#core.fileCatalog.get(fileId);
    if (file?.epoch !== epoch || !file.isCommitted || !file.markHeld(piece)) return;
    file.progressLocalMs = localMs;
    // Within the pause it says nothing: it was on its way when another piece found no room.
    if (file.retryLocalMs !== null && localMs >= file.retryLocalMs) file.retryLocalMs = null;
    if (file.retryLocalMs === null) file.isUnstorable = false;
    this.announce(file, piece);
  }

  /** A piece has just become held: who else owes it need not send it, and neighbours hear of it. */
  announce(file: KnownFile, piece: number): void {
    const { fileId } = file;
    // It may have been asked for anew when the store was late.
    this.#requests.cancelElsewhere(file, piece);
    if (file.held.setCount === 1) {
      this.#core.isCatalogStale = true;
      this.#core.perform({ type: "show" });
    }
    for (const neighbour of this.#core.neighbours.values()) {
      if (!neighbour.advertised.has(fileId) || neighbour.advertisements.has(fileId)) continue;
      const pending = neighbour.pendingHaves.get(fileId);
      if (pending) pending.push(piece);
      else neighbour.pendingHaves.set(fileId, [piece]);
    }
    if (!file.isComplete) return;
    this.#core.isCatalogStale = true; // the listing says so
    this.#core.perform({ type: "tell", event: { code: "file-complete", fileId } });
  }

  /** The hash is not the manifest's: the sender is not asked for anything again. */
  #takeBad(peer: UserId, fileId: FileId, piece: number, epoch: number, localMs: number): void {
    const { fileCatalog, neighbours, counts } = this.#core;
    const file = fileCatalog.get(fileId);
    if (file?.epoch === epoch) file.checking.delete(piece);
    counts.badPieces += 1;
    const fileName = file ? fileCatalog.nameOf(file, neighbours) : "";
    this.#core.perform({ type: "tell", event: { code: "bad-piece", from: peer, fileId, fileName } });
    remember(this.#core.banned, peer, MAX_BANNED);
    const neighbour = neighbours.get(peer);
    if (neighbour && !neighbour.isBanned) {
      neighbour.isBanned = true;
      this.#core.perform({ type: "ignore-bulk", peer });
      this.#requests.cancelAll(neighbour, neighbour.source.liveRequests());
      this.recount();
    }
    this.schedule(localMs);
  }

  /** The store is ready for a file; pieces from before a reload are being checked and need not be asked for. */
  takeOpened(fileId: FileId, pieces: readonly number[], epoch: number, localMs: number): void {
    const file = this.#core.fileCatalog.get(fileId);
    if (!file?.isCommitted || file.epoch !== epoch) return;
    file.isOpen = true;
    file.openingSinceLocalMs = null;
    file.progressLocalMs = localMs;
    for (const piece of pieces)
      if (piece < file.pieceCount && !file.held.has(piece)) file.checking.set(piece, localMs);
    this.schedule(localMs);
  }

  /**
   * What was to be checked is lost: it is wanted again. So is what was held and cannot be read, where others have it; where nobody has, it
   * may be read another time.
   */
  #takeLost(fileId: FileId, piece: number, epoch: number | null, localMs: number): void {
    const file = this.#core.fileCatalog.get(fileId);
    if (file?.epoch === epoch) file.checking.delete(piece);
    else if (file && epoch === null && file.availability[piece] && file.markLost(piece))
      this.tellAnew(fileId);
    this.schedule(localMs);
  }

  /** Whoever knew some pieces now learns what there is: the bitfield goes out again with the catalog. */
  tellAnew(fileId: FileId): void {
    for (const neighbour of this.#core.neighbours.values()) {
      neighbour.advertised.delete(fileId);
      neighbour.pendingHaves.delete(fileId);
      neighbour.advertisements.delete(fileId);
    }
    this.#core.isCatalogStale = true;
  }

  /** What was held of a draft did not become the file's: all of it is fetched anew. */
  takeUnadopted(fileId: FileId, epoch: number): void {
    const file = this.#core.fileCatalog.get(fileId);
    if (file?.epoch === epoch) this.letGo(file);
  }

  /**
   * What the store has after it was opened anew. A file of which it lacks what was held is fetched again, all of it; one that is being
   * read here is stored from its beginning anyway. Of what was being checked the answer is lost.
   */
  takeRenewed(stored: ReadonlyMap<FileId, readonly number[]>, localMs: number): void {
    for (const file of [...this.#core.fileCatalog.all()]) {
      if (!file.isOpen) continue;
      const { fileId, epoch, held, checking } = file;
      const pieces = new Set(stored.get(fileId));
      const isKept = [...held.indices()].every((piece) => pieces.has(piece));
      if (!isKept && !(file.isMine && file.isGrowing)) this.letGo(file);
      else
        for (const piece of [...checking.keys()])
          if (pieces.has(piece)) this.#takeKept(fileId, piece, epoch, localMs);
          else checking.delete(piece);
    }
    this.schedule(localMs);
  }

  takeUnstored(fileId: FileId, piece: number, epoch: number, localMs: number): void {
    const { fileCatalog, neighbours } = this.#core;
    const file = fileCatalog.get(fileId);
    // What was on its way into a file that has made way says nothing about the room there is.
    if (file?.epoch !== epoch || !file.isCommitted) return;
    file.checking.delete(piece);
    if (file.isComplete) return;
    const isNews = file.retryLocalMs === null; // a later try changes nothing for people
    file.isUnstorable = true;
    file.retryLocalMs = localMs + UNSTORABLE_PAUSE_MS;
    this.cancelFile(file);
    if (!file.isOpen) file.letGo(); // another try opens it anew
    if (!isNews) return;
    const fileName = fileCatalog.nameOf(file, neighbours);
    this.#core.perform({ type: "tell", event: { code: "storage-full", fileId, fileName } });
  }

  takeReject(neighbour: Neighbour, fileId: FileId, pieces: readonly number[], localMs: number): void {
    const file = this.#core.fileCatalog.get(fileId);
    if (file?.manifestAsk?.peer === neighbour.userId) {
      neighbour.source.recordRefusal(fileId, MANIFEST, localMs);
      file.manifestAsk = { ...file.manifestAsk, isRefused: true };
    }
    const refused = new Set(pieces.flatMap((piece) => neighbour.source.requestOf(fileId, piece) ?? []));
    for (const askedId of new Set([...refused].map((request) => request.askedId))) {
      const gone = [...refused].filter((request) => request.askedId === askedId).map(({ piece }) => piece);
      this.#core.perform({ type: "unexpect-pieces", peer: neighbour.userId, fileId: askedId, pieces: gone });
    }
    for (const request of refused) {
      const { piece } = request;
      const asked = this.#core.fileCatalog.get(request.fileId);
      // A rejected live request means it could not give the piece; a rejected cancel only confirms the cancel.
      // It may be unable only for a moment, so it is asked again after a pause.
      if (request.isLive && !request.stolenFor)
        neighbour.source.recordRefusal(request.fileId, piece, localMs);
      asked?.markNotComing(piece, neighbour.userId);
      neighbour.source.forget(request);
      const thief = request.stolenFor && this.#core.neighbours.get(request.stolenFor);
      if (thief) this.scheduleFrom(thief, localMs); // before the slow one takes it again
    }
    this.schedule(localMs);
  }

  /** Takes a manifest; returns why its sender must go, if so. */
  takeManifest(
    neighbour: Neighbour,
    fileId: FileId,
    sizeBytes: number,
    hashes: string,
    localMs: number,
  ): DropReason | null {
    const file = this.#core.fileCatalog.get(fileId);
    if (!file || file.manifest) return null;
    try {
      file.adopt(parseManifest(fileId, sizeBytes, hashes));
    } catch {
      return "malformed";
    }
    if (neighbour.listing.get(fileId)?.sizeBytes !== sizeBytes) return "contradiction";
    this.recount();
    this.schedule(localMs);
    return null;
  }

  /** A neighbour has gone: what it owed is wanted again. */
  release(neighbour: Neighbour): void {
    for (const request of neighbour.source.liveRequests()) {
      this.#core.fileCatalog.get(request.fileId)?.markNotComing(request.piece, neighbour.userId);
    }
    for (const file of this.#core.fileCatalog.all()) {
      if (file.manifestAsk?.peer === neighbour.userId) file.manifestAsk = null;
    }
  }

  /** A draft turned out to be this file: what was asked of the one is on its way for the other. */
  settleRequests(draft: KnownFile, file: KnownFile, localMs: number): void {
    draft.inFlight.clear();
    for (const { source, userId } of this.#core.neighbours.values())
      for (const piece of source.settle(draft.fileId, file.fileId)) file.markAsked(piece, userId, localMs);
    this.cancelFile(draft); // asked for under both ids of one neighbour
    for (const piece of [...file.inFlight.keys()])
      if (!file.isWantedStill(piece)) this.#requests.cancelElsewhere(file, piece);
  }

  /** A file is not wanted any more, or was added by hand meanwhile: takes back every request for it. */
  cancelFile(file: KnownFile): void {
    file.manifestAsk = null;
    for (const neighbour of this.#core.neighbours.values()) {
      const requests = neighbour.source.liveRequests().filter(({ fileId }) => fileId === file.fileId);
      this.#requests.cancelAll(neighbour, requests);
    }
  }

  /**
   * Ends whatever has gone on for too long, or has no owner: afterwards the piece is wanted again (duty.ts). Answers that come
   * after that find nothing to change, or a piece that is held all the same.
   */
  recover(localMs: number): void {
    for (const file of this.#core.fileCatalog.all()) {
      const openingMs = localMs - (file.openingSinceLocalMs ?? localMs);
      if (openingMs >= STORE_PATIENCE_MS) this.#giveUp(file, localMs);
      for (const [piece, sinceLocalMs] of file.checking) {
        if (localMs - sinceLocalMs < STORE_PATIENCE_MS) continue;
        file.checking.delete(piece);
        file.unansweredChecks += 1;
      }
      if (file.unansweredChecks >= MAX_UNANSWERED_CHECKS) this.#giveUp(file, localMs);
      for (const [piece, { sources }] of file.inFlight) {
        if (file.isOpen && dutyOf(this.#core, file, piece, localMs) !== "neglected") continue;
        for (const peer of [...sources]) {
          const request = this.#core.neighbours.get(peer)?.source.requestOf(file.fileId, piece);
          if (!request?.isLive) file.markNotComing(piece, peer);
        }
      }
    }
  }

  #giveUp(file: KnownFile, localMs: number): void {
    file.openingSinceLocalMs = null;
    file.unansweredChecks = 0;
    this.takeUnstored(file.fileId, -1, file.epoch, localMs);
  }

  /** Takes back every request for a file; the store lets go of it, for others. What nobody lists is forgotten. */
  letGo(file: KnownFile): void {
    const { neighbours, fileCatalog } = this.#core;
    this.cancelFile(file);
    file.letGo();
    for (const { userId, uploads, advertised, pendingHaves, advertisements } of neighbours.values()) {
      const pieces = uploads.cancelFile(file.fileId);
      const message = { type: "reject", fileId: file.fileId, pieces } as const;
      if (pieces.length > 0) this.#core.perform({ type: "send-ctl", peer: userId, message });
      advertised.delete(file.fileId);
      pendingHaves.delete(file.fileId);
      advertisements.delete(file.fileId);
    }
    this.#core.isCatalogStale = true;
    this.#core.perform({ type: "forget-file", fileId: file.fileId });
    if (!isListed(file.fileId, this.#core)) fileCatalog.remove(file);
  }

  /** Lets go of what makes way for a file of this size; returns whether it then fits. */
  makeRoom(fileId: FileId, sizeBytes: number): boolean {
    const gone = this.#core.fileCatalog.room.whatMakesWay(fileId, sizeBytes, this.#core);
    for (const file of gone ?? []) this.letGo(file);
    return gone !== null;
  }

  /** Finds silent sources and hands their pieces to others. */
  checkSilence(localMs: number): void {
    for (const neighbour of this.#core.neighbours.values()) {
      const requests = neighbour.source.liveRequests();
      const [first] = requests;
      if (!first || !neighbour.source.checkSilence(first.sizeBytes, localMs)) continue;
      // What only this source has is waited for: asking again would change nothing on a reliable channel.
      const movable = requests.filter((request) => hasOtherSource(this.#core.neighbours, neighbour, request));
      this.#requests.cancelAll(neighbour, movable);
      if (movable[0] && neighbour.source.strikes === NAMED_AFTER_STRIKES)
        this.#nameSilent(neighbour, movable[0].fileId);
    }
  }

  #nameSilent({ userId }: Neighbour, fileId: FileId): void {
    const { fileCatalog, neighbours } = this.#core;
    const file = fileCatalog.get(fileId);
    const fileName = file ? fileCatalog.nameOf(file, neighbours) : "";
    this.#core.perform({ type: "tell", event: { code: "source-silent", from: userId, fileId, fileName } });
  }

  /** Counts again which neighbours have which pieces, after one came, went or was banned. */
  recount(): void {
    for (const file of this.#core.fileCatalog.all()) {
      file.availability.fill(0);
      for (const neighbour of this.#core.neighbours.values()) {
        const holding = neighbour.isBanned ? undefined : neighbour.holdings.get(file.fileId);
        if (!holding || holding.length !== file.pieceCount) continue;
        for (let piece = 0; piece < file.pieceCount; piece++) {
          if (holding.has(piece)) file.availability[piece] = (file.availability[piece] ?? 0) + 1;
        }
      }
    }
  }

  /** Files that can be fetched now. On the way, asks for missing manifests and reserves room for what fits the budget. */
  #filesToFetch(localMs: number): KnownFile[] {
    const { fileCatalog } = this.#core;
    const ready: KnownFile[] = [];
    for (const file of fileCatalog.toFetch(this.#core)) {
      if (file.retryLocalMs !== null && localMs < file.retryLocalMs) continue;
      if (!file.manifest) {
        this.#askManifest(file, localMs);
        continue;
      }
      // It has just made way for an earlier one, which it would drive out in turn, without end.
      if (!file.isCommitted && !isListed(file.fileId, this.#core)) continue;
      if (!file.isCommitted || file.isUnstorable) {
        file.lacksRoom = !this.makeRoom(file.fileId, file.sizeBytes);
        if (file.lacksRoom) continue;
      }
      if (!file.isCommitted) {
        // Of a draft nothing can be there from before: its pieces are asked for while the store makes room.
        fileCatalog.commit(file, file.draft ? null : localMs);
        const { fileId, sizeBytes, pieceLength, epoch } = file;
        this.#core.perform({ type: "open-file", fileId, sizeBytes, pieceLength, epoch });
      }
      if (file.isOpen) ready.push(file);
    }
    return ready.filter(({ isOpen }) => isOpen); // what was chosen later may have made way for an earlier one
  }

  #askManifest(file: KnownFile, localMs: number): void {
    const ask = file.manifestAsk;
    if (ask && !ask.isRefused) {
      if (localMs - ask.askedLocalMs < MANIFEST_PATIENCE_MS) return;
      // Whoever does not answer is asked less and less often, as who refuses.
      this.#core.neighbours.get(ask.peer)?.source.passOver(file.fileId, MANIFEST, localMs);
      file.manifestAsk = { ...ask, isRefused: true };
    }
    const askable = [...this.#core.neighbours.values()].filter(
      ({ hasSaidHello, isBanned, listing, source }) =>
        hasSaidHello &&
        !isBanned &&
        listing.has(file.fileId) &&
        !source.isRefusing(file.fileId, MANIFEST, localMs),
    );
    const others = askable.filter(({ userId }) => userId !== ask?.peer);
    const choices = others.length > 0 ? others : askable;
    const chosen = choices[Math.floor(this.#core.random.fraction() * choices.length)];
    if (!chosen) return;
    file.manifestAsk = { peer: chosen.userId, askedLocalMs: localMs, isRefused: false };
    const message = { type: "manifest-request", fileId: file.fileId } as const;
    this.#core.perform({ type: "send-ctl", peer: chosen.userId, message });
  }

  #finish(
    neighbour: Neighbour,
    request: PieceRequest,
    file: KnownFile | undefined,
    { epoch, isChecked }: ArrivedChunks,
    localMs: number,
  ): void {
    const { piece } = request;
    neighbour.source.recordPiece();
    neighbour.source.forget(request);
    this.#core.fileCatalog.get(request.fileId)?.markNotComing(piece, neighbour.userId);
    if (file?.isOpen && file.epoch === epoch && isChecked && !file.held.has(piece)) {
      this.#requests.cancelElsewhere(file, piece);
      file.checking.set(piece, localMs);
      file.progressLocalMs = localMs;
    }
    // Who was kept free for the file may be asked for others now.
    if (file?.inFlight.size === 0) this.schedule(localMs);
    else this.scheduleFrom(neighbour, localMs);
  }
}
