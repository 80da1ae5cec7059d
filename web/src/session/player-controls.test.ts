// Pause, seek and going on in a simulated room with real players on cards whose clocks differ: what leaves the loudspeakers.

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { positionUsAt } from "../director/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { EventClock } from "../transfer/testing/event-clock.ts";
import { FakeNetwork } from "../transfer/testing/fake-connection.ts";
import { IDEAL_SONG_ID, SimDevice } from "./testing/sim-device.ts";
import { SimServer } from "./testing/sim-server.ts";

const ROUND_MS = 20;
const IN_STEP_MS = 5;

beforeAll(() => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterAll(() => {
  vi.restoreAllMocks();
});

/** Ada directs, bo and cy listen; each has a speaker delay of its own. */
async function room() {
  const clock = new EventClock(0);
  const server = new SimServer(clock);
  const random = new SeededRandom(20);
  const world = { clock, random, server, network: new FakeNetwork(), depth: "sound" as const };
  const advance = async (ms: number): Promise<void> => {
    for (let leftMs = ms; leftMs > 0; leftMs -= ROUND_MS) {
      clock.advance(ROUND_MS);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const devices = ["ada", "bo", "cy"].map((name) => new SimDevice(name, world));
  await advance(8_000);
  const ada = devices.find(({ session }) => session.director.isMe)?.session;
  if (!ada) throw new Error("nobody directs");
  /** How far ahead of the plan each loudspeaker is in truth, ms; null while it is silent. */
  const errorsMs = () =>
    devices.map(({ session, heardSec }) => {
      const { plan } = session.director;
      const delayedUs = server.globalUs(plan.clockId) + session.speakerDelayMs * 1000;
      return heardSec === null ? null : heardSec * 1000 - positionUsAt(plan, delayedUs) / 1000;
    });
  const close = () => Promise.all(devices.map(({ session }) => session.close()));
  return { ada, devices, advance, errorsMs, close };
}

const areInStep = (errorsMs: readonly (number | null)[]): boolean =>
  errorsMs.every((errorMs) => errorMs !== null && Math.abs(errorMs) < IN_STEP_MS);

describe("a room whose director", () => {
  it("[TR1] [TR6] pauses and goes on: silence, then that place, set in everywhere at one moment", async () => {
    const { ada, devices, advance, errorsMs, close } = await room();
    ada.play(IDEAL_SONG_ID);
    await advance(12_000);
    expect(errorsMs()).toSatisfy(areInStep);
    ada.pause();
    await advance(1_000);
    expect(errorsMs()).toEqual([null, null, null]);
    const keptSec = ada.director.plan.positionUs / 1e6;
    expect(keptSec).toBeGreaterThan(8);
    await advance(4_000);
    ada.play(IDEAL_SONG_ID);
    const firstHeardSec = new Map<string, number>();
    const setInErrorsMs = new Map<string, number>();
    for (let waitedMs = 0; waitedMs < 5_000 && firstHeardSec.size < devices.length; waitedMs += ROUND_MS) {
      await advance(ROUND_MS);
      errorsMs().forEach((errorMs, index) => {
        const { name, heardSec } = devices[index] as SimDevice;
        if (heardSec === null || errorMs === null || firstHeardSec.has(name)) return;
        firstHeardSec.set(name, heardSec);
        setInErrorsMs.set(name, errorMs);
      });
    }
    for (const heardSec of firstHeardSec.values()) {
      expect(heardSec).toBeGreaterThan(keptSec - IN_STEP_MS / 1000);
      expect(heardSec).toBeLessThan(keptSec + 2 * (ROUND_MS / 1000));
    }
    expect([...setInErrorsMs.values()]).toHaveLength(3);
    expect([...setInErrorsMs.values()]).toSatisfy(areInStep);
    await close();
  });

  it("[TR3] seeks: everyone has crossed over to the new place within half a second", async () => {
    const { ada, devices, advance, errorsMs, close } = await room();
    ada.play(IDEAL_SONG_ID);
    await advance(12_000);
    for (const toSec of [300, 20]) {
      ada.seek(toSec);
      await advance(500);
      expect(errorsMs()).toSatisfy(areInStep);
      for (const { heardSec } of devices) expect(Math.abs((heardSec ?? 0) - toSec)).toBeLessThan(1);
      await advance(3_000);
    }
    await close();
  });

  it("[TR3] [P23] seeks back while a listener's sound is taken: it comes back at the new place", async () => {
    const { ada, devices, advance, errorsMs, close } = await room();
    ada.play(IDEAL_SONG_ID);
    ada.seek(200);
    await advance(12_000);
    const listener = devices.find(({ session }) => session !== ada);
    listener?.card?.take();
    await advance(1_000);
    ada.seek(10);
    await advance(1_000);
    listener?.card?.give();
    await advance(4_000);
    expect(errorsMs()).toSatisfy(areInStep);
    await close();
  });
});
