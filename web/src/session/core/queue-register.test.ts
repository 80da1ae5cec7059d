// Queues between devices, and requests between two directors: the cores alone, with a wire that a test cuts.

import { describe, expect, it } from "vitest";
import { applyRequest, type DirectorRecord, EMPTY_QUEUE, type Queue, stamped } from "../../director/index.ts";
import type { EntryId, FileId, UserId } from "../../lib/index.ts";
import { QueueRegister } from "./queue-register.ts";
import { QueueRequests } from "./queue-requests.ts";

const id = (letter: string) => letter.repeat(32) as UserId;
const [ada, bo, cy] = [id("0"), id("1"), id("2")];
const request = (number: number) => ({
  requestId: number.toString(16).padStart(16, "0") as EntryId,
  op: { type: "add", fileId: "f".repeat(64) as FileId, durationUs: null, place: "end" } as const,
});
const term = (number: number, userId: UserId): DirectorRecord => ({ term: number, userId, resigned: false });
const grown = (queue: Queue, number: number): Queue =>
  applyRequest(queue, request(number), { by: bo, isDirector: false, currentId: null }).queue;
const office = (me: UserId, directorId: UserId) => ({
  me,
  directorId,
  isDirecting: me === directorId,
  isAlone: false,
});

/** Ada directs term 1 and has written a queue of one entry. */
function adasQueue(): QueueRegister {
  const register = new QueueRegister();
  register.write(grown(EMPTY_QUEUE, 1), term(1, ada));
  return register;
}

describe("the queue of a room", () => {
  it("[Q23] is told to all after an edit, at most every 250 ms", () => {
    const register = adasQueue();
    const said = [];
    for (let localMs = 0; localMs < 1000; localMs += 10) {
      register.write(grown(register.queue, 2 + localMs), term(1, ada));
      said.push(...register.turn(office(ada, ada), localMs).map(({ to }) => [localMs, to]));
    }
    expect(said).toEqual([0, 250, 500, 750].map((localMs) => [localMs, null]));
  });

  it("[Q21] is asked for by who has an earlier one, and answered", () => {
    const [director, follower] = [adasQueue(), new QueueRegister()];
    director.turn(office(ada, ada), 0);
    follower.heardStamp(ada, director.queue.stamp);
    const asked = [0, 500, 999, 1000].map((localMs) => follower.turn(office(bo, ada), localMs));
    expect(asked.map((turn) => turn.length)).toEqual([1, 0, 0, 1]);
    expect(asked[0]).toEqual([{ to: ada, message: { kind: "queue-ask" } }]);
    director.asked(bo);
    const answers = director.turn(office(ada, ada), 10);
    expect(answers).toEqual([{ to: bo, message: { kind: "queue", queue: director.queue } }]);
    follower.receive(ada, director.queue, office(bo, ada), term(1, ada));
    expect(follower.queue).toEqual(director.queue);
    expect(follower.turn(office(bo, ada), 5000)).toEqual([]);
    // A queue of anybody else but the director is not believed.
    follower.receive(cy, stamped(EMPTY_QUEUE, term(1, ada)), office(bo, ada), term(1, ada));
    expect(follower.queue).toEqual(director.queue);
  });

  it("[Q22] [Q24] is handed over by who has a later one, one after the other, and taken over", () => {
    const [later, another, director] = [adasQueue(), adasQueue(), new QueueRegister()];
    for (const register of [later, another]) register.heardStamp(cy, null);
    const turns = [0, 2, 4].map((localMs) => [
      later.turn(office(ada, cy), localMs).length,
      another.turn(office(id("1"), cy), localMs).length,
    ]);
    expect(turns.map(([first]) => first)).toEqual([1, 0, 0]);
    expect(turns.map(([, second]) => second)).toEqual([0, 0, 0]); // 34 ms later
    director.receive(ada, later.queue, office(cy, cy), term(2, cy));
    expect(director.queue).toEqual(later.queue);
    expect(director.turn(office(cy, cy), 10)).toEqual([
      { to: null, message: { kind: "queue", queue: later.queue } },
    ]);
  });

  it("[Q36] is not written by a new director that knows of a later one, until that had time to arrive", () => {
    const newcomer = new QueueRegister();
    const settled = (localMs: number) => newcomer.isSettled(office(cy, cy), localMs);
    newcomer.turn(office(cy, cy), 0);
    expect([settled(0), settled(1999), settled(2000)]).toEqual([false, false, true]);
    expect(newcomer.isSettled({ ...office(cy, cy), isAlone: true }, 0)).toBe(true);
    const behind = new QueueRegister();
    behind.heardStamp(ada, adasQueue().queue.stamp);
    behind.turn(office(cy, cy), 0);
    expect(behind.isSettled(office(cy, cy), 1000)).toBe(false);
    behind.receive(bo, adasQueue().queue, office(cy, cy), term(2, cy));
    expect(behind.isSettled(office(cy, cy), 1000)).toBe(true);
  });

  it("[Q37] remembers what it gave up for a queue that never knew of it, and only that", () => {
    const sleeper = adasQueue();
    const { queue } = sleeper;
    sleeper.receive(cy, stamped(grown(queue, 5), term(2, cy)), office(bo, cy), term(2, cy));
    expect(sleeper.takeDisplaced()).toEqual([]);
    // A request is asked of everybody: of two who both take themselves for the director, both have carried it out.
    const another = stamped(grown(grown(EMPTY_QUEUE, 6), 5), term(3, cy));
    sleeper.receive(cy, another, office(bo, cy), term(3, cy));
    expect([sleeper.takeDisplaced(), sleeper.takeDisplaced()]).toEqual([queue.entries, []]);
    // What was done there and is over is not unknown.
    const emptied = { ...grown(another, 1), entries: [] };
    sleeper.receive(cy, stamped(grown(another, 1), term(4, cy)), office(bo, cy), term(4, cy));
    sleeper.receive(cy, stamped(emptied, term(5, cy)), office(bo, cy), term(5, cy));
    expect(sleeper.takeDisplaced()).toEqual([]);
    // Where 128 requests were done meanwhile it cannot be told.
    sleeper.receive(cy, stamped(grown(emptied, 7), term(6, cy)), office(bo, cy), term(6, cy));
    let old = grown(EMPTY_QUEUE, 1000);
    for (let number = 0; number < 200; number++) old = { ...grown(old, 1001 + number), entries: [] };
    sleeper.receive(cy, stamped(old, term(7, cy)), office(bo, cy), term(7, cy));
    expect(sleeper.takeDisplaced()).toEqual([]);
  });

  it("[Q22] gives way to the director's where that director does not take it", () => {
    const [follower, director] = [adasQueue(), new QueueRegister()];
    follower.write(grown(follower.queue, 7), term(9, ada)); // of a term that the director's is not up to
    director.write(grown(EMPTY_QUEUE, 2), term(2, cy));
    follower.heardStamp(cy, director.queue.stamp);
    for (let localMs = 0; localMs < 6000; localMs += 200) {
      for (const { message } of follower.turn(office(bo, cy), localMs)) {
        if (message.kind === "queue") director.receive(bo, message.queue, office(cy, cy), term(2, cy));
        else follower.receive(cy, director.queue, office(bo, cy), term(2, cy));
      }
    }
    expect(follower.queue).toEqual(director.queue);
    follower.heardStamp(cy, null); // another one begins without any
    for (let localMs = 6000; localMs < 12_000; localMs += 200) follower.turn(office(bo, cy), localMs);
    expect(follower.queue).toEqual(EMPTY_QUEUE);
  });
});

