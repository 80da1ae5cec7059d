// The queue as this device knows it, and how the director's gets to everybody (Q21–Q24 in docs/spec/queue.md). The director's word
// counts: who has an earlier queue asks for it, who has a later one hands it over, and whose later one the director does not take
// gives it up. Pure; local ms.

import type { DirectorRecord } from "../../director/index.ts";
import {
  compareStamps,
  EMPTY_QUEUE,
  isTakenOver,
  type Queue,
  type QueueEntry,
  type QueueStamp,
  stamped,
} from "../../director/index.ts";
import type { UserId } from "../../lib/index.ts";
import {
  MAX_QUEUE_DONE,
  MAX_QUEUE_HANDOVERS,
  QUEUE_ASK_PERIOD_MS,
  QUEUE_PERIOD_MS,
  QUEUE_SETTLE_MS,
} from "../../protocol/constants/director.gen.ts";
import type { QueueMessage } from "./queue-message.ts";

/** After a change of director a whole room may have the later queue: they hand it over one after the other, by their ids. */
const HANDOVER_MS_PER_ID = 2;
/** A crowd that comes back at once is answered over some moments. */
const ANSWERS_PER_TURN = 4;

/** Who directs, as far as this device knows; a director that hears no server tells nobody. */
export interface Office {
  readonly me: UserId;
  readonly isAlone: boolean;
  readonly directorId: UserId | null;
  readonly isDirecting: boolean;
}

export interface Outgoing {
  readonly to: UserId | null;
  readonly message: QueueMessage;
}

export class QueueRegister {
  #queue = EMPTY_QUEUE;
  /** Of the director's queue by its last heartbeat; null: it has none, or none was heard of it. */
  #directorStamp: QueueStamp | null = null;
  #heardOf: UserId | null = null;
  /** Written, and not told yet. */
  #isNew = false;
  #toldLocalMs = Number.NEGATIVE_INFINITY;
  #askedLocalMs = Number.NEGATIVE_INFINITY;
  readonly #asking = new Set<UserId>();
  #displaced: readonly QueueEntry[] = [];
  #isLaterSinceLocalMs: number | null = null;
  /** Since when this device directs. */
  #officeSinceLocalMs: number | null = null;
  #handovers = 0;

  get queue(): Queue {
    return this.#queue;
  }

  /**
   * Q36: a new director writes nothing for a moment where it knows that others have a later queue: that is being handed to it, and
   * would be lost.
   */
  isSettled({ me, directorId, isAlone }: Office, localMs: number): boolean {
    const isUnheard = this.#queue.stamp === null && this.#heardOf === null;
    if (isAlone || (!isUnheard && compareStamps(this.#directorStamp, this.#queue.stamp) <= 0)) return true;
    const sinceLocalMs = directorId === me ? (this.#officeSinceLocalMs ?? localMs) : localMs;
    return localMs - sinceLocalMs >= QUEUE_SETTLE_MS;
  }

  /** The director of `record`, this device, changes it. The same queue again changes nothing. */
  write(queue: Queue, record: DirectorRecord): void {
    if (queue === this.#queue) return;
    this.#queue = stamped(queue, record);
    this.#isNew = true;
  }

  /** Q37: what stood in a queue that gave way to one which never knew of it; once. */
  takeDisplaced(): readonly QueueEntry[] {
    const displaced = this.#displaced;
    this.#displaced = [];
    return displaced;
  }

  /** The director in office has this queue. */
  heardStamp(from: UserId, stamp: QueueStamp | null): void {
    if (from !== this.#heardOf) this.#settle();
    this.#heardOf = from;
    this.#directorStamp = stamp;
  }

  /** Somebody asks this device, which directs. */
  asked(by: UserId): void {
    this.#asking.add(by);
  }

  /** Somebody's queue arrived; `record` is the latest director's. */
  receive(from: UserId, queue: Queue, { me, directorId }: Office, record: DirectorRecord | null): void {
    if (!queue.stamp || !record) return;
    if (directorId === me) {
      if (!isTakenOver(this.#queue.stamp, queue.stamp, record)) return;
      this.#give(queue);
      this.#isNew = true;
    } else if (from === directorId) {
      const isLater = compareStamps(queue.stamp, this.#queue.stamp) > 0;
      if (isLater || this.#handovers >= MAX_QUEUE_HANDOVERS) this.#give(queue);
    }
  }

  /** What is to be said now. */
  turn({ me, directorId, isDirecting }: Office, localMs: number): readonly Outgoing[] {
    this.#officeSinceLocalMs = directorId === me ? (this.#officeSinceLocalMs ?? localMs) : null;
    if (directorId === me) this.#settle();
    if (isDirecting) return this.#answers(localMs);
    this.#asking.clear();
    if (directorId === null || directorId === me || directorId !== this.#heardOf) return [];
    const order = compareStamps(this.#directorStamp, this.#queue.stamp);
    if (order === 0) {
      this.#settle();
      return [];
    }
    if (localMs - this.#askedLocalMs < QUEUE_ASK_PERIOD_MS) return [];
    if (order > 0 || this.#handovers >= MAX_QUEUE_HANDOVERS) {
      if (this.#directorStamp === null) {
        this.#give(EMPTY_QUEUE); // the director has none, and takes none
        return [];
      }
      this.#askedLocalMs = localMs;
      return [{ to: directorId, message: { kind: "queue-ask" } }];
    }
    this.#isLaterSinceLocalMs ??= localMs;
    if (localMs - this.#isLaterSinceLocalMs < HANDOVER_MS_PER_ID * Number.parseInt(me.slice(0, 2), 16))
      return [];
    this.#askedLocalMs = localMs;
    this.#handovers += 1;
    return [{ to: directorId, message: { kind: "queue", queue: this.#queue } }];
  }

  #answers(localMs: number): readonly Outgoing[] {
    const message = { kind: "queue", queue: this.#queue } as const;
    if (this.#isNew && localMs - this.#toldLocalMs >= QUEUE_PERIOD_MS) {
      this.#isNew = false;
      this.#toldLocalMs = localMs;
      this.#asking.clear();
      return [{ to: null, message }];
    }
    const answered = this.#queue.stamp ? [...this.#asking].slice(0, ANSWERS_PER_TURN) : [];
    for (const userId of answered) this.#asking.delete(userId);
    return answered.map((to) => ({ to, message }));
  }

  /** Another's queue in place of one's own. */
  #give(queue: Queue): void {
    this.#displaced = [...this.#displaced, ...unknownTo(queue, this.#queue.entries)];
    this.#queue = queue;
    this.#isNew = false;
  }

  #settle(): void {
    this.#isLaterSinceLocalMs = null;
    this.#handovers = 0;
  }
}

/**
 * Which of these entries nobody ever added to that queue. Told only of one so young that it still remembers every request. Each entry is
 * looked at by itself: a request that is asked of everybody may have been carried out in two queues that know nothing else of each other.
 */
function unknownTo({ entries, played, done }: Queue, others: readonly QueueEntry[]): readonly QueueEntry[] {
  if (done.length >= MAX_QUEUE_DONE) return [];
  const known = new Set([...done, ...[...entries, ...played].map(({ entryId }) => entryId)]);
  return others.filter(({ entryId }) => !known.has(entryId));
}
