// Who was away is back in step by itself, and nobody else hears of it: named stories in virtual time, with real sessions.
// The same in real browsers, with recordings: tests/e2e/test_music_goes_on.py and test_comebacks.py.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { SimDevice } from "./testing/sim-device.ts";
import { SimRoom } from "./testing/sim-room.ts";

const HEARTBEAT_MS = 1_000;
/** Minutes of three devices; the machine may be busy besides. */
const LIMIT_MS = 120_000;

let room: SimRoom;

beforeAll(() => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined); // what is ignored on the wire is no news here
});
afterAll(() => {
  vi.restoreAllMocks();
});
beforeEach(async () => {
  room = new SimRoom(4, "ada", "bo", "cy");
  await room.play();
}, LIMIT_MS);
afterEach(() => room.close());

/** The worst that any of these was off while `ms` passed. */
async function worstMs(devices: readonly SimDevice[], ms: number): Promise<number> {
  let worst = 0;
  for (let leftMs = ms; leftMs > 0; leftMs -= 100) {
    await room.advance(100);
    worst = Math.max(worst, ...devices.map((device) => room.errorMs(device)));
  }
  return worst;
}

describe("a page that nobody sees", { timeout: LIMIT_MS }, () => {
  it("[G12] lets a newcomer into the music although it is alone", async () => {
    const { director, others } = room.split();
    director.session.setVisible(false);
    for (const other of others) await other.session.close();
    await room.advance(30_000);
    const newcomer = room.join("di");
    expect(await room.msUntil(() => room.isInStep(newcomer), 8_000)).toBeLessThan(8_000);
    expect(newcomer.session.director.directorId).toBe(director.session.me);
  });
});

describe("a device that was away", { timeout: LIMIT_MS }, () => {
  it("[T9] [T12] [W12] drops its clock's window when it slept, locks anew and rejoins, whoever it is", async () => {
    for (const isDirector of [false, true]) {
      const { director, others } = room.split();
      const sleeper = isDirector ? director : (others[0] as SimDevice);
      const awake = room.devices.filter((device) => device !== sleeper);
      const probesBefore = sleeper.session.clock.estimate?.probes ?? 0;
      sleeper.clock.sleep();
      sleeper.path.cut();
      sleeper.card?.take();
      expect(await worstMs(awake, 20_000)).toBeLessThan(5);
      sleeper.clock.wake();
      sleeper.path.heal();
      sleeper.card?.give();
      const isWindowNew = () => (sleeper.session.clock.estimate?.probes ?? probesBefore) < probesBefore;
      expect(await room.msUntil(isWindowNew, 5_000)).toBeLessThan(5_000);
      let worst = 0;
      const isBack = () => {
        const errorMs = room.errorMs(sleeper);
        if (errorMs < Number.POSITIVE_INFINITY) worst = Math.max(worst, errorMs);
        return room.isInStep(sleeper);
      };
      expect(await room.msUntil(isBack, 8_000)).toBeLessThan(8_000);
      expect(worst).toBeLessThan(5); // silent until it knows where the song is
      expect(sleeper.session.clock.state).toBe("locked");
      expect(await worstMs(room.devices, 5_000)).toBeLessThan(5);
      expect(room.directors).toHaveLength(1);
    }
  });

  it("[T12] that slept without a server is silent, and enters again when the server is back", async () => {
    const bo = room.split().others[0] as SimDevice;
    room.server.kill();
    await room.advance(1_000);
    bo.clock.sleep();
    bo.card?.take();
    await room.advance(5_000);
    bo.clock.wake();
    bo.card?.give();
    await room.advance(500);
    for (let looks = 0; looks < 20; looks++) {
      await room.advance(100);
      expect(room.errorMs(bo)).toBe(Number.POSITIVE_INFINITY);
    }
    room.server.restart();
    const isWhole = () => room.devices.every((device) => room.isInStep(device));
    expect(await room.msUntil(isWhole, 20_000)).toBeLessThan(20_000);
  });

  it("[G1] [W3] plays on for 30 s offline and is at once in the swarm again when the browser says so", async () => {
    const { others } = room.split();
    const bo = others[0] as SimDevice;
    bo.path.cut();
    expect(await worstMs(room.devices, 30_000)).toBeLessThan(5);
    bo.path.heal();
    bo.clock.deliver(() => bo.session.wake());
    expect(await room.msUntil(() => room.isInStep(bo), 10_000)).toBeLessThan(10_000);
    expect(await worstMs(room.devices, 5_000)).toBeLessThan(5);
    expect(room.directors).toHaveLength(1);
  });

  it("[G1] [G2] everyone is, for 45 s of a captive network: the music goes on, and the swarm forms anew by itself", async () => {
    const before = room.directors;
    for (const { path } of room.devices) path.cut();
    expect(await worstMs(room.devices, 45_000)).toBeLessThan(5);
    for (const { path } of room.devices) path.heal();
    const isWhole = () =>
      room.devices.every((device) => room.isInStep(device)) && room.directors.length === 1;
    expect(await room.msUntil(isWhole, 20_000)).toBeLessThan(20_000);
    expect(room.directors).toEqual(before);
    expect(await worstMs(room.devices, 5_000)).toBeLessThan(5);
  });
});

describe("a change of hands", { timeout: LIMIT_MS }, () => {
  it("[D2] [D10] two take-overs within 10 ms leave one director everywhere within a heartbeat", async () => {
    const { others } = room.split();
    const [bo, cy] = others as [SimDevice, SimDevice];
    bo.clock.deliver(() => bo.session.takeOver());
    await room.advance(10);
    cy.clock.deliver(() => cy.session.takeOver());
    await room.advance(HEARTBEAT_MS);
    expect(room.directors).toHaveLength(1);
    expect(others.map(({ userId }) => userId)).toContain(room.directors[0]);
    expect(room.devices.filter(({ session }) => session.director.isMe)).toHaveLength(1);
    expect(await worstMs(room.devices, 3_000)).toBeLessThan(5);
  });
});

describe("another output", { timeout: LIMIT_MS }, () => {
  it("[P30] reads the clock anew and puts that device right, and nobody else notices", async () => {
    const bo = room.devices[1] as SimDevice;
    bo.card?.reroute(220);
    expect(await room.msUntil(() => room.isInStep(bo), 3_000)).toBeLessThan(3_000);
    expect(await worstMs(room.devices, 5_000)).toBeLessThan(5);
  });
});
