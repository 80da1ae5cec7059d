// Storms over the queue, and what a room of devices makes of it when all is well, and when nobody is left to ask. 10,000 seeds:
// `node web/bench/chaos.ts queue 1 10000`.

import { beforeEach, describe, expect, it, vi } from "vitest";
import { MAX_CONTENT_BYTES } from "../control/envelope.ts";
import type { EntryId } from "../lib/index.ts";
import { encodePeerMessage } from "./core/peer-message.ts";
import { stretchNow } from "./core/programme-now.ts";
import { IDEAL_SONG_ID, IDEAL_SONG_IDS, type SimDevice } from "./testing/sim-device.ts";
import { SimRoom } from "./testing/sim-room.ts";
import { describeStorms } from "./testing/storms.ts";

describe("[Q25] [Q26] after a storm", () => {
  describeStorms("control", 1, 2, "queue");
});

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined); // no tags are read here
});

const add = (fileId = IDEAL_SONG_ID) => ({ type: "add", fileId, durationUs: 200e6, place: "end" }) as const;
const settled = async (...names: string[]): Promise<SimRoom> => {
  const room = new SimRoom({ seed: 3, depth: "control" }, ...names);
  await room.advance(8_000);
  return room;
};
const has =
  (entryId: EntryId) =>
  ({ session }: SimDevice) =>
    session.queue.entries.some((entry) => entry.entryId === entryId);

describe("a room with a queue", () => {
  it("[Q12] [Q23] of 200 entries tells an edit to all within half a second, and its heartbeat stays small", async () => {
    const room = await settled("ada", "bo", "cy", "di", "eve");
    const { director, others } = room.split();
    for (let count = 0; count < 49; count++) {
      for (const { session } of others) session.askQueue(add(IDEAL_SONG_IDS[count % 3]));
      await room.advance(400); // as a person taps, and less than the others admit
    }
    for (let left = 200 - 4 * 49; left > 1; left--) director.session.askQueue(add());
    await room.advance(3_000);
    expect(director.session.queue.entries).toHaveLength(199);
    for (const device of [...others, director]) {
      const entryId = others[0]?.session.askQueue({
        type: "boost",
        entryId: director.session.queue.entries[150]?.entryId as EntryId,
        isOn: true,
      });
      const isDone = ({ session }: SimDevice) => session.queue.done.includes(entryId as EntryId);
      expect(await room.msUntil(() => room.devices.every(isDone), 1_000)).toBeLessThanOrEqual(500);
      expect(device.session.queue).toEqual(director.session.queue);
    }
    const last = others[1]?.session.askQueue(add()) as EntryId;
    expect(await room.msUntil(() => room.devices.every(has(last)), 1_000)).toBeLessThanOrEqual(500);
    const { record, plan } = director.session.director;
    const { queue } = director.session;
    if (!record) throw new Error("nobody directs");
    const heartbeat = { kind: "heartbeat", heartbeat: { record, plan }, queueStamp: queue.stamp } as const;
    expect(encodePeerMessage(heartbeat).length).toBeLessThanOrEqual(1_024);
    expect(encodePeerMessage({ kind: "queue", queue }).length).toBeLessThanOrEqual(MAX_CONTENT_BYTES);
    await room.close();
  });

  it("[Q21] tells a newcomer, and all again whatever a new director asks", async () => {
    const room = await settled("ada", "bo");
    const { director, others } = room.split();
    const first = others[0]?.session.askQueue(add()) as EntryId;
    await room.advance(500);
    const cy = room.join("cy");
    expect(await room.msUntil(() => has(first)(cy), 6_000)).toBeLessThan(6_000);
    cy.session.takeOver();
    const second = director.session.askQueue(add()) as EntryId;
    expect(await room.msUntil(() => room.devices.every(has(second)), 4_000)).toBeLessThan(4_000);
    expect(cy.session.queue.entries.map(({ entryId }) => entryId)).toEqual([first, second]);
    await room.close();
  });

  it("[Q35] goes through the same programme for an hour with server and director gone", async () => {
    const room = await settled("ada", "bo", "cy", "di");
    const { director, others } = room.split();
    for (let count = 0; count < 30; count++)
      director.session.askQueue({ ...add(), durationUs: 200e6 + count });
    director.session.setProgramme({ crossfadeMs: 3_000 });
    director.session.goNext();
    await room.advance(4_000);
    room.server.kill();
    director.path.cut();
    director.clock.freeze();
    const startUs = director.session.director.plan.globalStartUs;
    const { clockId } = director.session.director.plan;
    for (let minutes = 0; minutes < 60; minutes += 10) {
      room.world.clock.advance(600_000);
      const stretches = others.map(({ session, clock }) =>
        stretchNow(session.director.plan, session.queue, session, clock.nowMs()),
      );
      const [one] = stretches;
      expect(one).not.toBeNull();
      expect(stretches.every((stretch) => JSON.stringify(stretch) === JSON.stringify(one))).toBe(true);
      const reachedUs = room.server.globalUs(clockId) - startUs;
      expect(Math.abs(reachedUs - ((one?.startUs ?? 0) - startUs))).toBeLessThan(600.5e6);
    }
    // Who comes first when the server is back writes the plan on to what plays, and takes out what is over.
    room.server.restart();
    const [first] = others;
    if (!first) throw new Error("nobody");
    const playing = stretchNow(
      first.session.director.plan,
      first.session.queue,
      first.session,
      first.clock.nowMs(),
    );
    await room.advance(30_000);
    const now = others.find(({ session }) => session.director.isMe);
    expect(now?.session.director.plan.state).toBe("playing");
    const ids = now?.session.queue.entries.map(({ entryId }) => entryId) ?? [];
    expect(ids[0]).toBe(now?.session.director.plan.entryId);
    expect(ids[0]).toBe(playing?.entryId);
    await room.close();
  });
});
