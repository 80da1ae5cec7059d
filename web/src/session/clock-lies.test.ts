// A server that tells each device another time, in virtual time with real sessions, files and sound: the room stays in step.
// The same in real browsers at the loudspeaker: tests/hostile/test_hostile_time.py.

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { SimDevice } from "./testing/sim-device.ts";
import { SimRoom } from "./testing/sim-room.ts";

const LIMIT_MS = 120_000;
const HEARD_MS = 6;

let room: SimRoom;

beforeAll(() => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined); // what is ignored on the wire is no news here
});
afterAll(() => {
  vi.restoreAllMocks();
});
afterEach(() => room.close());

const makeRoom = (seed: number, ...names: string[]): SimRoom =>
  new SimRoom({ seed, depth: "whole" }, ...names);

/** How far apart the loudspeakers are, with their speaker delays taken out, ms; Infinity while one is silent. */
function spreadMs(): number {
  const heard = room.devices.map(({ heardSec, session }) =>
    heardSec === null ? Number.POSITIVE_INFINITY : heardSec * 1_000 - session.speakerDelayMs,
  );
  return Math.max(...heard) - Math.min(...heard);
}

async function worstMs(ms: number, look = (): void => undefined): Promise<number> {
  let worst = 0;
  for (let leftMs = ms; leftMs > 0; leftMs -= 200) {
    await room.advance(200);
    worst = Math.max(worst, spreadMs());
    look();
  }
  return worst;
}

const said = (): readonly (string | null)[] =>
  room.devices.map(({ session }) => session.roomTime.disagreement?.code ?? null);

const victimOf = (): SimDevice => room.split().others[0] as SimDevice;

describe("a server that tells one device another time", { timeout: LIMIT_MS }, () => {
  it("[T17] an honest one is never suspect", async () => {
    for (const seed of [1, 2]) {
      room = makeRoom(seed, "ada", "bo", "cy", "di");
      await room.play();
      expect(await worstMs(30_000, () => expect(said()).toEqual([null, null, null, null]))).toBeLessThan(
        HEARD_MS,
      );
      if (seed === 1) await room.close();
    }
  });

  it.each([50, -50])(
    "[T18] from the start, by %d ms: it sets in where the others are, and says so",
    async (skewMs) => {
      room = makeRoom(3, "ada", "bo", "cy");
      const unlucky = room.devices[1] as SimDevice;
      room.server.skewMsOf = (userId) => (userId === unlucky.userId ? skewMs : 0);
      await room.play();
      expect(await worstMs(20_000)).toBeLessThan(HEARD_MS);
      expect(said()).toEqual(room.devices.map((device) => (device === unlucky ? "outvoted" : null)));
    },
  );

  it("[T18] [L8] in the middle of a song: the song does not leave its place, and what did is bent back", async () => {
    room = makeRoom(4, "ada", "bo", "cy");
    await room.play();
    const victim = victimOf();
    room.server.skewMsOf = (userId) => (userId === victim.userId ? 50 : 0);
    expect(await worstMs(20_000)).toBeLessThan(20);
    expect(await worstMs(20_000)).toBeLessThan(HEARD_MS);
    expect(victim.session.roomTime.disagreement?.code).toBe("outvoted");
    room.server.skewMsOf = () => 0;
    expect(await worstMs(20_000)).toBeLessThan(20);
    expect(said()).toEqual([null, null, null]);
  });

  it("[T18] creeping away, by 0.3 ms a second: left behind before it is heard", async () => {
    room = makeRoom(5, "ada", "bo", "cy");
    await room.play();
    const victim = victimOf();
    let skewMs = 0;
    room.server.skewMsOf = (userId) => (userId === victim.userId ? skewMs : 0);
    const worst = await worstMs(120_000, () => {
      skewMs += 0.06;
    });
    expect(worst).toBeLessThan(14);
    expect(victim.session.roomTime.disagreement?.code).toBe("outvoted");
    expect(spreadMs()).toBeLessThan(HEARD_MS);
  });

  it("[T18] of two, both say so and both play by the director's time", async () => {
    for (const isDirectorTold of [false, true]) {
      room = makeRoom(6, "ada", "bo");
      await room.advance(8_000);
      const { director, others } = room.split();
      const told = isDirectorTold ? director : others[0];
      room.server.skewMsOf = (userId) => (userId === told?.userId ? 50 : 0);
      await room.advance(20_000);
      await room.play();
      expect(await worstMs(20_000)).toBeLessThan(HEARD_MS);
      expect(said()).toEqual(["undecided", "undecided"]);
      if (!isDirectorTold) await room.close();
    }
  });
});
