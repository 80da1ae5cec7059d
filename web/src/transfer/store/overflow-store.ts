// A store on disc with memory behind it: what the disc refuses (a small quota, a private window, a broken disc) goes to memory,
// as far as that reaches. A disc that does not answer is not asked again. Counts the budget of both together.

import { type Bytes, type Clock, FileError, type FileId } from "../../lib/index.ts";
import { within } from "./limit.ts";
import type { MemoryStore } from "./memory-store.ts";
import { PieceTable } from "./piece-table.ts";
import { type FileLayout, NotWritten, type PieceStore } from "./store.ts";

/** A slow card on a busy phone answers within seconds. Less than what the callers wait (content.ts). */
const DISC_LIMIT_MS = 10_000;

export class OverflowStore implements PieceStore {
  readonly #disc: PieceStore;
  readonly #memory: MemoryStore;
  readonly #clock: Clock;
  readonly #table: PieceTable;
  readonly #onDisc = new Set<FileId>();
  /** Until something is dropped. */
  #isDiscFull = false;
  #isDiscMute = false;

  /** For a disc that is empty; else `open`. */
  constructor(disc: PieceStore, memory: MemoryStore, capacityBytes: number, clock: Clock) {
    this.#disc = disc;
    this.#memory = memory;
    this.#clock = clock;
    this.#table = new PieceTable(capacityBytes);
  }

  /** With what the disc has from before a reload counted; never rejects. */
  static async open(
    disc: PieceStore,
    memory: MemoryStore,
    capacityBytes: number,
    clock: Clock,
  ): Promise<OverflowStore> {
    const store = new OverflowStore(disc, memory, capacityBytes, clock);
    await store.#countUnopened();
    return store;
  }

  get capacityBytes(): number {
    return this.#table.capacityBytes;
  }

  async open(fileId: FileId, layout: FileLayout): Promise<void> {
    if (this.#onDisc.has(fileId)) return;
    this.#table.open(fileId, layout);
    // Memory takes as much of it as fits.
    const sizeBytes = Math.min(layout.sizeBytes, this.#memory.capacityBytes);
    await this.#memory.open(fileId, { ...layout, sizeBytes });
    try {
      await this.#ask((disc) => disc.open(fileId, layout));
      const held = await this.#ask((disc) => disc.held(fileId));
      this.#onDisc.add(fileId);
      this.#table.setAside(0);
      this.#table.restore(fileId, layout, held);
      await this.#countUnopened();
    } catch (cause) {
      if (layout.sizeBytes <= this.#memory.capacityBytes) return;
      this.#table.drop(fileId);
      await this.#memory.drop(fileId);
      throw cause;
    }
  }

  async write(fileId: FileId, piece: number, bytes: Bytes): Promise<void> {
    const sizeBytes = bytes.length;
    this.#table.reserve(fileId, piece, sizeBytes);
    try {
      await this.#write(fileId, piece, bytes);
      this.#table.markHeld(fileId, piece);
    } catch (cause) {
      this.#table.release(fileId, piece);
      throw cause;
    }
  }

  async read(fileId: FileId, piece: number): Promise<Bytes> {
    const isInMemory = (await this.#memory.held(fileId)).includes(piece);
    return isInMemory ? this.#memory.read(fileId, piece) : this.#ask((disc) => disc.read(fileId, piece));
  }

  async held(fileId: FileId): Promise<readonly number[]> {
    return union(await this.#orNone((disc) => disc.held(fileId)), await this.#memory.held(fileId)).sort(
      (a, b) => a - b,
    );
  }

  async files(): Promise<readonly FileId[]> {
    return union(await this.#orNone((disc) => disc.files()), await this.#memory.files());
  }

  async rename(fileId: FileId, newId: FileId): Promise<void> {
    this.#table.rename(fileId, newId);
    await this.#memory.rename(fileId, newId);
    if (!this.#onDisc.delete(fileId)) return;
    this.#onDisc.add(newId);
    await this.#ask((disc) => disc.rename(fileId, newId));
  }

  async drop(fileId: FileId): Promise<void> {
    this.#table.drop(fileId);
    this.#onDisc.delete(fileId);
    this.#isDiscFull = false;
    await this.#memory.drop(fileId);
    await this.#ask((disc) => disc.drop(fileId)).catch(() => undefined); // nothing of it is read any more
    await this.#countUnopened();
  }

  async usedBytes(): Promise<number> {
    return this.#table.usedBytes;
  }

  async wipe(): Promise<void> {
    this.#table.clear();
    this.#table.setAside(0);
    this.#onDisc.clear();
    this.#isDiscFull = false;
    await this.#memory.wipe();
    await this.#ask((disc) => disc.wipe());
  }

  async close(): Promise<void> {
    this.#table.clear();
    await this.#memory.close();
    await within(this.#clock, DISC_LIMIT_MS, this.#disc.close(), "closing the disc");
  }

  /** Files of a former page that nobody has opened yet take room on the disc as well. */
  async #countUnopened(): Promise<void> {
    const discBytes = await this.#ask((disc) => disc.usedBytes()).catch(() => 0);
    const openedBytes = this.#table.pieceBytes - (await this.#memory.usedBytes());
    this.#table.setAside(Math.max(0, discBytes - openedBytes));
  }

  async #write(fileId: FileId, piece: number, bytes: Bytes): Promise<void> {
    const isOnDisc = this.#onDisc.has(fileId) && !this.#isDiscFull && !this.#isDiscMute;
    if (!isOnDisc) return this.#memory.write(fileId, piece, bytes);
    try {
      await this.#ask((disc) => disc.write(fileId, piece, bytes));
    } catch (cause) {
      this.#isDiscFull = true;
      const left = cause instanceof NotWritten ? cause.bytes : bytes;
      // Without the bytes this one piece is fetched again; the next goes to memory at once.
      if (left.length === 0) throw new NotWritten("file-unreadable", "lost with the disc", left);
      await this.#memory.write(fileId, piece, left);
    }
  }

  /** Asks the disc, unless it has once left a question unanswered. */
  async #ask<T>(ask: (disc: PieceStore) => Promise<T>): Promise<T> {
    if (this.#isDiscMute) throw new FileError("file-unreadable", "the disc does not answer");
    return within(this.#clock, DISC_LIMIT_MS, ask(this.#disc), "disc", () => {
      this.#isDiscMute = true;
    });
  }

  #orNone<T>(ask: (disc: PieceStore) => Promise<readonly T[]>): Promise<readonly T[]> {
    return this.#ask(ask).catch(() => []);
  }
}

const union = <T>(one: readonly T[], other: readonly T[]): T[] => [...new Set([...one, ...other])];
