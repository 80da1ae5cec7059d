// A distance among real sessions in virtual time: sealed messages through the server, chirps on simulated cards. What microphones make
// of them is proved in audio/calibration and in tests/e2e/test_distance.py.

import { describe, expect, it } from "vitest";
import { type Heard, timetable } from "../audio/calibration/index.ts";
import { IDEAL_SONG_ID, type SimDevice } from "./testing/sim-device.ts";
import { SimRoom } from "./testing/sim-room.ts";

const LIMIT_MS = 60_000;
const SOUND_M_PER_MS = 0.343;

const heardAs = (firstMs: number, secondMs: number): readonly Heard[] =>
  timetable(2).map((slot) => ({ slot, afterSlotMs: slot.device === 0 ? firstMs : secondMs }));

async function twoWith(seed: number): Promise<[SimRoom, SimDevice, SimDevice]> {
  const room = new SimRoom(seed, "ada", "bo");
  await room.advance(12_000);
  const [ada, bo] = room.devices as [SimDevice, SimDevice];
  for (const device of [ada, bo]) device.session.setSpeakerDelay(0);
  await room.advance(500);
  return [room, ada, bo];
}

describe("a distance among sessions", { timeout: LIMIT_MS }, () => {
  it("[MC15] [MC17] [MC20] is asked, allowed, chirped on one timetable, and known to both", async () => {
    const [room, ada, bo] = await twoWith(15);
    const wayMs = 3 / SOUND_M_PER_MS;
    ada.distanceEar = { ...ada.distanceEar, hearInWorker: async () => heardAs(0, wayMs) };
    bo.distanceEar = { ...bo.distanceEar, hearInWorker: async () => heardAs(wayMs, 0) };
    expect(ada.session.distance.read()).toBeNull();
    ada.clock.deliver(() => ada.session.distance.measure(bo.userId));
    await room.advance(1_000);
    expect(ada.session.distance.read()?.code).toBe("waiting");
    expect(bo.session.distance.read()).toMatchObject({ code: "asked", peer: ada.userId, isFirst: false });
    expect(room.devices.map(({ heardSec }) => heardSec)).toEqual([null, null]);
    bo.clock.deliver(() => bo.session.distance.answer("allow"));
    await room.advance(9_000);
    const [adaSec, boSec] = room.devices.map(({ heardSec }) => heardSec ?? Number.NaN) as [number, number];
    expect(adaSec).toBeGreaterThan(4);
    expect(Math.abs(adaSec - boSec)).toBeLessThan(0.005);
    // Neither begins while the other sounds.
    expect(ada.session.calibration.read().notReadyReason).toBe("music");
    await room.advance(6_000);
    for (const [device, other] of [
      [ada, bo],
      [bo, ada],
    ] as const) {
      const { code, failure, measured } = device.session.distance.read() ?? {};
      expect({ code, failure }).toEqual({ code: "idle", failure: null });
      expect(measured?.[0]?.userId).toBe(other.userId);
      expect(measured?.[0]?.distanceM).toBeCloseTo(3.06, 6);
      expect(device.heardSec).toBeNull();
    }
    expect(ada.session.calibration.read().notReadyReason).toBeNull();
    await room.close();
  });

  it("[MC19] gives way to a song, and lets go of both microphones", async () => {
    const [room, ada, bo] = await twoWith(16);
    let open = 0;
    for (const device of [ada, bo]) {
      device.distanceEar = {
        ...device.distanceEar,
        openMicrophone: async (nowMs) => {
          const microphone = await device.ear.openMicrophone(nowMs);
          open += 1;
          let isOpen = true;
          const close = () => {
            open -= Number(isOpen);
            isOpen = false;
          };
          return { ...microphone, close };
        },
      };
    }
    bo.clock.deliver(() => bo.session.distance.measure(ada.userId));
    await room.advance(1_000);
    ada.clock.deliver(() => ada.session.distance.answer("allow"));
    await room.advance(5_000);
    expect(open).toBe(2);
    room.split().director.session.play(IDEAL_SONG_ID);
    await room.advance(1_000);
    expect([ada, bo].map(({ session }) => session.distance.read()?.failure)).toEqual(["music", "music"]);
    expect(open).toBe(0);
    await room.close();
  });
});
