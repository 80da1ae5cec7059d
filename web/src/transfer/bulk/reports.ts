// The plane's reports on their way out, many in one message: each message wakes the main thread, which has a screen to draw and
// sound to time. What the core can act upon leaves soon, the mere growing of a piece when there is time. Local ms.

import type { Clock } from "../../lib/index.ts";
import type { BulkReport } from "./messages.ts";

/** Between two messages to another thread at least, when something waits for an answer. In one's own it is 0. */
export const SOON_MS = 8;
/** For the growing of a piece: rates are averaged over 200 ms (remote-source.ts). */
const LATER_MS = 100;
/** For what is only counted or shown: it goes with what is sent anyway, and seldom wakes anybody by itself. */
const ALONG_MS = 500;

type Chunks = Extract<BulkReport, { type: "chunks" }>;
type Pace = Extract<BulkReport, { type: "pace" }>;
type Growing<T> = { -readonly [K in keyof T]: T[K] };

export class Reports {
  readonly #clock: Clock;
  readonly #send: (reports: readonly BulkReport[]) => void;
  readonly #soonMs: number;
  #waiting: BulkReport[] = [];
  readonly #chunks = new Map<string, Growing<Chunks>>();
  #pace: Growing<Pace> | null = null;
  #sentLocalMs = Number.NEGATIVE_INFINITY;
  #timer: { readonly dueLocalMs: number; readonly cancel: () => void } | null = null;
  #isClosed = false;

  constructor(clock: Clock, soonMs: number, send: (reports: readonly BulkReport[]) => void) {
    this.#clock = clock;
    this.#soonMs = soonMs;
    this.#send = send;
  }

  add(report: BulkReport, isUrgent = false): void {
    if (this.#isClosed) return;
    this.#waiting.push(report);
    this.#sendWithin(isUrgent ? this.#soonMs : LATER_MS);
  }

  /** What nothing waits for: with the next message, or after a while. */
  addAlong(report: BulkReport): void {
    if (this.#isClosed) return;
    this.#waiting.push(report);
    this.#sendWithin(ALONG_MS);
  }

  /** Chunks of one piece are told as one. */
  addChunks(arrived: Omit<Chunks, "type">): void {
    const key = `${arrived.link}/${arrived.askedId}/${arrived.piece}`;
    const former = this.#chunks.get(key);
    if (former) {
      former.payloadBytes += arrived.payloadBytes;
      former.wastedBytes += arrived.wastedBytes;
      former.isWhole = arrived.isWhole;
      former.isChecked = arrived.isChecked;
    }
    if (arrived.isWhole) this.#chunks.delete(key); // what comes of it after that is another copy
    if (former) {
      if (arrived.isWhole) this.#sendWithin(this.#soonMs);
      return;
    }
    const report: Growing<Chunks> = { type: "chunks", ...arrived };
    if (!arrived.isWhole) this.#chunks.set(key, report);
    this.add(report, arrived.isWhole);
  }

  /** Only the latest counts. */
  addPace(pace: Omit<Pace, "type">, isUrgent: boolean): void {
    if (this.#pace) Object.assign(this.#pace, pace);
    else {
      this.#pace = { type: "pace", ...pace };
      this.addAlong(this.#pace);
    }
    if (isUrgent) this.#sendWithin(this.#soonMs);
  }

  /** All that waits, now. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#sentLocalMs = this.#clock.nowMs();
    const reports = this.#waiting;
    this.#waiting = [];
    this.#chunks.clear();
    this.#pace = null;
    if (reports.length > 0) this.#send(reports);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#waiting = [];
  }

  #sendWithin(pauseMs: number): void {
    if (this.#isClosed) return;
    const nowMs = this.#clock.nowMs();
    const dueLocalMs = this.#sentLocalMs + pauseMs;
    if (dueLocalMs <= nowMs) {
      this.flush();
      return;
    }
    if (this.#timer && this.#timer.dueLocalMs <= dueLocalMs) return;
    this.#timer?.cancel();
    this.#timer = { dueLocalMs, cancel: this.#clock.after(dueLocalMs - nowMs, () => this.flush()) };
  }
}

/** The hashes of a file that is being read, on their way out: the first at once, then as often as anything the core can act upon. */
export class HashBatch {
  readonly #clock: Clock;
  readonly #send: (hashes: readonly Uint8Array[]) => void;
  #waiting: Uint8Array[] = [];
  #sentLocalMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, send: (hashes: readonly Uint8Array[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  add(sha256: Uint8Array): void {
    this.#waiting.push(sha256);
    const pauseMs = this.#sentLocalMs + SOON_MS - this.#clock.nowMs();
    if (pauseMs <= 0) this.flush();
    else this.#cancel ??= this.#clock.after(pauseMs, () => this.flush());
  }

  flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    const hashes = this.#waiting;
    this.#waiting = [];
    this.#sentLocalMs = this.#clock.nowMs();
    if (hashes.length > 0) this.#send(hashes);
  }
}
