// All files this device knows of, and what it decides about them: enabled or not, within the budget or not, in what order to
// fetch. A file is known while a neighbour lists it or this device holds a piece of it. Knows no clock.

import type { FileId, UserId } from "../lib/index.ts";
import type { ListedFile } from "./ctl.ts";
import { cleanFileName } from "./file-name.ts";
import type { KeptFile } from "./keepsake.ts";
import { KnownFile } from "./known-file.ts";
import type { Manifest } from "./manifest.ts";
import { MAX_OWN_FILES, type Neighbour } from "./neighbour.ts";
import type { FileState } from "./state.ts";

export class Shelf {
  readonly #files = new Map<FileId, KnownFile>();
  /** Kept beyond the file's own life: what was switched off stays off when it comes back. */
  readonly #disabled = new Set<FileId>();
  /** Slots are never reused, so late data of a former file cannot be mistaken for another's. */
  readonly #slots = new Map<FileId, number>();

  constructor(
    readonly me: UserId,
    readonly capacityBytes: number,
  ) {}

  get(fileId: FileId): KnownFile | undefined {
    return this.#files.get(fileId);
  }

  all(): IterableIterator<KnownFile> {
    return this.#files.values();
  }

  /** Whether one more file of my own may be offered; a file already offered by me always may. */
  canOffer(fileId: FileId): boolean {
    let others = 0;
    for (const file of this.#files.values()) {
      if (file.isMine && file.isEnabled && file.fileId !== fileId) others += 1;
    }
    return others < MAX_OWN_FILES;
  }

  /** Whether the budget has room for a file of this size, beside all others it counts already. */
  hasRoomFor(fileId: FileId, sizeBytes: number): boolean {
    let usedBytes = 0;
    for (const file of this.#files.values()) {
      if (file.isCommitted && file.fileId !== fileId) usedBytes += file.sizeBytes;
    }
    return usedBytes + sizeBytes <= this.capacityBytes;
  }

  addMine(fileId: FileId, manifest: Manifest, name: string): KnownFile {
    const file = this.#learn(fileId, manifest.sizeBytes, cleanFileName(name));
    file.adopt(manifest);
    file.isMine = true;
    file.isCommitted = true;
    file.isOpen = true;
    file.myName = cleanFileName(name);
    this.setEnabled(file, true);
    for (let piece = 0; piece < file.pieceCount; piece++) file.noteHeld(piece);
    return file;
  }

  /** Takes up a file of the page before this one. Of what is switched off and not held only that is remembered. */
  restore(kept: KeptFile, pieces: readonly number[]): KnownFile | null {
    const { fileId, manifest, name, isMine, isEnabled } = kept;
    if (!isEnabled) this.#disabled.add(fileId);
    if (pieces.length === 0) return null;
    const file = this.#learn(fileId, manifest.sizeBytes, name);
    file.adopt(manifest);
    file.isCommitted = true;
    file.isOpen = true;
    for (const piece of pieces) file.noteHeld(piece);
    file.isMine = isMine && file.isComplete;
    if (file.isMine) file.myName = name;
    return file;
  }

