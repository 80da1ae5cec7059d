// What is to play after what: a list that only the director writes, and that everybody may ask it to change (rules Q1–Q12 in
// docs/spec/queue.md). A max-register like the director's record, so that no order of messages can split the swarm. Pure.

import type { EntryId, FileId, UserId } from "../lib/index.ts";
import {
  MAX_PLAN_US,
  MAX_QUEUE_DONE,
  MAX_QUEUE_ENTRIES,
  MAX_QUEUE_ENTRIES_OF_ONE,
  MAX_QUEUE_PERSONS,
  MAX_QUEUE_PLAYED,
  MIN_DURATION_US,
  type QueuePlace,
  type Repeat,
  type SkipReason,
} from "../protocol/constants/director.gen.ts";
import type { DirectorRecord } from "./register.ts";
import { compareSerials, nextSerial } from "./serial.ts";

export type { SkipReason };

export interface QueueEntry {
  readonly entryId: EntryId;
  readonly fileId: FileId;
  readonly addedBy: UserId;
  /** Exact, of the sound from its first to its last sample; null until somebody who has its index told. */
  readonly durationUs: number | null;
  /** Passed over, by the director's word. */
  readonly skipped: SkipReason | null;
  /** Who has given it a voice, each once, in the order of their ids. */
  readonly boosts: readonly UserId[];
}

/** Orders queues: later term first, then lower user id, then later revision. */
export interface QueueStamp {
  readonly term: number;
  readonly userId: UserId;
  readonly rev: number;
}

export interface Queue {
  /** Null: nobody has written one. */
  readonly stamp: QueueStamp | null;
  readonly isLocked: boolean;
  /** In the order in which they play. Those before the current one are over. */
  readonly entries: readonly QueueEntry[];
  /** What is over, the latest last. */
  readonly played: readonly QueueEntry[];
  /** The latest requests that were carried out or refused, the latest last. */
  readonly done: readonly EntryId[];
}

export type QueueOp =
  /** The new entry's id is the request's. */
  | {
      readonly type: "add";
      readonly fileId: FileId;
      readonly durationUs: number | null;
      readonly place: QueuePlace;
    }
  | { readonly type: "remove"; readonly entryId: EntryId }
  /** Before another entry; null: to the end. */
  | { readonly type: "move"; readonly entryId: EntryId; readonly beforeId: EntryId | null }
  | { readonly type: "boost"; readonly entryId: EntryId; readonly isOn: boolean }
  | { readonly type: "clear" }
  | { readonly type: "lock"; readonly isLocked: boolean };

export interface QueueRequest {
  readonly requestId: EntryId;
  readonly op: QueueOp;
}

/** Why a request is not carried out. */
export type QueueRefusal = "locked" | "full" | "too-many-of-one" | "not-yours" | "not-there";

/** Who asks, and what plays or keeps its place meanwhile: that entry and those before it are not to come. */
export interface Asking {
  readonly by: UserId;
  readonly isDirector: boolean;
  readonly currentId: EntryId | null;
}

export const EMPTY_QUEUE: Queue = { stamp: null, isLocked: false, entries: [], played: [], done: [] };

/** Q1. Positive when `a` is later; no queue at all is the earliest. */
export function compareStamps(a: QueueStamp | null, b: QueueStamp | null): number {
  if (!a || !b) return Number(a !== null) - Number(b !== null);
  if (a.term !== b.term) return compareSerials(a.term, b.term);
  if (a.userId !== b.userId) return a.userId < b.userId ? 1 : -1;
  return compareSerials(a.rev, b.rev);
}

/** Q2: as its director writes it, later than it was. */
export const stamped = (queue: Queue, { term, userId }: DirectorRecord): Queue => ({
  ...queue,
  stamp: { term, userId, rev: nextSerial(queue.stamp?.rev ?? 0) },
});

/**
 * Q3: whether the director of `record` goes on from a queue that somebody hands to it. What it writes next must be later still, so
 * nothing of a later term counts, and of its own term nothing that it would have written itself, or that is later than all of that.
 */
export function isTakenOver(own: QueueStamp | null, handed: QueueStamp, record: DirectorRecord): boolean {
  if (compareStamps(handed, own) <= 0) return false;
  if (handed.term === record.term) return handed.userId > record.userId;
  return compareSerials(handed.term, record.term) < 0;
}

/**
 * Q4–Q9: carries a request out, and remembers its id; the same id again changes nothing. The stamp stays: the director writes it anew
 * where the queue is another.
 */
export function applyRequest(
  queue: Queue,
  { requestId, op }: QueueRequest,
  asking: Asking,
): { readonly queue: Queue; readonly refusal: QueueRefusal | null } {
  if (isDone(queue, requestId)) return { queue, refusal: null };
  const change = changeBy(queue, requestId, op, asking);
  const done = [...queue.done, requestId].slice(-MAX_QUEUE_DONE);
  if (typeof change === "string") return { queue: { ...queue, done }, refusal: change };
  return { queue: { ...queue, ...change, done }, refusal: null };
}

