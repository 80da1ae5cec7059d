// The home of bulk in a Worker, seen from the page. A Worker that does not start is found out before anything depends on it; one that
// breaks later says so once, and what was asked of it is rejected (lasting-home.ts goes on from there). Local ms.

import { type Clock, every, FileError, type FileId } from "../../lib/index.ts";
import type { Manifest } from "../core/manifest.ts";
import {
  type BulkCall,
  type BulkHome,
  type BulkLine,
  type BulkReport,
  CONTENT_METHODS,
  type ContentCalls,
  type ContentMethod,
  type WorkerReply,
  type WorkerRequest,
} from "./messages.ts";

interface Waiting {
  resolve(value: unknown): void;
  reject(cause: unknown): void;
}

/** A file that is being read. */
interface Reading {
  onPiece(piece: number, sha256: Uint8Array): void;
  pieces: number;
  /** What `onPiece` threw: nothing is told after that. */
  stopped: { readonly cause: unknown } | null;
}

/** A Worker that a browser ended, or that turns in circles, throws nothing: it is asked whether it is there while it is silent. */
const ASK_PERIOD_MS = 5_000;
/** Askings in a row, not time: a page that stood still has asked no more than once. A busy machine answers within a second or two. */
const MAX_UNANSWERED = 4;

export class WorkerHome implements BulkHome {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #onBroken: () => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #readings = new Map<number, Reading>();
  #report: (reports: readonly BulkReport[]) => void = () => undefined;
  #capacityBytes = 0;
  #line = 0;
  #calls: BulkCall[] = [];
  #nextId = 0;
  #broken: FileError | null = null;
  #closing: Promise<void> | null = null;
  #closed: () => void = () => undefined;
  /** Null until the Worker has said that it runs. */
  #stopAsking: (() => void) | null = null;
  #unanswered = 0;

  private constructor(worker: Worker, clock: Clock, onBroken: () => void) {
    this.#worker = worker;
    this.#clock = clock;
    this.#onBroken = onBroken;
  }

  /**
   * Takes the Worker over. Rejects where it does not run; the caller says when it has been waited for long enough. `onBroken`: it ran, and
   * does no more.
   */
  static start(
    worker: Worker,
    session: string,
    clock: Clock,
    onBroken: () => void = () => undefined,
  ): Promise<WorkerHome> {
    const home = new WorkerHome(worker, clock, onBroken);
    return new Promise((resolve, reject) => {
      worker.onerror = () => {
        home.#break("the bulk worker broke");
        reject(new FileError("file-unreadable", "the bulk worker does not run"));
      };
      worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => {
        home.#unanswered = 0;
        if (data.from === "home") {
          home.#stopAsking ??= every(clock, ASK_PERIOD_MS, () => home.#askWhetherAlive());
          home.#capacityBytes = data.capacityBytes;
          resolve(home);
        } else home.#take(data);
      };
      home.#post({ to: "home", session });
    });
  }

  get capacityBytes(): number {
    return this.#capacityBytes;
  }

  open(report: (reports: readonly BulkReport[]) => void): BulkLine {
    const line = ++this.#line;
    this.#report = report;
    this.#post({ to: "open", line, localMs: this.#clock.nowMs() });
    return {
      content: {
        ...(Object.fromEntries(
          CONTENT_METHODS.map((method) => [method, (...args: unknown[]) => this.#ask(method, args)]),
        ) as unknown as ContentCalls),
        ingest: (fileId, blob, onPiece) => this.#ingest(fileId, blob, onPiece),
      },
      tell: (call, transfer) => {
        if (line !== this.#line) return;
        if (transfer) this.#post({ to: "plane", calls: [call], localMs: this.#clock.nowMs() }, transfer);
        else this.#postSoon(call);
      },
      close: () => {
        if (line !== this.#line) return;
        this.#report = () => undefined;
        this.#post({ to: "end", line, localMs: this.#clock.nowMs() });
      },
    };
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#closed = resolve;
      if (this.#broken) resolve();
      else this.#post({ to: "close" });
    });
    return this.#closing;
  }

  #ask(method: ContentMethod, args: readonly unknown[]): Promise<unknown> {
    if (this.#broken) return Promise.reject(this.#broken);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ to: "content", id, method, args });
    });
  }

  /** As `Content.ingest`: the file is read where it is stored, and told of many pieces at a time. */
  #ingest(
    fileId: FileId | null,
    blob: Blob,
    onPiece: (piece: number, sha256: Uint8Array) => void,
  ): Promise<Manifest> {
    const id = this.#nextId;
    const reading: Reading = { onPiece, pieces: 0, stopped: null };
    this.#readings.set(id, reading);
    const asked = this.#ask("ingest", [fileId, blob]) as Promise<Manifest>;
    const unlessStopped = <T>(outcome: () => T): T => {
      if (reading.stopped) throw reading.stopped.cause;
      return outcome();
    };
    return asked
      .then(
        (manifest) => unlessStopped(() => manifest),
        (cause: unknown) =>
          unlessStopped(() => {
            throw cause;
          }),
      )
      .finally(() => this.#readings.delete(id));
  }

  #takeHashes(id: number, hashes: readonly Uint8Array[]): void {
    const reading = this.#readings.get(id);
    try {
      for (const hash of hashes) if (reading && !reading.stopped) reading.onPiece(reading.pieces++, hash);
    } catch (cause) {
      if (reading) reading.stopped = { cause };
      this.#post({ to: "stop", id });
    }
  }

  /** Each message wakes the Worker: what one task of the page tells the plane is one message. */
  #postSoon(call: BulkCall): void {
    this.#calls.push(call);
    if (this.#calls.length === 1) queueMicrotask(() => this.#postCalls());
  }

  #postCalls(): void {
    const calls = this.#calls;
    if (calls.length === 0) return;
    this.#calls = [];
    this.#worker.postMessage({ to: "plane", calls, localMs: this.#clock.nowMs() } satisfies WorkerRequest);
  }

  #post(request: WorkerRequest, transfer: Transferable[] = []): void {
    this.#postCalls(); // requests are taken in order
    this.#worker.postMessage(request, transfer);
  }

  #take(reply: WorkerReply): void {
    switch (reply.from) {
      case "plane":
        if (reply.line === this.#line) this.#report(reply.reports);
        return;
      case "hashes":
        this.#takeHashes(reply.id, reply.hashes);
        return;
      case "content": {
        const waiting = this.#waiting.get(reply.id);
        this.#waiting.delete(reply.id);
        if (!("error" in reply)) waiting?.resolve(reply.value);
        else if (reply.error.code === "range") waiting?.reject(new RangeError(reply.error.detail));
        else waiting?.reject(new FileError(reply.error.code, reply.error.detail));
        return;
      }
      case "closed":
        this.#break("the store is closed");
        return;
      case "home":
      case "alive":
        return;
    }
  }

  #askWhetherAlive(): void {
    if (this.#unanswered++ >= MAX_UNANSWERED) this.#break("the bulk worker does not answer");
    else if (this.#unanswered > 1) this.#post({ to: "alive" }); // it has said nothing for a whole period
  }

  #break(detail: string): void {
    if (this.#broken) return;
    this.#broken = new FileError("file-unreadable", detail);
    this.#stopAsking?.();
    this.#worker.terminate();
    if (this.#stopAsking && !this.#closing) this.#onBroken();
    for (const waiting of this.#waiting.values()) waiting.reject(this.#broken);
    this.#waiting.clear();
    this.#closed();
  }
}
