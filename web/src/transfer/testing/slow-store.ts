// A store that takes its time, as a disc does: opening a file longest. One thing after the other, in the order it was asked for.

import type { Bytes, Clock, FileId, Random } from "../../lib/index.ts";
import type { FileLayout, PieceStore } from "../store/store.ts";

const MAX_OPENING_MS = 3_000;
const MAX_OTHER_MS = 20;

export class SlowStore implements PieceStore {
  readonly #store: PieceStore;
  readonly #clock: Clock;
  readonly #random: Random;
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: PieceStore, clock: Clock, random: Random) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
  }

  get capacityBytes(): number {
    return this.#store.capacityBytes;
  }

  open(fileId: FileId, layout: FileLayout): Promise<void> {
    return this.#later(() => this.#store.open(fileId, layout), MAX_OPENING_MS * this.#random.fraction());
  }

  write(fileId: FileId, piece: number, bytes: Bytes): Promise<void> {
    return this.#later(() => this.#store.write(fileId, piece, bytes));
  }

  read(fileId: FileId, piece: number): Promise<Bytes> {
    return this.#later(() => this.#store.read(fileId, piece));
  }

  held(fileId: FileId): Promise<readonly number[]> {
    return this.#later(() => this.#store.held(fileId));
  }

  files(): Promise<readonly FileId[]> {
    return this.#later(() => this.#store.files());
  }

  usedBytes(): Promise<number> {
    return this.#later(() => this.#store.usedBytes());
  }

  rename(fileId: FileId, newId: FileId): Promise<void> {
    return this.#later(() => this.#store.rename(fileId, newId));
  }

  drop(fileId: FileId): Promise<void> {
    return this.#later(() => this.#store.drop(fileId));
  }

  wipe(): Promise<void> {
    return this.#later(() => this.#store.wipe());
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Mostly quick, now and then not. */
  #later<T>(act: () => Promise<T>, takesMs = MAX_OTHER_MS * this.#random.fraction() ** 3): Promise<T> {
    const done = this.#last.then(
      () =>
        new Promise<T>((resolve, reject) => {
          this.#clock.after(takesMs, () => act().then(resolve, reject));
        }),
    );
    this.#last = done.catch(() => undefined);
    return done;
  }
}
