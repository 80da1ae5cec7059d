// Catalogs: takes a neighbour's over, tells neighbours this device's own, and keeps the number of known files in bounds. Local
// ms.

import type { FileId, UserId } from "../../lib/index.ts";
import { CATALOG_PERIOD_MS } from "../../protocol/constants/transfer.gen.ts";
import type { CoreState } from "./core.ts";
import type { CtlMessage, DropReason, ListedFile } from "./ctl.ts";
import { newDraft } from "./draft.ts";
import type { Fetching } from "./fetching.ts";
import { cleanFileName } from "./file-name.ts";
import type { Neighbour } from "./neighbour.ts";
import { worthOfName } from "./room-budget.ts";
import type { Seeding } from "./seeding.ts";

/** A draft begins or ends: where catalogs are long, so often they still leave a receiver's allowance to others. */
const URGENT_PERIOD_MS = 100;

export class Catalogs {
  readonly #core: CoreState;
  readonly #fetching: Fetching;
  readonly #seeding: Seeding;
  #sentLocalMs = Number.NEGATIVE_INFINITY;

  constructor(core: CoreState, fetching: Fetching, seeding: Seeding) {
    this.#core = core;
    this.#fetching = fetching;
    this.#seeding = seeding;
  }

  take(neighbour: Neighbour, files: readonly ListedFile[], localMs: number): DropReason | null {
    const { fileCatalog } = this.#core;
    const refusals = neighbour.takeCatalog(files);
    if (typeof refusals === "string") return refusals;
    for (const { entry, error } of refusals) {
      const fileName = cleanFileName(entry.name);
      this.#core.perform({
        type: "tell",
        event: { code: "file-refused", from: neighbour.userId, error, fileName },
      });
    }
    this.prune();
    let refusedRank = Number.NEGATIVE_INFINITY;
    for (const entry of neighbour.listing.values()) {
      const known = fileCatalog.get(entry.fileId);
      // The nonce of its owner proves that this id is a draft's: whoever has listed it as a file's can never show a manifest for it.
      if (entry.draft !== undefined && entry.isOwn && known && !known.draft && !known.manifest)
        fileCatalog.remove(known);
      // A draft is taken up from its owner alone: only there are its hashes to be had.
      const isUntold =
        entry.draft !== undefined && (!entry.isOwn || this.#core.endedDrafts.has(entry.fileId));
      if (isUntold && !fileCatalog.get(entry.fileId)) continue;
      const rank = this.#rankOf(entry.fileId);
      if (!fileCatalog.get(entry.fileId) && (rank <= refusedRank || !this.makePlace(rank))) {
        refusedRank = Math.max(refusedRank, rank);
        continue;
      }
      if (entry.draft !== undefined && !fileCatalog.get(entry.fileId)) {
        const draft = newDraft(neighbour.userId, entry.draft, localMs);
        fileCatalog.addDraft(entry.fileId, entry.sizeBytes, entry.name, draft);
      }
      const file = fileCatalog.learnFrom(entry, neighbour.userId);
      if (file.manifest && file.sizeBytes !== entry.sizeBytes) return "contradiction";
    }
    this.prune();
    this.#fetching.recount();
    for (const { fileId } of files) this.#seeding.advance(fileId);
    this.#fetching.schedule(localMs);
    return null;
  }

  /** A file was chosen: it may have been listed when there was no place for it. */
  learn(fileId: FileId): void {
    const { fileCatalog, neighbours } = this.#core;
    if (fileCatalog.get(fileId)) return;
    for (const { listing, userId } of neighbours.values()) {
      const entry = listing.get(fileId);
      if (!entry || entry.draft !== undefined || !this.makePlace(this.#rankOf(fileId))) continue;
      fileCatalog.learnFrom(entry, userId);
      this.#fetching.recount();
      return;
    }
  }

  /** Only so many files may be known: forgets one of less worth than `rank` where needed; returns whether there is place. */
  makePlace(rank: number): boolean {
    const { fileCatalog } = this.#core;
    if (!fileCatalog.isFull) return true;
    const least = fileCatalog.room.leastWorth(rank, this.#core);
    if (!least) return false;
    if (least.isCommitted) this.#fetching.letGo(least);
    fileCatalog.remove(least);
    return true;
  }

  /** Sends a changed catalog to all, but not more often than `CATALOG_PERIOD_MS`. */
  sendStale(localMs: number): void {
    const { isCatalogStale, isCatalogUrgent } = this.#core;
    const periodMs = isCatalogUrgent ? URGENT_PERIOD_MS : CATALOG_PERIOD_MS;
    if (!(isCatalogStale || isCatalogUrgent) || localMs - this.#sentLocalMs < periodMs) return;
    this.#core.isCatalogStale = false;
    this.#core.isCatalogUrgent = false;
    this.#sentLocalMs = localMs;
    const catalog = this.#core.fileCatalog.catalog();
    for (const neighbour of this.#core.neighbours.values()) {
      if (neighbour.hasSaidHello) this.sendTo(neighbour, catalog);
      neighbour.toldLocalMs = localMs;
    }
  }

  sendTo(neighbour: Neighbour, files: ListedFile[]): void {
    this.#send(neighbour.userId, { type: "catalog", files });
    const listed = new Set(files.map(({ fileId }) => fileId));
    for (const fileId of neighbour.advertised) {
      if (listed.has(fileId)) continue;
      neighbour.advertised.delete(fileId);
      neighbour.advertisements.delete(fileId);
      neighbour.hashesTold.delete(fileId);
    }
    for (const fileId of listed) {
      const file = this.#core.fileCatalog.get(fileId);
      if (!file || neighbour.advertised.has(fileId)) continue;
      neighbour.advertised.add(fileId);
      neighbour.pendingHaves.delete(fileId);
      this.#send(neighbour.userId, {
        type: "bitfield",
        fileId,
        pieces: this.#seeding.firstBitfield(neighbour, file).encode(),
      });
    }
  }

  prune(): void {
    for (const { fileId, isCommitted } of this.#core.fileCatalog.prune(this.#core.neighbours.values())) {
      if (isCommitted) this.#core.perform({ type: "forget-file", fileId });
    }
  }

  /** Of those that two members list none takes another's place, or what is held would be fetched anew with each catalog. */
  #rankOf(fileId: FileId): number {
    const worth = worthOfName(fileId, this.#core);
    return worth === 2 ? 1.5 : worth;
  }

  #send(peer: UserId, message: CtlMessage): void {
    this.#core.perform({ type: "send-ctl", peer, message });
  }
}