describe("a request", () => {
  it("[Q25] is asked until the queue shows it", () => {
    const requests = new QueueRequests();
    requests.add(request(1));
    const asked = [0, 200, 1999, 2000, 3999, 4000].map((localMs) => requests.due(localMs).length);
    expect(asked).toEqual([1, 0, 0, 1, 0, 1]);
    expect(requests.look(grown(EMPTY_QUEUE, 1), 4100)).toEqual([request(1)]);
    expect(requests.due(9000)).toEqual([]);
  });

  it("[Q26] is asked again where another queue has never known it, for a minute", () => {
    const requests = new QueueRequests();
    requests.add(request(2));
    requests.due(0);
    const first = grown(EMPTY_QUEUE, 1);
    requests.look(grown(first, 2), 100);
    requests.look(grown(first, 3), 30_000);
    expect(requests.due(30_000)).toEqual([request(2)]);
    requests.look(grown(first, 2), 30_100);
    requests.look(grown(first, 4), 91_000);
    expect(requests.due(91_000)).toEqual([]);
  });

  it("[Q26] is kept for as long as no server was heard", () => {
    const requests = new QueueRequests();
    requests.add(request(2));
    requests.due(0);
    requests.look(grown(EMPTY_QUEUE, 2), 100);
    requests.reattached(500_000);
    requests.look(grown(EMPTY_QUEUE, 3), 501_000);
    expect(requests.due(501_000)).toEqual([request(2)]);
  });

  it("[Q26] is not asked again where it was forgotten for 128 later ones", () => {
    const requests = new QueueRequests();
    requests.add(request(1));
    requests.due(0);
    let queue = grown(EMPTY_QUEUE, 1);
    requests.look(queue, 0);
    queue = { ...queue, entries: [] };
    for (let number = 2; number < 200; number++) queue = { ...grown(queue, number), entries: [] };
    requests.look(queue, 10_000);
    expect(requests.due(20_000)).toEqual([]);
  });

  it("[Q37] is asked anew, and once, however often it is added", () => {
    const requests = new QueueRequests();
    for (let times = 0; times < 3; times++) expect(requests.add(request(1))).toBe(true);
    expect(requests.due(0)).toEqual([request(1)]);
    requests.look(grown(EMPTY_QUEUE, 1), 100);
    requests.add({ ...request(1), op: { ...request(1).op, durationUs: 5 } });
    expect(requests.due(200)).toEqual([request(1)]);
  });

  it("is refused where too many are open", () => {
    const requests = new QueueRequests();
    for (let number = 1; number <= 128; number++) expect(requests.add(request(number))).toBe(true);
    expect(requests.add(request(129))).toBe(false);
    requests.look(grown(EMPTY_QUEUE, 5), 0);
    expect(requests.add(request(129))).toBe(true);
  });
});
