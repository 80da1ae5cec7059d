// Pieces in memory: gone with the page, present in every browser. Counts what is written, not what is announced.

import { type Bytes, FileError, type FileId } from "../../lib/index.ts";
import type { FileLayout, PieceStore } from "./store.ts";

/** A page of a phone is killed somewhere above 300–400 MB, and the decoded song needs about 115 MB of that. */
export const MEMORY_CAPACITY_BYTES = 128 * 1024 * 1024;

export class MemoryStore implements PieceStore {
  readonly #files = new Map<FileId, Map<number, Bytes>>();
  #usedBytes = 0;

  constructor(readonly capacityBytes: number = MEMORY_CAPACITY_BYTES) {}

  async open(fileId: FileId, layout: FileLayout): Promise<void> {
    if (this.#files.has(fileId)) return;
    if (layout.sizeBytes > this.capacityBytes)
      throw new FileError("storage-full", `${layout.sizeBytes} bytes`);
    this.#files.set(fileId, new Map());
  }

  async write(fileId: FileId, piece: number, bytes: Bytes): Promise<void> {
    const pieces = this.#files.get(fileId);
    if (!pieces) throw new FileError("file-unreadable", "not open");
    const addedBytes = bytes.length - (pieces.get(piece)?.length ?? 0);
    if (this.#usedBytes + addedBytes > this.capacityBytes)
      throw new FileError("storage-full", "memory budget");
    pieces.set(piece, bytes);
    this.#usedBytes += addedBytes;
  }

  async read(fileId: FileId, piece: number): Promise<Bytes> {
    const bytes = this.#files.get(fileId)?.get(piece);
    if (!bytes) throw new FileError("file-unreadable", `piece ${piece} is not held`);
    return bytes;
  }

  has(fileId: FileId, piece: number): boolean {
    return this.#files.get(fileId)?.has(piece) ?? false;
  }

  async held(fileId: FileId): Promise<readonly number[]> {
    return [...(this.#files.get(fileId)?.keys() ?? [])].sort((a, b) => a - b);
  }

  async files(): Promise<readonly FileId[]> {
    return [...this.#files.keys()];
  }

  async usedBytes(): Promise<number> {
    return this.#usedBytes;
  }

  async rename(fileId: FileId, newId: FileId): Promise<void> {
    const pieces = this.#files.get(fileId);
    if (!pieces || this.#files.has(newId))
      throw new FileError("file-unreadable", "not open, or open already");
    this.#files.delete(fileId);
    this.#files.set(newId, pieces);
  }

  async drop(fileId: FileId): Promise<void> {
    for (const bytes of this.#files.get(fileId)?.values() ?? []) this.#usedBytes -= bytes.length;
    this.#files.delete(fileId);
  }

  async wipe(): Promise<void> {
    this.#files.clear();
    this.#usedBytes = 0;
  }

  close(): Promise<void> {
    return this.wipe();
  }
}
