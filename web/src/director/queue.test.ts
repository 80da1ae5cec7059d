import { describe, expect, it } from "vitest";
import type { EntryId, FileId, UserId } from "../lib/index.ts";
import { MAX_QUEUE_DONE, MAX_QUEUE_ENTRIES } from "../protocol/constants/director.gen.ts";
import {
  type Asking,
  applyRequest,
  compareStamps,
  EMPTY_QUEUE,
  isTakenOver,
  type Queue,
  type QueueOp,
  stamped,
  takeOut,
} from "./queue.ts";

const person = (letter: string) => letter.repeat(32) as UserId;
const [ada, bo, cy] = [person("a"), person("b"), person("c")];
const entry = (number: number) => number.toString(16).padStart(16, "0") as EntryId;
const SONG = "f".repeat(64) as FileId;
const add = (place: "end" | "next" = "end"): QueueOp => ({
  type: "add",
  fileId: SONG,
  durationUs: 2e8,
  place,
});

/** Ada directs, and nothing plays. */
const by = (userId: UserId, currentId: EntryId | null = null): Asking => ({
  by: userId,
  isDirector: userId === ada,
  currentId,
});

let requests = 1000;
const ask = (queue: Queue, op: QueueOp, asking: Asking, requestId = entry(requests++)) =>
  applyRequest(queue, { requestId, op }, asking);

/** Entries 1, 2, 3… by these persons. */
const queueOf = (...adders: readonly UserId[]): Queue =>
  adders.reduce((queue, userId, at) => ask(queue, add(), by(userId), entry(at + 1)).queue, EMPTY_QUEUE);

const orderOf = (queue: Queue) => queue.entries.map(({ entryId }) => Number.parseInt(entryId, 16));