/** Whether the queue shows that a request was carried out or refused. */
export function isDone({ entries, played, done }: Queue, requestId: EntryId): boolean {
  return done.includes(requestId) || [...entries, ...played].some(({ entryId }) => entryId === requestId);
}

function changeBy(
  queue: Queue,
  requestId: EntryId,
  op: QueueOp,
  { by, isDirector, currentId }: Asking,
): Partial<Queue> | QueueRefusal {
  const { entries, isLocked } = queue;
  if (!isDirector && (op.type === "clear" || op.type === "lock")) return "not-yours"; // Q6
  if (!isDirector && isLocked && op.type !== "remove") return "locked"; // Q7
  if (op.type === "lock") return { isLocked: op.isLocked };
  const firstToCome = 1 + entries.findIndex(({ entryId }) => entryId === currentId);
  const over = entries.slice(0, firstToCome);
  const toCome = entries.slice(firstToCome);
  if (op.type === "clear") return { entries: over };
  if (op.type === "add") {
    if (entries.length >= MAX_QUEUE_ENTRIES || !canName(queue, by)) return "full"; // Q8
    const own = toCome.filter(({ addedBy }) => addedBy === by);
    if (!isDirector && own.length >= MAX_QUEUE_ENTRIES_OF_ONE) return "too-many-of-one";
    const { fileId } = op;
    const durationUs = knownDurationUs(op.durationUs);
    const entry = { entryId: requestId, fileId, addedBy: by, durationUs, skipped: null, boosts: [] };
    return { entries: [...over, ...(op.place === "next" ? [entry, ...toCome] : [...toCome, entry])] };
  }
  const at = toCome.findIndex(({ entryId }) => entryId === op.entryId);
  const entry = toCome[at];
  if (!entry) return "not-there"; // also what plays, or is over
  if (op.type === "boost") {
    if (op.isOn && !canName(queue, by)) return "full";
    return { entries: [...over, ...boosted(toCome, at, by, op.isOn)] };
  }
  if (!isDirector && entry.addedBy !== by) return "not-yours"; // Q6
  const rest = toCome.filter((other) => other !== entry);
  if (op.type === "remove") return { entries: [...over, ...rest] };
  if (op.beforeId === op.entryId) return {};
  const to = op.beforeId === null ? rest.length : rest.findIndex(({ entryId }) => entryId === op.beforeId);
  if (to < 0) return "not-there";
  return { entries: [...over, ...rest.slice(0, to), entry, ...rest.slice(to)] };
}

/** Q9: one voice per person and entry. It goes before those with fewer; where one is taken back, behind those with more. */
function boosted(toCome: readonly QueueEntry[], at: number, by: UserId, isOn: boolean): QueueEntry[] {
  const changed = toCome.map((entry, index) => {
    if (index !== at) return entry;
    const others = entry.boosts.filter((userId) => userId !== by);
    return { ...entry, boosts: isOn ? [...others, by].sort() : others };
  });
  const [entry] = changed.splice(at, 1);
  if (!entry || entry.boosts.length === toCome[at]?.boosts.length) return [...toCome];
  const isFewer = ({ boosts }: QueueEntry) => boosts.length < entry.boosts.length;
  const isMore = ({ boosts }: QueueEntry) => boosts.length > entry.boosts.length;
  const firstFewer = changed.findIndex(isFewer);
  const to = isOn
    ? Math.min(at, firstFewer < 0 ? at : firstFewer)
    : Math.max(at, 1 + changed.findLastIndex(isMore));
  changed.splice(to, 0, entry);
  return changed;
}

/** So that the queue stays within one message, it names no more than so many persons. */
function canName({ entries, played }: Queue, by: UserId): boolean {
  const named = new Set([...entries, ...played].flatMap(({ addedBy, boosts }) => [addedBy, ...boosts]));
  return named.has(by) || named.size < MAX_QUEUE_PERSONS;
}

/** As a queue may hold it; null where it is none. */
export function knownDurationUs(durationUs: number | null): number | null {
  return durationUs !== null && durationUs >= MIN_DURATION_US && durationUs <= MAX_PLAN_US
    ? durationUs
    : null;
}

/**
 * Q10: takes the first `count` entries out, which are over. With repeat all they go to the end, else among those played. Their
 * voices are used up.
 */
export function takeOut(queue: Queue, count: number, repeat: Repeat): Queue {
  const over = queue.entries.slice(0, count).map((entry) => ({ ...entry, boosts: [] }));
  const toCome = queue.entries.slice(count);
  if (repeat === "all") return { ...queue, entries: [...toCome, ...over] };
  return { ...queue, entries: toCome, played: [...queue.played, ...over].slice(-MAX_QUEUE_PLAYED) };
}
