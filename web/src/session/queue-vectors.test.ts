// The test vectors of the queue and its programme, in vectors/: the headless peer (src/unisono/peer) must arrive at the same.
// UNISONO_WRITE_VECTORS=1 writes them anew; tests/peer checks its part. Infinity is null there.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MAX_CONTENT_BYTES } from "../control/envelope.ts";
import {
  applyRequest,
  currentAt,
  EMPTY_PLAN,
  EMPTY_QUEUE,
  type Plan,
  programme,
  programmeEndUs,
  type Queue,
  type QueueOp,
  stamped,
  takeOut,
} from "../director/index.ts";
import { type EntryId, type FileId, pickOne, randomBelow, toHex, type UserId } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { MAX_QUEUE_ENTRIES, MAX_QUEUE_PERSONS } from "../protocol/constants/director.gen.ts";
import { MAX_CLOCK_NAME_CHARS } from "../protocol/constants/session.gen.ts";
import { decodePeerMessage, encodePeerMessage } from "./core/peer-message.ts";

const FOLDER = join(import.meta.dirname, "../../../vectors");

/** Compares with the stored vector; with UNISONO_WRITE_VECTORS, stores it, each step on a line of its own. */
function check(name: string, actual: Readonly<Record<string, unknown>>): void {
  const path = join(FOLDER, name);
  const text = Object.entries(actual).map(([key, value]) => {
    const lines = Array.isArray(value) ? value.map((each) => `\n    ${JSON.stringify(each)}`) : null;
    return `  ${JSON.stringify(key)}: ${lines ? `[${lines.join(",")}\n  ]` : JSON.stringify(value)}`;
  });
  if (process.env.UNISONO_WRITE_VECTORS) writeFileSync(path, `{\n${text.join(",\n")}\n}\n`);
  expect(JSON.parse(JSON.stringify(actual))).toEqual(JSON.parse(readFileSync(path, "utf8")));
}

const entryIdOf = (random: SeededRandom): EntryId => toHex(random.bytes(8)) as EntryId;
const userIdOf = (random: SeededRandom): UserId => toHex(random.bytes(16)) as UserId;
const fileIdOf = (random: SeededRandom): FileId => toHex(random.bytes(32)) as FileId;
// Each test draws from a generator of its own, or a vector would depend on which tests have run before it.
const room = new SeededRandom(20);
const PEOPLE = Array.from({ length: 5 }, () => userIdOf(room));
const FILES = Array.from({ length: 4 }, () => fileIdOf(room));
const RECORD = { term: 7, userId: PEOPLE[0] as UserId, resigned: false };
const bytesOf = (queue: Queue): string => toHex(encodePeerMessage({ kind: "queue", queue }));

function anyOp(random: SeededRandom, { entries, played }: Queue): QueueOp {
  const ids = entries.map((entry) => entry.entryId);
  const one = pickOne(random, [
    ...ids,
    ...ids,
    ...played.slice(-1).map((entry) => entry.entryId),
    entryIdOf(random),
  ]);
  const other = pickOne(random, [...ids, null]);
  const isOn = random.fraction() < 0.7;
  const fileId = pickOne(random, FILES);
  const durationUs = pickOne(random, [null, 1e6 + 3e8 * random.fraction(), 999, 1000]);
  return pickOne<QueueOp>(random, [
    { type: "add", fileId, durationUs, place: isOn ? "end" : "next" },
    { type: "add", fileId, durationUs, place: isOn ? "end" : "next" },
    { type: "remove", entryId: one },
    { type: "move", entryId: one, beforeId: other },
    { type: "boost", entryId: one, isOn },
    { type: "boost", entryId: one, isOn },
    random.fraction() < 0.2 ? { type: "clear" } : { type: "lock", isLocked: random.fraction() < 0.3 },
  ]);
}