describe("the queue", () => {
  it("[Q1] is later by term, then by lower user id, then by revision", () => {
    const stamps = [
      null,
      { term: 1, userId: bo, rev: 9 },
      { term: 2, userId: bo, rev: 0xffffffff },
      { term: 2, userId: bo, rev: 0 },
      { term: 2, userId: ada, rev: 0 },
    ];
    for (const [at, later] of stamps.entries()) {
      expect(compareStamps(later, later)).toBe(0);
      for (const earlier of stamps.slice(0, at)) {
        expect(compareStamps(later, earlier)).toBeGreaterThan(0);
        expect(compareStamps(earlier, later)).toBeLessThan(0);
      }
    }
  });

  it("[Q2] [Q3] a director takes over what it can go on from, and what it writes is later", () => {
    const record = { term: 5, userId: bo, resigned: false };
    const own = { term: 4, userId: ada, rev: 3 };
    const handed = (term: number, userId: UserId, rev = 9) => isTakenOver(own, { term, userId, rev }, record);
    expect([handed(4, ada), handed(5, cy), handed(4, ada, 2)]).toEqual([true, true, false]);
    expect([handed(5, ada), handed(5, bo), handed(6, cy)]).toEqual([false, false, false]);
    for (const stamp of [{ term: 4, userId: ada, rev: 9 }, { term: 5, userId: cy, rev: 0xffffffff }, null]) {
      const written = stamped({ ...EMPTY_QUEUE, stamp }, record);
      expect(compareStamps(written.stamp, stamp)).toBeGreaterThan(0);
      expect(compareStamps(stamped(written, record).stamp, written.stamp)).toBeGreaterThan(0);
    }
  });

  it("[Q4] carries a request out once, and remembers also what it refused", () => {
    const first = ask(EMPTY_QUEUE, add(), by(bo), entry(1)).queue;
    expect(ask(first, add(), by(bo), entry(1))).toEqual({ queue: first, refusal: null });
    const refused = ask(first, { type: "clear" }, by(bo), entry(2));
    expect(refused).toMatchObject({ refusal: "not-yours", queue: { entries: first.entries } });
    expect(ask(refused.queue, { type: "clear" }, by(ada), entry(2)).queue).toBe(refused.queue);
    // An entry is not added again when its request has long been forgotten.
    let queue = takeOut(first, 1, "off");
    for (let at = 0; at < MAX_QUEUE_DONE; at++) queue = ask(queue, { type: "clear" }, by(ada)).queue;
    expect(queue.done).not.toContain(entry(1));
    expect(ask(queue, add(), by(bo), entry(1)).queue).toBe(queue);
  });

  it("[Q5] puts an entry to the end, or behind what plays", () => {
    const queue = queueOf(ada, bo, cy);
    expect(orderOf(ask(queue, add(), by(bo), entry(9)).queue)).toEqual([1, 2, 3, 9]);
    expect(orderOf(ask(queue, add("next"), by(bo, entry(1)), entry(9)).queue)).toEqual([1, 9, 2, 3]);
    expect(orderOf(ask(queue, add("next"), by(bo), entry(9)).queue)).toEqual([9, 1, 2, 3]);
  });

  it("[Q6] lets guests move and remove their own, and the director all", () => {
    const queue = queueOf(bo, cy, bo);
    const remove = (id: number): QueueOp => ({ type: "remove", entryId: entry(id) });
    const move = (id: number, before: number | null): QueueOp => ({
      type: "move",
      entryId: entry(id),
      beforeId: before === null ? null : entry(before),
    });
    expect(orderOf(ask(queue, remove(1), by(bo)).queue)).toEqual([2, 3]);
    expect(ask(queue, remove(2), by(bo)).refusal).toBe("not-yours");
    expect(orderOf(ask(queue, remove(2), by(ada)).queue)).toEqual([1, 3]);
    expect(orderOf(ask(queue, move(3, 1), by(bo)).queue)).toEqual([3, 1, 2]);
    expect(orderOf(ask(queue, move(1, null), by(bo)).queue)).toEqual([2, 3, 1]);
    expect(orderOf(ask(queue, move(1, 1), by(bo)).queue)).toEqual([1, 2, 3]);
    expect(ask(queue, move(2, 1), by(bo)).refusal).toBe("not-yours");
    expect(ask(queue, move(1, 7), by(bo)).refusal).toBe("not-there");
    for (const op of [{ type: "clear" }, { type: "lock", isLocked: true }] as const)
      expect(ask(queue, op, by(bo)).refusal).toBe("not-yours");
    expect(orderOf(ask(queue, { type: "clear" }, by(ada, entry(1))).queue)).toEqual([1]);
  });

  it("[Q7] locked, lets guests only remove their own", () => {
    const queue = ask(queueOf(bo, cy), { type: "lock", isLocked: true }, by(ada)).queue;
    const refusals = [
      add(),
      { type: "move", entryId: entry(1), beforeId: null },
      { type: "boost", entryId: entry(2), isOn: true },
    ] as const;
    for (const op of refusals) expect(ask(queue, op, by(bo)).refusal).toBe("locked");
    expect(orderOf(ask(queue, { type: "remove", entryId: entry(1) }, by(bo)).queue)).toEqual([2]);
    expect(ask(queue, add(), by(ada)).refusal).toBeNull();
  });

  it("[Q8] is full with 200, for a guest with 50 that are to come, and names no more than 96 persons", () => {
    const fifty = queueOf(...Array.from({ length: 50 }, () => bo));
    expect(ask(fifty, add(), by(bo)).refusal).toBe("too-many-of-one");
    expect(ask(fifty, add(), by(bo, entry(1))).refusal).toBeNull(); // one plays
    expect(ask(fifty, add(), by(cy)).refusal).toBeNull();
    const whole = queueOf(...Array.from({ length: MAX_QUEUE_ENTRIES }, () => ada));
    expect(ask(whole, add(), by(ada)).refusal).toBe("full");
    const people = Array.from({ length: 96 }, (_, at) => at.toString(16).padStart(32, "0") as UserId);
    const many = queueOf(...people);
    expect(ask(many, add(), by(bo)).refusal).toBe("full");
    expect(ask(many, { type: "boost", entryId: entry(3), isOn: true }, by(bo)).refusal).toBe("full");
    expect(
      ask(many, { type: "boost", entryId: entry(3), isOn: true }, by(people[7] ?? bo)).refusal,
    ).toBeNull();
  });

  it("[Q9] counts one voice per person, and orders by voices", () => {
    const boost = (queue: Queue, id: number, userId: UserId, isOn = true) =>
      ask(queue, { type: "boost", entryId: entry(id), isOn }, by(userId, entry(1))).queue;
    let queue = queueOf(ada, ada, ada, ada, ada);
    queue = boost(boost(queue, 4, cy), 4, cy);
    expect(queue.entries[1]).toMatchObject({ entryId: entry(4), boosts: [cy] });
    queue = boost(boost(queue, 5, cy), 5, bo);
    expect(orderOf(queue)).toEqual([1, 5, 4, 2, 3]);
    expect(queue.entries[1]?.boosts).toEqual([bo, cy]);
    queue = boost(boost(queue, 5, bo, false), 5, cy, false);
    expect(orderOf(queue)).toEqual([1, 4, 5, 2, 3]);
    expect(boost(queue, 5, cy, false).entries).toEqual(queue.entries);
  });

  it("[Q10] what is over has played, or comes again", () => {
    const queue = ask(queueOf(ada, bo, cy), { type: "boost", entryId: entry(1), isOn: true }, by(bo)).queue;
    const off = takeOut(queue, 2, "off");
    expect([orderOf(off), orderOf({ ...off, entries: off.played })]).toEqual([[3], [1, 2]]);
    expect(off.played[0]?.boosts).toEqual([]);
    expect(orderOf(takeOut(queue, 2, "all"))).toEqual([3, 1, 2]);
    const many = takeOut(queueOf(...Array.from({ length: 30 }, () => ada)), 25, "off");
    expect(orderOf({ ...many, entries: many.played })).toEqual(Array.from({ length: 20 }, (_, at) => at + 6));
  });

  it("[Q11] leaves alone what plays or is over", () => {
    const queue = queueOf(ada, ada, ada);
    for (const id of [1, 2]) {
      const entryId = entry(id);
      const ops = [
        { type: "remove", entryId },
        { type: "move", entryId, beforeId: null },
        { type: "move", entryId: entry(3), beforeId: entryId },
        { type: "boost", entryId, isOn: true },
      ] as const;
      for (const op of ops) expect(ask(queue, op, by(ada, entry(2))).refusal).toBe("not-there");
    }
  });
});
