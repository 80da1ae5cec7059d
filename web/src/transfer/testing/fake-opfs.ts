// As much of the origin-private file system as opfs.worker.ts asks for, in memory: a file is open once at a time, and there is a
// quota, which each engine reports in its own way. Beside it a Worker that runs the real script in this thread.

import { vi } from "vitest";

/** Chromium since 150 · Firefox · what the specification asks for. */
export type FullDisc = "impossible length" | "short write" | "throws";

class FakeFile {
  bytes = new Uint8Array(0);
  isOpen = false;
}

type Directory = Map<string, FakeFile | Directory>;

export class FakeOpfs {
  quotaBytes = Number.POSITIVE_INFINITY;
  fullDisc: FullDisc = "throws";
  openHandles = 0;
  readonly root: Directory = new Map();

  usedBytes(directory = this.root): number {
    let usedBytes = 0;
    for (const entry of directory.values())
      usedBytes += entry instanceof FakeFile ? entry.bytes.length : this.usedBytes(entry);
    return usedBytes;
  }

  /** A file by its path, to be looked at or spoiled. */
  file(...path: string[]): FakeFile {
    let entry: FakeFile | Directory | undefined = this.root;
    for (const name of path) entry = entry instanceof Map ? entry.get(name) : undefined;
    if (!(entry instanceof FakeFile)) throw new Error(`no file ${path.join("/")}`);
    return entry;
  }

  /** As when the page goes, or the Worker that has them. */
  closeAll(directory = this.root): void {
    for (const entry of directory.values()) {
      if (entry instanceof FakeFile) entry.isOpen = false;
      else this.closeAll(entry);
    }
    this.openHandles = 0;
  }

  /** As `navigator.storage.getDirectory()`. */
  directory(entries = this.root) {
    return {
      keys: async function* () {
        yield* [...entries.keys()];
      },
      getDirectoryHandle: async (name: string) => {
        const found = entries.get(name) ?? new Map();
        entries.set(name, found);
        return this.directory(found as Directory);
      },
      getFileHandle: async (name: string) => {
        const found = entries.get(name) ?? new FakeFile();
        entries.set(name, found);
        return { createSyncAccessHandle: async () => this.#openHandle(found as FakeFile) };
      },
      removeEntry: async (name: string) => {
        const found = entries.get(name);
        if (!found) throw new DOMException(name, "NotFoundError");
        if (found instanceof FakeFile && found.isOpen)
          throw new DOMException(name, "NoModificationAllowedError");
        entries.delete(name);
      },
    };
  }

  #openHandle(file: FakeFile) {
    if (file.isOpen) throw new DOMException("open already", "NoModificationAllowedError");
    file.isOpen = true;
    this.openHandles += 1;
    return {
      getSize: () => file.bytes.length,
      truncate: (sizeBytes: number) => {
        file.bytes = file.bytes.slice(0, sizeBytes);
      },
      read: (buffer: Uint8Array, { at }: { at: number }) => {
        const part = file.bytes.subarray(at, at + buffer.length);
        buffer.set(part);
        return part.length;
      },
      write: (bytes: Uint8Array, { at }: { at: number }) => this.#write(file, bytes, at),
      flush: () => undefined,
      close: () => {
        if (file.isOpen) this.openHandles -= 1;
        file.isOpen = false;
      },
    };
  }

  #write(file: FakeFile, bytes: Uint8Array, at: number): number {
    const roomBytes = this.quotaBytes - this.usedBytes() + file.bytes.length;
    const fittingBytes = Math.max(0, Math.min(bytes.length, roomBytes - at));
    const isFull = fittingBytes < bytes.length;
    if (isFull && this.fullDisc === "throws") throw new DOMException("no room", "QuotaExceededError");
    if (isFull && this.fullDisc === "impossible length") return 4_294_967_288;
    const grown = new Uint8Array(Math.max(file.bytes.length, at + fittingBytes));
    grown.set(file.bytes);
    grown.set(bytes.subarray(0, fittingBytes), at);
    file.bytes = grown;
    return fittingBytes;
  }
}

/** Runs opfs.worker.ts here, one at a time. Ending it closes its files, as a browser does. */
export function fakeOpfsWorker(opfs: FakeOpfs) {
  return class {
    static ended = 0;
    onmessage: ((event: { data: unknown }) => void) | null = null;
    onerror: (() => void) | null = null;
    #isEnded = false;
    readonly #scope: { onmessage?: (event: { data: unknown }) => void; postMessage: (data: unknown) => void };
    readonly #loaded: Promise<unknown>;

    constructor() {
      this.#scope = globalThis as never;
      vi.stubGlobal("postMessage", (data: unknown) =>
        queueMicrotask(() => this.#isEnded || this.onmessage?.({ data })),
      );
      vi.resetModules();
      this.#loaded = import("../store/opfs.worker.ts");
    }

    postMessage(data: unknown): void {
      this.#loaded.then(() => this.#isEnded || this.#scope.onmessage?.({ data }));
    }

    terminate(): void {
      if (this.#isEnded) return;
      this.#isEnded = true;
      (this.constructor as unknown as { ended: number }).ended += 1;
      opfs.closeAll();
    }
  };
}
