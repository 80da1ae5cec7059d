// A store on disc with memory behind it: what the disc refuses (a small quota, a private window, a broken disc) goes to memory,
// as far as that reaches. A disc that does not answer is left alone, and tried again later with a file of no worth before anything is
// entrusted to it. Counts the budget of both together. Local ms.

import { type Bytes, type Clock, FileError, type FileId } from "../../lib/index.ts";
import { within } from "./limit.ts";
import type { MemoryStore } from "./memory-store.ts";
import { PieceTable } from "./piece-table.ts";
import { type FileLayout, NotWritten, type PieceStore } from "./store.ts";

/** A slow card on a busy phone answers within seconds. Less than what the callers wait (content.ts). */
const DISC_LIMIT_MS = 10_000;
/** After it fell silent, or was tried in vain; doubles each time up to the second. */
const SILENCE_PAUSE_MS = 30_000;
const MAX_SILENCE_PAUSE_MS = 8 * 60_000;
/** The id of what a disc is tried with: written and dropped, as a table in memory alone could answer for what it holds. */
const TRIAL = "0".repeat(64) as FileId;

export class OverflowStore implements PieceStore {
  readonly #disc: PieceStore;
  readonly #memory: MemoryStore;
  readonly #clock: Clock;
  readonly #table: PieceTable;
  readonly #onDisc = new Set<FileId>();
  /** Until something is dropped. */
  #isDiscFull = false;
  /** It does not answer: not to be tried before this time; null while it answers. */
  #silentUntilLocalMs: number | null = null;
  #silencePauseMs = SILENCE_PAUSE_MS;
  /** Files that it was silent about when they were opened. */
  readonly #unopened = new Set<FileId>();
  /** And those of which it may still have something. */
  readonly #undropped = new Set<FileId>();

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
      await this.#openOnDisc(fileId, layout);
    } catch (cause) {
      if (layout.sizeBytes <= this.#memory.capacityBytes) return;
      this.#table.drop(fileId);
      this.#unopened.delete(fileId);
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
    return this.#memory.has(fileId, piece)
      ? this.#memory.read(fileId, piece)
      : this.#ask((disc) => disc.read(fileId, piece));
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
    if (this.#unopened.delete(fileId)) this.#unopened.add(newId);
    await this.#memory.rename(fileId, newId);
    if (!this.#onDisc.delete(fileId)) return;
    this.#onDisc.add(newId);
    await this.#ask((disc) => disc.rename(fileId, newId)).catch((cause: unknown) => {
      this.#onDisc.delete(newId);
      this.#undropped.add(fileId);
      throw cause;
    });
  }

  async drop(fileId: FileId): Promise<void> {
    this.#table.drop(fileId);
    this.#onDisc.delete(fileId);
    this.#unopened.delete(fileId);
    this.#isDiscFull = false;
    await this.#memory.drop(fileId);
    // Nothing of it is read any more.
    await this.#ask((disc) => disc.drop(fileId)).catch(() => this.#undropped.add(fileId));
    await this.#countUnopened();
  }

  async usedBytes(): Promise<number> {
    return this.#table.usedBytes;
  }

  async wipe(): Promise<void> {
    this.#table.clear();
    this.#table.setAside(0);
    this.#onDisc.clear();
    this.#unopened.clear();
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
    if (this.#answers() && this.#unopened.has(fileId))
      await this.#openOnDisc(fileId, this.#table.layoutOf(fileId)).catch(() => undefined);
    const isOnDisc = this.#onDisc.has(fileId) && !this.#isDiscFull && this.#answers();
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

  async #openOnDisc(fileId: FileId, layout: FileLayout): Promise<void> {
    this.#unopened.delete(fileId);
    try {
      await this.#ask((disc) => disc.open(fileId, layout));
      const held = await this.#ask((disc) => disc.held(fileId));
      this.#undropped.delete(fileId);
      this.#onDisc.add(fileId);
      this.#table.setAside(0);
      this.#table.restore(fileId, layout, held);
      await this.#countUnopened();
    } catch (cause) {
      if (this.#silentUntilLocalMs !== null) this.#unopened.add(fileId);
      throw cause;
    }
  }

  /** Asks the disc, unless it is silent. */
  async #ask<T>(ask: (disc: PieceStore) => Promise<T>): Promise<T> {
    if (!this.#answers()) throw new FileError("file-unreadable", "the disc does not answer");
    return within(this.#clock, DISC_LIMIT_MS, ask(this.#disc), "disc", () => this.#silence());
  }

  #silence(): void {
    this.#silentUntilLocalMs ??= this.#clock.nowMs() + this.#silencePauseMs;
  }

  /** Whether the disc answers, as far as is known. One that was silent for long enough is tried, while nothing waits for it. */
  #answers(): boolean {
    if (this.#silentUntilLocalMs === null) return true;
    if (this.#clock.nowMs() >= this.#silentUntilLocalMs) this.#tryDisc();
    return false;
  }

  #tryDisc(): void {
    this.#silentUntilLocalMs = Number.POSITIVE_INFINITY; // until the trial has ended
    let isLate = false;
    const trial = this.#writeTrial();
    within(this.#clock, DISC_LIMIT_MS, trial, "trial", () => {
      isLate = true;
    })
      .catch(() => undefined) // what it refuses it has answered
      .then(() => {
        this.#silentUntilLocalMs = null;
        this.#silencePauseMs = isLate
          ? Math.min(MAX_SILENCE_PAUSE_MS, 2 * this.#silencePauseMs)
          : SILENCE_PAUSE_MS;
        if (isLate) this.#silence();
        else this.#isDiscFull = false; // it is asked once more
      });
  }

  /** And drops what was to be dropped meanwhile, before any of it may be opened anew. */
  async #writeTrial(): Promise<void> {
    await this.#disc.drop(TRIAL);
    await this.#disc.open(TRIAL, { sizeBytes: 1, pieceLength: 1 });
    await this.#disc.drop(TRIAL);
    for (const fileId of this.#undropped) {
      await this.#disc.drop(fileId);
      this.#undropped.delete(fileId);
    }
  }

  #orNone<T>(ask: (disc: PieceStore) => Promise<readonly T[]>): Promise<readonly T[]> {
    return this.#ask(ask).catch(() => []);
  }
}

const union = <T>(one: readonly T[], other: readonly T[]): T[] => [...new Set([...one, ...other])];
