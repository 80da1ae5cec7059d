// The plane's reports on their way out, many in one message: each message wakes the main thread, which has a screen to draw and
// sound to time. What the core can act upon leaves soon, the mere growing of a piece when there is time. Local ms.

import type { Clock } from "../../lib/index.ts";
import type { BulkReport } from "./messages.ts";

/** Between two messages to another thread at least, when something waits for an answer, and otherwise. In one's own the former is 0. */
export const SOON_MS = 8;
const LATER_MS = 40;

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

  /** Chunks of one piece are told as one. */
  addChunks(arrived: Omit<Chunks, "type">): void {
    const key = `${arrived.link}/${arrived.fileId}/${arrived.piece}`;
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
      this.add(this.#pace, isUrgent);
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