/** As many entries of as many persons as a queue can hold, each with as many voices. */
function fullQueue(random: SeededRandom): Queue {
  const people = Array.from({ length: MAX_QUEUE_PERSONS }, () => userIdOf(random)).sort();
  const entry = (at: number) => ({
    entryId: entryIdOf(random),
    fileId: fileIdOf(random),
    addedBy: people[at % people.length] as UserId,
    durationUs: at % 7 === 0 ? null : 1e8 + at / 3,
    skipped: at % 11 === 0 ? ("nobody-has" as const) : at % 13 === 0 ? ("nobody-can-play" as const) : null,
    boosts: at < MAX_QUEUE_ENTRIES ? people.filter((_, person) => (person + at) % 3 === 0) : [],
  });
  const entries = Array.from({ length: MAX_QUEUE_ENTRIES }, (_, at) => entry(at));
  const played = Array.from({ length: 20 }, (_, at) => entry(MAX_QUEUE_ENTRIES + at));
  const done = Array.from({ length: 128 }, () => entryIdOf(random));
  return {
    stamp: { term: 0xffffffff, userId: RECORD.userId, rev: 5 },
    isLocked: true,
    entries,
    played,
    done,
  };
}

describe("the vectors of the queue that a headless peer is held to", () => {
  it("[V1] hold for what becomes of requests, and of what is over", () => {
    const random = new SeededRandom(21);
    let queue = stamped(EMPTY_QUEUE, RECORD);
    let lastId = entryIdOf(random);
    const steps = Array.from({ length: 120 }, () => {
      const isOver = random.fraction() < 0.06;
      if (isOver) {
        const takeOutOf = [
          randomBelow(random, queue.entries.length + 1),
          pickOne(random, ["off", "all", "one"] as const),
        ] as const;
        queue = takeOut(queue, ...takeOutOf);
        return { takeOut: takeOutOf, order: orderOf(queue) };
      }
      lastId = random.fraction() < 0.1 ? lastId : entryIdOf(random); // now and then one that is repeated
      const request = { requestId: lastId, op: anyOp(random, queue) };
      const by = pickOne(random, PEOPLE);
      const currentId = pickOne(random, [
        null,
        queue.entries[0]?.entryId ?? null,
        queue.entries[2]?.entryId ?? null,
      ]);
      const asking = { by, isDirector: by === RECORD.userId, currentId };
      const answer = applyRequest(queue, request, asking);
      queue = answer.queue;
      return { request, asking, refusal: answer.refusal, order: orderOf(queue) };
    });
    const full = fullQueue(random);
    const asking = {
      by: full.entries[3]?.addedBy as UserId,
      isDirector: true,
      currentId: full.entries[0]?.entryId ?? null,
    };
    const add = { type: "add", fileId: FILES[0] as FileId, durationUs: null, place: "end" } as const;
    const remove = { type: "remove", entryId: full.entries[1]?.entryId as EntryId } as const;
    const guest = { ...asking, isDirector: false };
    const cases = [
      { op: add, asking },
      { op: { type: "lock", isLocked: false }, asking: guest },
      { op: add, asking: guest },
      { op: remove, asking: guest },
      { op: { ...remove, entryId: full.entries[3]?.entryId as EntryId }, asking: guest },
      {
        op: { type: "boost", entryId: remove.entryId, isOn: true },
        asking: { ...asking, by: PEOPLE[1] as UserId },
      },
    ] as const;
    const limits = cases.map((each) => {
      const request = { requestId: entryIdOf(random), op: each.op };
      return { request, asking: each.asking, refusal: applyRequest(full, request, each.asking).refusal };
    });
    const requests = (["add", "remove", "move", "boost", "clear", "lock"] as const).flatMap((type) => {
      const found = steps.findLast((step) => "request" in step && step.request.op.type === type);
      const request = found && "request" in found ? found.request : null;
      return request
        ? [{ request, bytes: toHex(encodePeerMessage({ kind: "queue-request", request })) }]
        : [];
    });
    expect(requests).toHaveLength(6);
    for (const one of [queue, full])
      expect(decodePeerMessage(encodePeerMessage({ kind: "queue", queue: one }))).toEqual({
        kind: "queue",
        queue: one,
      });
    check("queue.json", {
      record: RECORD,
      steps,
      queue,
      bytes: bytesOf(queue),
      requests,
      limits,
      full: bytesOf(full),
    });
  });

  it("[Q12] a full queue of a full swarm fits one message, and a heartbeat beside it is small", () => {
    const random = new SeededRandom(22);
    const queue = fullQueue(random);
    expect(encodePeerMessage({ kind: "queue", queue }).length).toBeLessThanOrEqual(MAX_CONTENT_BYTES);
    const clockId = "c".repeat(MAX_CLOCK_NAME_CHARS);
    const plan: Plan = {
      ...EMPTY_PLAN,
      clockId,
      fileId: FILES[0] ?? null,
      entryId: entryIdOf(random),
      loopUs: [0, 1e6],
    };
    const heartbeat = { record: RECORD, plan };
    const { length } = encodePeerMessage({ kind: "heartbeat", heartbeat, queueStamp: queue.stamp });
    expect(length).toBeLessThanOrEqual(1024);
  });

  it("[V1] hold for the programme", () => {
    const random = new SeededRandom(23);
    const cases = Array.from({ length: 80 }, (_, at) => {
      const count = randomBelow(random, 6);
      const entry = () => ({
        entryId: entryIdOf(random),
        fileId: pickOne(random, FILES),
        addedBy: PEOPLE[0] as UserId,
        durationUs:
          random.fraction() < 0.1 ? null : pickOne(random, [1000, 2e7, 2e8 * random.fraction() + 1000]),
        skipped: random.fraction() < 0.15 ? ("nobody-has" as const) : null,
        boosts: [],
      });
      const entries = Array.from({ length: count }, entry);
      const played = Array.from({ length: randomBelow(random, 2) }, entry);
      const queue = stamped({ ...EMPTY_QUEUE, entries, played }, RECORD);
      const current = pickOne(random, [...entries, ...entries, ...played, entry()]);
      const fromUs = 1e8 * random.fraction();
      const plan: Plan = {
        ...EMPTY_PLAN,
        term: 7,
        rev: at,
        clockId: "north",
        fileId: current.fileId,
        entryId: random.fraction() < 0.05 ? null : current.entryId,
        state: random.fraction() < 0.05 ? "stopped" : "playing",
        globalStartUs: 1e12 * random.fraction(),
        positionUs: random.fraction() < 0.5 ? 0 : 1e8 * random.fraction(),
        repeat: pickOne(random, ["off", "off", "all", "one"] as const),
        loopUs: random.fraction() < 0.25 ? [fromUs, fromUs + 5e5 + 1e7 * random.fraction()] : null,
        tempo: pickOne(random, [100, 100, 50, 73, 150]),
        crossfadeMs: pickOne(random, [0, 0, 3_000, 12_000]),
      };
      const startUs = plan.globalStartUs + pickOne(random, [-5e6, 0, 1e7, 4e8, 3.6e9, 1e13]);
      const window = [startUs, startUs + pickOne(random, [9e7, 9e7, 5e8])] as const;
      const stretches = programme(plan, queue, ...window);
      const shown = stretches.slice(0, 6); // the first of many say enough, with their number
      return {
        plan,
        queue: bytesOf(queue),
        window,
        count: stretches.length,
        stretches: shown,
        current: currentAt(plan, queue, startUs),
        endUs: programmeEndUs(plan, queue),
      };
    });
    check("programme.json", { cases });
  });
});

function orderOf({ isLocked, entries, played, done }: Queue) {
  const ids = entries.map((entry) => `${entry.entryId}+${entry.boosts.length}`);
  return { isLocked, entries: ids, played: played.length, done: done.length };
}