  /** What `restore` needs of every file of which something is held, or which is switched off. */
  kept(neighbours: ReadonlyMap<UserId, Neighbour>): KeptFile[] {
    return [...this.#files.values()].flatMap((file) => {
      const { fileId, manifest, isMine, isEnabled, note } = file;
      if (!manifest || (isEnabled && file.held.setCount === 0)) return [];
      return [{ fileId, manifest, name: this.nameOf(file, neighbours), isMine, isEnabled, note }];
    });
  }

  learnFrom(entry: ListedFile): KnownFile {
    return this.#learn(entry.fileId, entry.sizeBytes, cleanFileName(entry.name));
  }

  setEnabled(file: KnownFile, isEnabled: boolean): void {
    file.isEnabled = isEnabled;
    file.isUnstorable = false;
    if (isEnabled) this.#disabled.delete(file.fileId);
    else this.#disabled.add(file.fileId);
    if (!isEnabled && file.held.setCount === 0 && file.checking.size === 0) {
      file.isCommitted = false;
      file.isOpen = false;
    }
  }

  /** Drops files that nobody lists and of which nothing is held. Returns them. */
  prune(neighbours: Iterable<Neighbour>): KnownFile[] {
    const lists = [...neighbours].map((neighbour) => neighbour.listing);
    const gone: KnownFile[] = [];
    for (const file of this.#files.values()) {
      const entries = lists.flatMap((listing) => listing.get(file.fileId) ?? []);
      // Without a manifest the size is only a claim: when who made it is gone, another's claim counts.
      if (!file.manifest && entries[0] && !entries.some((entry) => entry.sizeBytes === file.sizeBytes)) {
        file.resize(entries[0].sizeBytes);
      }
      if (entries.length > 0 || file.held.setCount > 0 || file.checking.size > 0) continue;
      this.#files.delete(file.fileId);
      gone.push(file);
    }
    return gone;
  }

  /** What this device offers: every enabled file of which it holds a piece. */
  catalog(): ListedFile[] {
    const offered = [...this.#files.values()].filter((file) => file.isEnabled && file.held.setCount > 0);
    return offered.map((file) => ({
      slot: file.slot,
      fileId: file.fileId,
      name: file.myName ?? file.lastName,
      sizeBytes: file.sizeBytes,
      pieceLength: file.pieceLength,
      isOwn: file.isMine,
      isWhole: file.isComplete,
    }));
  }

  /** Enabled files that are incomplete: those chosen to be played, the latest choice first, then in the order they became known. */
  toFetch(choices: readonly FileId[]): KnownFile[] {
    const wanted = [...this.#files.values()].filter(
      (file) => file.isEnabled && !file.isComplete && !file.isUnstorable,
    );
    const rankOf = ({ fileId }: KnownFile): number => {
      const rank = choices.indexOf(fileId);
      return rank < 0 ? choices.length : rank;
    };
    return wanted.sort((a, b) => rankOf(a) - rankOf(b));
  }

  /** The files for people, by name, the same order on every device. */
  states(neighbours: ReadonlyMap<UserId, Neighbour>): FileState[] {
    const states = [...this.#files.values()].map((file) => this.#stateOf(file, neighbours));
    return states.sort((a, b) => compareText(a.name, b.name) || compareText(a.fileId, b.fileId));
  }

  #stateOf(file: KnownFile, neighbours: ReadonlyMap<UserId, Neighbour>): FileState {
    const owners = this.#ownersOf(file, neighbours);
    const sources = new Set<UserId>();
    for (const { sources: asked } of file.inFlight.values()) for (const peer of asked) sources.add(peer);
    let rateBytesPerSec = 0;
    for (const peer of sources) rateBytesPerSec += neighbours.get(peer)?.source.rateBytesPerSec ?? 0;
    const missingBytes = file.sizeBytes - file.heldBytes;
    const isWholeSomewhere = file.isComplete || isWholeAtOneOf(file, neighbours.values());
    if (isWholeSomewhere) file.wasWholeSomewhere = true;
    return {
      fileId: file.fileId,
      name: this.nameOf(file, neighbours),
      sizeBytes: file.sizeBytes,
      heldBytes: file.heldBytes,
      seeded: file.isComplete,
      isWholeSomewhere,
      hasLostWhole: file.wasWholeSomewhere && !isWholeSomewhere,
      enabled: file.isEnabled,
      offeredBy: owners,
      sources: [...sources].sort(),
      remainingSec: sources.size > 0 && rateBytesPerSec > 0 ? missingBytes / rateBytesPerSec : null,
      isOverBudget:
        file.isEnabled &&
        !file.isComplete &&
        (file.isUnstorable || !this.hasRoomFor(file.fileId, file.sizeBytes)),
    };
  }

  /** The name its first owner (lowest user id) gave it, so that all devices show the same; else the last one heard. */
  nameOf(file: KnownFile, neighbours: ReadonlyMap<UserId, Neighbour>): string {
    const [first] = this.#ownersOf(file, neighbours);
    const ownName = first === this.me ? file.myName : null;
    const theirName = first && neighbours.get(first)?.listing.get(file.fileId)?.name;
    const name = ownName || (theirName && cleanFileName(theirName)) || file.myName || file.lastName;
    return name || file.fileId.slice(0, 8);
  }

  #ownersOf(file: KnownFile, neighbours: ReadonlyMap<UserId, Neighbour>): UserId[] {
    const owners = file.isMine && file.isEnabled ? [this.me] : [];
    for (const neighbour of neighbours.values()) {
      if (neighbour.listing.get(file.fileId)?.isOwn) owners.push(neighbour.userId);
    }
    return owners.sort();
  }

  #learn(fileId: FileId, sizeBytes: number, name: string): KnownFile {
    let file = this.#files.get(fileId);
    if (!file) {
      const slot = this.#slots.get(fileId) ?? this.#slots.size;
      this.#slots.set(fileId, slot);
      file = new KnownFile(fileId, sizeBytes, slot, name);
      file.isEnabled = !this.#disabled.has(fileId);
      this.#files.set(fileId, file);
    }
    if (name) file.lastName = name;
    return file;
  }
}

function isWholeAtOneOf({ fileId }: KnownFile, neighbours: Iterable<Neighbour>): boolean {
  for (const { listing } of neighbours) if (listing.get(fileId)?.isWhole) return true;
  return false;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
