// Pieces in the origin-private file system: on disc, out of the page's memory, by way of a Worker (the only place with
// synchronous handles, which Safari needs). Buffers are transferred there and back, never copied. Needs a secure context.

import { type Bytes, type Clock, FileError, type FileErrorCode, type FileId } from "../../lib/index.ts";
import { within } from "./limit.ts";
import { type FileLayout, NotWritten, type PieceStore } from "./store.ts";

/** The directory in the origin-private file system below which every session has its own. */
export const OPFS_ROOT = "unisono-pieces";
/** As long as anything else of a disc is waited for (overflow-store.ts): then its Worker is ended, which closes its files. */
const CLOSE_LIMIT_MS = 10_000;

type Operation =
  | { readonly op: "start"; readonly root: string; readonly session: string }
  /** How much it may hold; nothing before it is told. */
  | { readonly op: "budget"; readonly capacityBytes: number }
  | { readonly op: "open"; readonly fileId: FileId; readonly layout: FileLayout }
  | { readonly op: "write"; readonly fileId: FileId; readonly piece: number; readonly buffer: ArrayBuffer }
  | { readonly op: "read"; readonly fileId: FileId; readonly piece: number }
  | { readonly op: "held" | "drop"; readonly fileId: FileId }
  | { readonly op: "rename"; readonly fileId: FileId; readonly newId: FileId }
  | { readonly op: "files" | "used" | "wipe" | "close" };

export type OpfsRequest = Operation & { readonly id: number };

export interface OpfsReply {
  readonly id: number;
  readonly value?: Bytes | readonly number[] | readonly FileId[] | number | undefined;
  /** Present when it failed; `value` is then the piece that could not be written. */
  readonly code?: FileErrorCode;
  readonly detail?: string;
}

interface Waiting {
  resolve(value: OpfsReply["value"]): void;
  reject(cause: Error): void;
}

export class OpfsStore implements PieceStore {
  readonly #worker: Worker;
  readonly #clock: Clock;
  #capacityBytes = 0;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #broken: FileError | null = null;
  #closing: Promise<void> | null = null;

  private constructor(clock: Clock) {
    this.#clock = clock;
    this.#worker = new Worker(new URL("./opfs.worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<OpfsReply>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      const { code, detail = "", value } = data;
      if (!code) waiting?.resolve(value);
      else if (value instanceof Uint8Array) waiting?.reject(new NotWritten(code, detail, value));
      else waiting?.reject(new FileError(code, detail));
    };
    this.#worker.onerror = () => this.#break("the storage worker broke");
  }

  /**
   * Opens the directory of this session, with what a former page of it left; `capacityOf` is told how much that is. Rejects FileError where
   * there is no OPFS, and once `givenUp` is aborted: then its Worker is ended, and with it every file that is open.
   */
  static async open(
    session: string,
    capacityOf: (heldBytes: number) => Promise<number>,
    clock: Clock,
    givenUp: AbortSignal,
  ): Promise<OpfsStore> {
    const store = new OpfsStore(clock);
    const giveUp = (): void => store.release();
    givenUp.addEventListener("abort", giveUp);
    try {
      await store.#ask({ op: "start", root: OPFS_ROOT, session });
      store.#capacityBytes = await capacityOf(await store.usedBytes());
      await store.#ask({ op: "budget", capacityBytes: store.#capacityBytes });
      return store;
    } catch (cause) {
      store.release();
      throw cause;
    } finally {
      givenUp.removeEventListener("abort", giveUp);
    }
  }

  get capacityBytes(): number {
    return this.#capacityBytes;
  }

  async open(fileId: FileId, layout: FileLayout): Promise<void> {
    await this.#ask({ op: "open", fileId, layout });
  }

  async write(fileId: FileId, piece: number, bytes: Bytes): Promise<void> {
    const isWhole = bytes.byteLength === bytes.buffer.byteLength;
    const { buffer } = isWhole ? bytes : bytes.slice();
    await this.#ask({ op: "write", fileId, piece, buffer }, [buffer]);
  }

  async read(fileId: FileId, piece: number): Promise<Bytes> {
    return (await this.#ask({ op: "read", fileId, piece })) as Bytes;
  }

  async held(fileId: FileId): Promise<readonly number[]> {
    return (await this.#ask({ op: "held", fileId })) as readonly number[];
  }

  async files(): Promise<readonly FileId[]> {
    return (await this.#ask({ op: "files" })) as readonly FileId[];
  }

  async usedBytes(): Promise<number> {
    return (await this.#ask({ op: "used" })) as number;
  }

  async rename(fileId: FileId, newId: FileId): Promise<void> {
    await this.#ask({ op: "rename", fileId, newId });
  }

  async drop(fileId: FileId): Promise<void> {
    await this.#ask({ op: "drop", fileId });
  }

  async wipe(): Promise<void> {
    await this.#ask({ op: "wipe" });
  }

  close(): Promise<void> {
    this.#closing ??= within(this.#clock, CLOSE_LIMIT_MS, this.#ask({ op: "close" }), "closing").then(
      () => this.#break("the store is closed"),
      () => this.#break("the store is closed"), // what stays is wiped on the next start
    );
    return this.#closing;
  }

  /** Ends the Worker at once, which closes its files, and leaves on disc what is there. */
  release(): void {
    this.#break("the store was let go");
  }

  #ask(operation: Operation, transfer: Transferable[] = []): Promise<OpfsReply["value"]> {
    if (this.#broken) return Promise.reject(this.#broken);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...operation, id }, transfer);
    });
  }

  #break(detail: string): void {
    this.#broken ??= new FileError("file-unreadable", detail);
    this.#worker.terminate();
    for (const waiting of this.#waiting.values()) waiting.reject(this.#broken);
    this.#waiting.clear();
  }
}
