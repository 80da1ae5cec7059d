// Files that somebody still reads (draft.ts): lists my own and tells its neighbours the hashes of its pieces as they come, takes
// those of neighbours over, and makes a draft the file that it turns out to be once the last hash is known. Local ms.
// Invariants: (1) hashes of a draft come from its owner, over the owner's own link, in order, and never change; (2) the list of
// all hashes is the manifest, so everyone who has it knows the file id without being told; (3) a draft ends: as a file, withdrawn
// by its owner, or because nothing came for too long. Then nothing of it stays but what the file took over.

import { type FileId, remember, rememberOf, toBase64Url } from "../../lib/index.ts";
import { LINK_DEAD_AFTER_MS } from "../../protocol/constants/transfer.gen.ts";
import type { Catalogs } from "./catalogs.ts";
import type { CoreState } from "./core.ts";
import type { DropReason } from "./ctl.ts";
import { newDraft } from "./draft.ts";
import type { Fetching } from "./fetching.ts";
import type { KnownFile } from "./known-file.ts";
import { decodeHashes, fileIdOf, HASH_BYTES, type Manifest, pieceCountOf } from "./manifest.ts";
import type { Neighbour } from "./neighbour.ts";
import type { Seeding } from "./seeding.ts";

/** A message per piece would cost more than it tells where many pieces are read a second. */
const HASHES_PERIOD_MS = 50;
/** Longer than anyone waits for one piece of a file on a cloud drive (content.ts). */
const DRAFT_PATIENCE_MS = 90_000;
/** A link that broke is often back by then; an owner that left is not. */
const ORPHAN_PATIENCE_MS = 10_000;
/** What was asked for under the draft's id is given under it, and for as long as any of it is still to be given. */
const SETTLED_FOR_MS = 60_000;
/** Of those that were given up while their owner went on listing them. */
const MAX_ENDED_DRAFTS = 64;
/** Of those whose answers may still be under way, which takes less than a minute: more than a room reads in one. */
const MAX_SETTLED_DRAFTS = 64;

/** The opening of the draft that answers may name, and the file's that they are about. */
interface Settled {
  readonly draftEpoch: number;
  readonly fileId: FileId;
  readonly epoch: number;
}

export class Drafts {
  readonly #core: CoreState;
  readonly #fetching: Fetching;
  readonly #seeding: Seeding;
  readonly #catalogs: Catalogs;
  /** What drafts became, for answers that are under way: of one of which nothing was stored yet the catalog keeps nothing. */
  readonly #settledAs = new Map<FileId, Settled>();

  constructor(core: CoreState, fetching: Fetching, seeding: Seeding, catalogs: Catalogs) {
    this.#core = core;
    this.#fetching = fetching;
    this.#seeding = seeding;
    this.#catalogs = catalogs;
  }

