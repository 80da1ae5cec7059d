// Files on their way into the swarm, one after the other: those of one choice, and those that were dropped before anyone had
// joined. One that cannot be added takes no other with it. Knows no clock.

import { FileError, type FileErrorCode } from "../lib/index.ts";

/** What takes files: the session, which is another one after every join. */
export interface FileTaker {
  addFile(file: File): Promise<unknown>;
}

export interface FileQueueOptions {
  /** null while nobody has joined; files wait then. */
  readonly taker: () => FileTaker | null;
  readonly onRefused: (error: FileErrorCode, fileName: string) => void;
}

export class FileQueue {
  readonly #options: FileQueueOptions;
  #waiting: readonly File[] = [];
  #isAdding = false;

  constructor(options: FileQueueOptions) {
    this.#options = options;
  }

  add(files: readonly File[]): void {
    this.#waiting = [...this.#waiting, ...files];
    void this.goOn();
  }

  clear(): void {
    this.#waiting = [];
  }

  /** Call it when a session has begun. */
  async goOn(): Promise<void> {
    if (this.#isAdding) return;
    this.#isAdding = true;
    for (let file = this.#waiting[0]; file; file = this.#waiting[0]) {
      const taker = this.#options.taker();
      if (!taker) break;
      await this.#addOne(file, taker);
    }
    this.#isAdding = false;
  }

  async #addOne(file: File, taker: FileTaker): Promise<void> {
    try {
      await taker.addFile(file);
    } catch (error) {
      if (!this.#waiting.includes(file)) return; // the person has left meanwhile
      if (this.#options.taker() !== taker) return; // the page was put aside meanwhile: once more, in the next session
      console.warn(`could not add a file: ${String(error)}`);
      this.#options.onRefused(error instanceof FileError ? error.code : "file-failed", file.name);
    }
    this.#waiting = this.#waiting.filter((other) => other !== file);
  }
}
