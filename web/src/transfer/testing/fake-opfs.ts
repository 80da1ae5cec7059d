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
  canOpenHandles = true;
  /** The browser has taken all of it away, as it may where it needs the room. */
  isEvicted = false;
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
        if (this.isEvicted) throw new DOMException(name, "NotFoundError");
        const found = entries.get(name) ?? new FakeFile();
        entries.set(name, found);
        const open = async () => this.#openHandle(found as FakeFile);
        return this.canOpenHandles ? { createSyncAccessHandle: open } : {};
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
    const orGone = <T>(act: () => T): T => {
      if (this.isEvicted) throw new DOMException("the file has gone", "InvalidStateError");
      return act();
    };
    return {
      getSize: () => file.bytes.length,
      truncate: (sizeBytes: number) => {
        file.bytes = file.bytes.slice(0, sizeBytes);
      },
      read: (buffer: Uint8Array, { at }: { at: number }) =>
        orGone(() => {
          const part = file.bytes.subarray(at, at + buffer.length);
          buffer.set(part);
          return part.length;
        }),
      write: (bytes: Uint8Array, { at }: { at: number }) => orGone(() => this.#write(file, bytes, at)),
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

type Listener = (event: { data: unknown }) => void;

/**
 * A `Worker` that runs opfs.worker.ts here, one at a time; as many can be started as were loaded, ahead, so that none takes real time.
 * Ending one closes its files, as a browser does.
 */
export async function fakeOpfsWorkers(opfs: FakeOpfs, count = 3) {
  const scope = globalThis as unknown as { onmessage: Listener };
  const scripts: Listener[] = [];
  for (let at = 0; at < count; at++) {
    vi.resetModules();
    await import("../store/opfs.worker.ts");
    scripts.push(scope.onmessage);
  }
  let running: { isEnded: boolean; onmessage: Listener | null } | null = null;
  vi.stubGlobal("postMessage", (data: unknown) => {
    const answering = running;
    queueMicrotask(() => answering?.isEnded || answering?.onmessage?.({ data }));
  });
  return class {
    static ended = 0;
    onmessage: Listener | null = null;
    onerror: (() => void) | null = null;
    isEnded = false;
    readonly #script = scripts.shift();

    constructor() {
      if (!this.#script) throw new Error("load more Workers");
      running = this;
    }

    postMessage(data: unknown): void {
      queueMicrotask(() => this.isEnded || this.#script?.({ data }));
    }

    terminate(): void {
      if (this.isEnded) return;
      this.isEnded = true;
      (this.constructor as unknown as { ended: number }).ended += 1;
      opfs.closeAll();
    }
  };
}
