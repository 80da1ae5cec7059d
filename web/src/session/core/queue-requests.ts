// What this device has asked of the queue, until it is done and for a minute longer: another director's queue may not know of it, and
// then it is asked again (Q25, Q26 in docs/spec/queue.md). Pure; local ms.

import { isDone, type Queue, type QueueRequest } from "../../director/index.ts";
import type { EntryId } from "../../lib/index.ts";
import {
  MAX_OWN_REQUESTS,
  MAX_QUEUE_DONE,
  REQUEST_KEPT_MS,
  REQUEST_PERIOD_MS,
} from "../../protocol/constants/director.gen.ts";

/** A tap is answered at once; what is repeated must not use up what the others admit of one member. */
const REPEATS_PER_TURN = 1;
const NEW_PER_TURN = 4;

interface Kept {
  readonly request: QueueRequest;
  sentLocalMs: number | null;
  /** When the queue first showed it, and what was done before it. */
  done: { readonly localMs: number; readonly before: readonly EntryId[] } | null;
}

export class QueueRequests {
  #kept: Kept[] = [];
  /** The queue that was looked at last, with all that is kept. */
  #seen: Queue | null = null;

  /** False: too many are not done yet. What is kept already is asked anew as it was. */
  add(request: QueueRequest): boolean {
    const known = this.#kept.find((kept) => kept.request.requestId === request.requestId);
    if (known) {
      known.done = null;
      known.sentLocalMs = null;
      return true;
    }
    if (this.#kept.length >= MAX_OWN_REQUESTS) {
      const oldestDone = this.#kept.find(({ done }) => done !== null);
      if (!oldestDone) return false;
      this.#kept = this.#kept.filter((kept) => kept !== oldestDone);
    }
    this.#kept.push({ request, sentLocalMs: null, done: null });
    this.#seen = null;
    return true;
  }

  /** What was done while no server was heard may be news to everybody else. */
  reattached(localMs: number): void {
    for (const kept of this.#kept) if (kept.done) kept.done = { ...kept.done, localMs };
  }

  /** Those that the queue shows for the first time; `isHeard`: a server is. */
  look(queue: Queue, localMs: number, isHeard = true): readonly QueueRequest[] {
    if (queue === this.#seen) return [];
    this.#seen = queue;
    const isKept = ({ done }: Kept) => !done || !isHeard || localMs - done.localMs < REQUEST_KEPT_MS;
    this.#kept = this.#kept.filter(isKept);
    const shown: QueueRequest[] = [];
    for (const kept of this.#kept) {
      const { requestId } = kept.request;
      if (isDone(queue, requestId)) {
        if (kept.done) continue;
        const at = queue.done.indexOf(requestId);
        kept.done = { localMs, before: queue.done.slice(0, Math.max(0, at)) };
        shown.push(kept.request);
      } else if (kept.done && isUnknown(queue, kept.done.before)) {
        kept.done = null;
        kept.sentLocalMs = null;
      }
    }
    return shown;
  }

  /** What is to be asked now; it counts as asked then. */
  due(localMs: number): readonly QueueRequest[] {
    const open = this.#kept.filter(({ done }) => done === null);
    const fresh = open.filter(({ sentLocalMs }) => sentLocalMs === null);
    const late = open.filter(
      ({ sentLocalMs }) => sentLocalMs !== null && localMs - sentLocalMs >= REQUEST_PERIOD_MS,
    );
    late.sort((a, b) => (a.sentLocalMs ?? 0) - (b.sentLocalMs ?? 0));
    const due = fresh.length > 0 ? fresh.slice(0, NEW_PER_TURN) : late.slice(0, REPEATS_PER_TURN);
    for (const kept of due) kept.sentLocalMs = localMs;
    return due.map(({ request }) => request);
  }
}

/** Whether a queue that does not show a request never knew it, and has not only forgotten it for later ones. */
function isUnknown({ done }: Queue, before: readonly EntryId[]): boolean {
  return done.length < MAX_QUEUE_DONE || before.some((id) => done.includes(id));
}
