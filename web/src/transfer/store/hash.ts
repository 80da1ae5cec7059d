// SHA-256 of pieces, away from the main thread where the browser has Workers. Buffers are transferred there and back, so
// the bytes handed in must own their whole buffer; they are gone afterwards, and the same bytes come out again.

import { type Bytes, type HashReply, sha256Of } from "../../lib/index.ts";

export interface Hashed {
  readonly hash: Uint8Array;
  /** The bytes that were handed in; the caller's own view is detached. */
  readonly bytes: Bytes;
}

export interface Hasher {
  digest(bytes: Bytes): Promise<Hashed>;
  /** An answer is overdue: whatever was to give it is not asked again. */
  distrust?(): void;
  close(): void;
}

/** In the same thread: for places without Workers, and for tests. */
export class InlineHasher implements Hasher {
  async digest(bytes: Bytes): Promise<Hashed> {
    return { hash: await sha256Of(bytes), bytes };
  }

  close(): void {}
}

interface Waiting {
  resolve(hashed: Hashed): void;
  reject(cause: Error): void;
}

class WorkerHasher implements Hasher {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  /** A worker that cannot load (an old browser, a strict proxy) must not cost the music. */
  #fallback: Hasher | null = null;
  #nextId = 0;

  /** Takes the Worker over: one that answers each HashRequest with a HashReply. */
  constructor(worker: Worker) {
    this.#worker = worker;
    this.#worker.onmessage = ({ data }: MessageEvent<HashReply>) => {
      this.#waiting.get(data.id)?.resolve({ hash: data.hash, bytes: new Uint8Array(data.buffer) });
      this.#waiting.delete(data.id);
    };
    this.#worker.onerror = () => this.distrust();
  }

  /** Rejects when the worker breaks or is closed meanwhile; the bytes are lost then. */
  digest(bytes: Bytes): Promise<Hashed> {
    if (this.#fallback) return this.#fallback.digest(bytes);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, buffer: bytes.buffer }, [bytes.buffer]);
    });
  }

  distrust(): void {
    this.#fallback ??= new InlineHasher();
    this.#worker.terminate();
    this.#fail(new Error("the hash worker broke"));
  }

  close(): void {
    this.#worker.terminate();
    this.#fail(new Error("the hasher was closed"));
  }

  #fail(cause: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(cause);
    this.#waiting.clear();
  }
}

export function openHasher(openWorker: () => Worker): Hasher {
  return typeof Worker === "undefined" ? new InlineHasher() : new WorkerHasher(openWorker());
}