  /** Whether a neighbour is still to be told hashes. */
  get hasPending(): boolean {
    return [...this.#mine()].some((file) =>
      [...this.#core.neighbours.values()].some((neighbour) => untold(neighbour, file) > 0),
    );
  }

  /** Whether any ends when time has passed, also where nobody is linked: those of others, and those that have become files. */
  get areEnding(): boolean {
    for (const { draft, isMine, isGrowing } of this.#core.fileCatalog.all())
      if (draft && !(isMine && isGrowing)) return true;
    return false;
  }

  /** I begin to read a file. */
  begin(draftId: FileId, nonce: string, name: string, sizeBytes: number, localMs: number): void {
    const { fileCatalog, me } = this.#core;
    this.#catalogs.makePlace(4);
    fileCatalog.addDraft(draftId, sizeBytes, name, newDraft(me, nonce, localMs));
    this.#core.isCatalogUrgent = true;
  }

  /** I have read and stored another piece of it, the next in order. */
  addPiece(draftId: FileId, piece: number, sha256: Uint8Array, localMs: number): void {
    const file = this.#core.fileCatalog.get(draftId);
    if (!file?.isGrowing || !file.isMine) return;
    this.#append(file, piece, sha256, localMs);
    if (file.markHeld(piece)) this.#fetching.announce(file, piece);
    this.#seeding.advance(draftId);
  }

  /** I added a file; all its pieces are in the store, also those that were kept under `draftId` until now. */
  addMine(fileId: FileId, manifest: Manifest, name: string, draftId: FileId | null, localMs: number): void {
    const { fileCatalog } = this.#core;
    const draft = draftId === null ? undefined : fileCatalog.get(draftId);
    if (!fileCatalog.get(fileId)) this.#catalogs.makePlace(4);
    const known = fileCatalog.get(fileId);
    if (known) this.#fetching.cancelFile(known);
    const isNews = !known?.isComplete;
    if (draft?.isGrowing) {
      this.#append(draft, draft.hashCount, manifest.sha256.subarray(draft.hashCount * HASH_BYTES), localMs);
      for (let piece = 0; piece < draft.pieceCount; piece++) draft.markHeld(piece);
      this.#send(localMs, 0); // before the catalog that lists the draft no more
      fileCatalog.addFinal(fileId, draft, manifest);
    }
    const isEnabled = draft?.isEnabled ?? true;
    const file = fileCatalog.addMine(fileId, manifest, name);
    if (!isEnabled) fileCatalog.setEnabled(file, false);
    this.#fetching.tellAnew(fileId);
    if (draft?.isGrowing) this.#settled(draft, file, localMs);
    this.#fetching.recount();
    if (isNews) this.#core.perform({ type: "tell", event: { code: "file-complete", fileId } });
  }

  /** My own file could not be read to its end; or a neighbour's draft is over. */
  end(draftId: FileId): void {
    const file = this.#core.fileCatalog.get(draftId);
    if (!file?.isGrowing) return;
    this.#fetching.letGo(file);
    this.#core.fileCatalog.remove(file);
    this.#core.isCatalogUrgent = true;
  }

  /** Takes hashes that a neighbour tells; returns why it must go, if so. */
  takeHashes(
    neighbour: Neighbour,
    draftId: FileId,
    fromPiece: number,
    encoded: string,
    localMs: number,
  ): DropReason | null {
    const entry = neighbour.listing.get(draftId);
    if (!entry) return null; // refused here, for example as one too many
    if (!entry.isOwn || entry.draft === undefined) return "malformed";
    const hashes = hashesOf(encoded);
    if (!hashes) return "malformed";
    if (fromPiece !== (neighbour.hashesHeard.get(draftId) ?? 0)) return "contradiction";
    const file = this.#core.fileCatalog.get(draftId);
    const toPiece = fromPiece + hashes.length / HASH_BYTES;
    if (toPiece > pieceCountOf(entry.sizeBytes)) return "malformed";
    neighbour.hashesHeard.set(draftId, toPiece);
    if (!file?.isGrowing || fromPiece > file.hashCount) return null;
    if (!this.#append(file, fromPiece, hashes, localMs)) return "contradiction";
    if (file.hashCount === file.pieceCount) this.#settle(file, localMs);
    this.#fetching.schedule(localMs);
    return null;
  }

  /** A neighbour's new catalog: which of its drafts it has withdrawn. */
  takeCatalog({ userId, listing }: Neighbour): void {
    for (const { fileId, draft, isGrowing } of [...this.#core.fileCatalog.all()])
      if (isGrowing && draft?.owner === userId && !listing.get(fileId)?.isOwn) this.end(fileId);
  }

  /** Ends what has gone on for too long, and forgets the ids of drafts that have been files for a while. */
  recover(localMs: number): void {
    for (const file of [...this.#core.fileCatalog.all()]) {
      const { draft, fileId } = file;
      const settledMs = localMs - (draft?.final?.sinceLocalMs ?? localMs);
      if (settledMs >= SETTLED_FOR_MS && (settledMs >= LINK_DEAD_AFTER_MS || !this.#isOwed(fileId))) {
        this.#fetching.letGo(file);
        this.#core.fileCatalog.remove(file);
      }
      if (!draft || draft.final || file.isMine) continue;
      const isListed = this.#core.neighbours.get(draft.owner)?.listing.get(fileId)?.isOwn === true;
      draft.orphanedLocalMs = isListed ? null : (draft.orphanedLocalMs ?? localMs);
      const orphanedMs = localMs - (draft.orphanedLocalMs ?? localMs);
      const isLate = localMs - draft.grownLocalMs >= DRAFT_PATIENCE_MS;
      if (isLate) remember(this.#core.endedDrafts, fileId, MAX_ENDED_DRAFTS);
      if (isLate || orphanedMs >= ORPHAN_PATIENCE_MS) this.end(fileId);
    }
  }

  send(localMs: number): void {
    this.#send(localMs, HASHES_PERIOD_MS);
  }

  /** Where an answer of the store belongs by now: to the file, if it was about a draft. */
  follow<Told extends { readonly fileId: FileId; readonly epoch: number | null }>(told: Told): Told {
    const settled = this.#settledAs.get(told.fileId);
    return settled?.draftEpoch === told.epoch
      ? { ...told, fileId: settled.fileId, epoch: settled.epoch }
      : told;
  }

  #send(localMs: number, periodMs: number): void {
    for (const file of this.#mine()) {
      const hashes = file.manifest?.sha256;
      for (const neighbour of this.#core.neighbours.values()) {
        const fromPiece = neighbour.hashesTold.get(file.fileId) ?? 0;
        if (!hashes || untold(neighbour, file) === 0 || localMs - neighbour.hashesToldLocalMs < periodMs)
          continue;
        neighbour.hashesToldLocalMs = localMs;
        neighbour.hashesTold.set(file.fileId, file.hashCount);
        const told = hashes.subarray(fromPiece * HASH_BYTES, file.hashCount * HASH_BYTES);
        const message = { type: "draft", fileId: file.fileId, fromPiece, sha256: toBase64Url(told) } as const;
        this.#core.perform({ type: "send-ctl", peer: neighbour.userId, message });
      }
    }
  }

  /** Whether anybody is still to be given any of it under this id. */
  #isOwed(fileId: FileId): boolean {
    return [...this.#core.neighbours.values()].some(({ uploads }) => uploads.owes(fileId));
  }

  *#mine(): Generator<KnownFile> {
    for (const file of this.#core.fileCatalog.all()) if (file.isMine && file.isGrowing) yield file;
  }

  /** Returns false where hashes that are known already are others now. */
  #append({ draft, manifest }: KnownFile, fromPiece: number, hashes: Uint8Array, localMs: number): boolean {
    if (!draft || !manifest) return false;
    const knownBytes = draft.hashCount * HASH_BYTES;
    const startByte = fromPiece * HASH_BYTES;
    for (let at = 0; at < hashes.length && startByte + at < knownBytes; at++)
      if (hashes[at] !== manifest.sha256[startByte + at]) return false;
    const toPiece = fromPiece + hashes.length / HASH_BYTES;
    if (toPiece <= draft.hashCount) return true;
    manifest.sha256.set(hashes, startByte);
    draft.hashCount = toPiece;
    draft.grownLocalMs = localMs;
    return true;
  }

  /** All hashes of a neighbour's draft are known: what is held of it is held of the file. */
  #settle(draft: KnownFile, localMs: number): void {
    const { fileCatalog } = this.#core;
    if (!draft.manifest) return;
    const file = fileCatalog.addFinal(fileIdOf(draft.manifest), draft, draft.manifest);
    this.#fetching.settleRequests(draft, file, localMs);
    if (draft.isCommitted && file.isEnabled) {
      if (!file.isCommitted) fileCatalog.commit(file, null);
      file.isUnstorable = false;
      const pieces = [...draft.held.indices(), ...draft.checking.keys()].filter(
        (piece) => !file.held.has(piece),
      );
      for (const piece of draft.held.indices())
        if (file.markHeld(piece)) this.#fetching.announce(file, piece);
      for (const [piece, sinceLocalMs] of draft.checking)
        if (!file.held.has(piece)) file.checking.set(piece, sinceLocalMs);
      const { fileId, epoch } = file;
      this.#core.perform({ type: "adopt-pieces", draftId: draft.fileId, fileId, pieces, epoch });
    } else if (draft.isCommitted) {
      this.#core.perform({ type: "forget-file", fileId: draft.fileId });
      draft.letGo();
    }
    this.#settled(draft, file, localMs);
    this.#fetching.recount();
  }

  #settled(draft: KnownFile, file: KnownFile, localMs: number): void {
    const { fileId, epoch } = file;
    if (draft.draft) draft.draft.final = { fileId, sinceLocalMs: localMs };
    rememberOf(this.#settledAs, draft.fileId, { draftEpoch: draft.epoch, fileId, epoch }, MAX_SETTLED_DRAFTS);
    draft.isCommitted = false;
    draft.isOpen = false;
    draft.openingSinceLocalMs = null;
    draft.checking.clear();
    this.#core.fileCatalog.recordFinal(draft.fileId, fileId);
    this.#seeding.settle(draft.fileId, file);
    if (file.held.setCount > 0) this.#core.isCatalogUrgent = true; // else this device lists neither
  }
}

/** How many hashes of it the neighbour, to whom it is listed, was not told yet. */
function untold({ advertised, hashesTold }: Neighbour, { fileId, hashCount }: KnownFile): number {
  return advertised.has(fileId) ? hashCount - (hashesTold.get(fileId) ?? 0) : 0;
}

function hashesOf(encoded: string): Uint8Array | null {
  try {
    const hashes = decodeHashes(encoded);
    return hashes.length > 0 && hashes.length % HASH_BYTES === 0 ? hashes : null;
  } catch {
    return null;
  }
}
