// What a store on disc holds, kept in memory beside it: which files are open, how they are cut, which pieces are there, and
// how much of the budget that takes. Pure bookkeeping; the bytes are elsewhere.

import { FileError, type FileId } from "../../lib/index.ts";
import type { FileLayout } from "./store.ts";

interface Entry {
  readonly layout: FileLayout;
  /** Counted against the budget while they are written. */
  readonly reserved: Set<number>;
  readonly held: Set<number>;
}

export class PieceTable {
  readonly #entries = new Map<FileId, Entry>();
  #usedBytes = 0;
  #asideBytes = 0;

  /** `capacityBytes`: may change when more is known. */
  constructor(public capacityBytes: number) {}

  /** Of the pieces alone. */
  get pieceBytes(): number {
    return this.#usedBytes;
  }

  /** Of all pieces, and of what was set aside. */
  get usedBytes(): number {
    return this.#usedBytes + this.#asideBytes;
  }

  /** Counts so much beside what the table knows of. */
  setAside(bytes: number): void {
    this.#asideBytes = bytes;
  }

  has(fileId: FileId): boolean {
    return this.#entries.has(fileId);
  }

  /** Takes a file in. Throws FileError storage-full when it could never fit. */
  open(fileId: FileId, layout: FileLayout): void {
    if (layout.sizeBytes > this.capacityBytes)
      throw new FileError("storage-full", `${layout.sizeBytes} bytes`);
    if (!this.#entries.has(fileId))
      this.#entries.set(fileId, { layout, reserved: new Set(), held: new Set() });
  }

  /**
   * Takes in what a file has on disc already, whatever the budget: that may have shrunk since, and what is there is there. Throws FileError
   * file-unreadable where it makes no sense.
   */
  restore(fileId: FileId, layout: FileLayout, pieces: Iterable<number>): void {
    const { sizeBytes, pieceLength } = layout;
    if (
      !(
        Number.isSafeInteger(sizeBytes) &&
        Number.isSafeInteger(pieceLength) &&
        sizeBytes > 0 &&
        pieceLength > 0
      )
    )
      throw new FileError("file-unreadable", "no layout");
    const entry = this.#entries.get(fileId) ?? { layout, reserved: new Set(), held: new Set() };
    this.#entries.set(fileId, entry);
    for (const piece of pieces) {
      const isOfIt = Number.isInteger(piece) && piece >= 0 && sizeOf(entry.layout, piece) > 0;
      if (!isOfIt || entry.held.has(piece)) continue;
      if (!entry.reserved.delete(piece)) this.#usedBytes += sizeOf(entry.layout, piece);
      entry.held.add(piece);
    }
  }

  layoutOf(fileId: FileId): FileLayout {
    return this.#entryOf(fileId).layout;
  }

  /** Whether a piece may be written. Throws FileError: file-unreadable (not open), storage-full. */
  reserve(fileId: FileId, piece: number, sizeBytes: number): void {
    const { layout, reserved, held } = this.#entryOf(fileId);
    if (sizeBytes !== sizeOf(layout, piece)) throw new FileError("file-unreadable", "another size");
    if (held.has(piece) || reserved.has(piece)) return;
    if (this.usedBytes + sizeBytes > this.capacityBytes) throw new FileError("storage-full", "budget");
    reserved.add(piece);
    this.#usedBytes += sizeBytes;
  }

  /** Without effect for a file that was dropped while the piece was written, and took its reservation along. */
  markHeld(fileId: FileId, piece: number): void {
    const entry = this.#entries.get(fileId);
    if (entry?.reserved.delete(piece)) entry.held.add(piece);
  }

  /** The write did not succeed after all. */
  release(fileId: FileId, piece: number): void {
    const entry = this.#entries.get(fileId);
    if (entry?.reserved.delete(piece)) this.#usedBytes -= sizeOf(entry.layout, piece);
  }

  /** Size and place of a held piece. Throws FileError file-unreadable. */
  locate(fileId: FileId, piece: number): { readonly offsetBytes: number; readonly sizeBytes: number } {
    const entry = this.#entries.get(fileId);
    if (!entry?.held.has(piece)) throw new FileError("file-unreadable", `piece ${piece} is not held`);
    return { offsetBytes: piece * entry.layout.pieceLength, sizeBytes: sizeOf(entry.layout, piece) };
  }

  held(fileId: FileId): number[] {
    return [...(this.#entries.get(fileId)?.held ?? [])].sort((a, b) => a - b);
  }

  files(): FileId[] {
    return [...this.#entries.keys()];
  }

  /** Throws FileError file-unreadable where the file is not open, or the other is. */
  rename(fileId: FileId, newId: FileId): void {
    const entry = this.#entryOf(fileId);
    if (this.#entries.has(newId)) throw new FileError("file-unreadable", "open already");
    this.#entries.delete(fileId);
    this.#entries.set(newId, entry);
  }

  drop(fileId: FileId): void {
    const entry = this.#entries.get(fileId);
    if (!entry) return;
    for (const piece of [...entry.held, ...entry.reserved]) this.#usedBytes -= sizeOf(entry.layout, piece);
    this.#entries.delete(fileId);
  }

  clear(): void {
    this.#entries.clear();
    this.#usedBytes = 0;
  }

  #entryOf(fileId: FileId): Entry {
    const entry = this.#entries.get(fileId);
    if (!entry) throw new FileError("file-unreadable", "not open");
    return entry;
  }
}

function sizeOf({ sizeBytes, pieceLength }: FileLayout, piece: number): number {
  return Math.min(pieceLength, sizeBytes - piece * pieceLength);
}
