// A calibration among real sessions in virtual time: sealed calls through the server, chirps on simulated cards. What a
// microphone makes of them is proved in audio/calibration and in tests/e2e/test_calibration.py.

import { describe, expect, it } from "vitest";
import type { SimDevice } from "./testing/sim-device.ts";
import { IDEAL_SONG_ID } from "./testing/sim-device.ts";
import { SimRoom } from "./testing/sim-room.ts";

const LIMIT_MS = 60_000;

/** Seconds into the chirps that would leave each loudspeaker now if it had no delay to make up for. */
const chirpedSec = ({ heardSec, session }: SimDevice): number =>
  heardSec === null ? Number.NaN : heardSec - session.speakerDelayMs / 1_000;

describe("a calibration among sessions", { timeout: LIMIT_MS }, () => {
  it("[MC7] [MC10] has all chirp on one timetable, each with its own delay, and moves the delays", async () => {
    const room = new SimRoom(7, "ada", "bo", "cy");
    await room.advance(12_000);
    const [ada, bo, cy] = room.devices as [SimDevice, SimDevice, SimDevice];
    for (const [device, delayMs] of [
      [ada, 0],
      [bo, 120],
      [cy, 40],
    ] as const) {
      device.session.setSpeakerDelay(delayMs);
    }
    await room.advance(500);
    const late = [30, 0, 12.4];
    ada.ear = {
      ...ada.ear,
      measureInWorker: async () => late.map((lateMs) => ({ verdict: "measured", lateMs, spreadMs: 0.1 })),
    };
    ada.clock.deliver(() => ada.session.calibration.measure());
    await room.advance(10_000);
    const places = room.devices.map(chirpedSec);
    for (const sec of places) expect(Math.abs(sec - (places[0] ?? 0))).toBeLessThan(0.005);
    expect(places[0]).toBeGreaterThan(6);
    await room.advance(9_500);
    const { state } = ada.session.calibration.core;
    expect(state.code).toBe("found");
    expect(room.devices.map(({ heardSec }) => heardSec)).toEqual([null, null, null]);
    ada.clock.deliver(() => ada.session.calibration.apply());
    await room.advance(1_000);
    // The order of the call is the server's, after the one who listens; the smallest becomes none.
    const order = state.code === "found" ? state.devices.map(({ userId }) => userId) : [];
    const before = new Map([
      [ada.userId, 0],
      [bo.userId, 120],
      [cy.userId, 40],
    ]);
    const wanted = order.map((userId, index) => (before.get(userId) ?? 0) + (late[index] ?? 0));
    const least = Math.min(...wanted);
    for (const device of room.devices) {
      const delayMs = Math.round((wanted[order.indexOf(device.userId)] ?? 0) - least);
      expect(device.session.speakerDelayMs).toBe(delayMs);
      for (const { by } of device.appliedCalibration) expect(by).toBe(ada.userId);
    }
    await room.close();
  });

  it("[MC8] gives way to a song", async () => {
    const room = new SimRoom(8, "ada", "bo");
    await room.advance(12_000);
    const [ada, bo] = room.devices as [SimDevice, SimDevice];
    bo.clock.deliver(() => bo.session.calibration.measure());
    await room.advance(6_000);
    expect(Number.isFinite(chirpedSec(ada))).toBe(true);
    room.split().director.session.play(IDEAL_SONG_ID);
    await room.advance(500);
    expect(bo.session.calibration.core.state).toEqual({ code: "idle", failure: "music" });
    expect([ada, bo].map(({ heardSec }) => heardSec)).toEqual([null, null]);
    await room.close();
  });
});
