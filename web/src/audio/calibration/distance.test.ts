// Two phones in simulated rooms: each hears itself loudly and the other through the air, by a clock of its own.

import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { type Distance, distanceOf } from "./distance.ts";
import type { Heard } from "./lateness.ts";
import { heardIn } from "./listen.ts";
import { record } from "./testing/room-recording.ts";
import { timetable } from "./timetable.ts";

const SOUND_M_PER_MS = 0.343;
const OWN_WAY_M = 0.06;
const WITHIN_M = 0.05;

/** What both hear at this distance; outputs and microphones are late by whatever comes. */
function bothHear(metres: number, seed: number, snrDb: number, isBare: boolean): readonly Heard[][] {
  const random = new SeededRandom(seed);
  const outputMs = [0, 1].map(() => 300 * random.fraction());
  return [0, 1].map((here) => {
    const waysM = [0, 1].map((device) => (device === here ? OWN_WAY_M : metres));
    const delaysMs = waysM.map((wayM, device) => (outputMs[device] ?? 0) + wayM / SOUND_M_PER_MS);
    const gains = [0, 1].map((device) => (device === here ? 1 : Math.min(1, 0.2 / metres)));
    const microphoneMs = 200 * random.fraction() - 50;
    const clockPpm = 200 * random.fraction() - 100;
    const room = { seed: seed + here, delaysMs, gains, snrDb, microphoneMs, clockPpm, isBare };
    return [...heardIn(2, record(room))];
  });
}

const distanceAt = (...[metres, seed, snrDb, isBare]: Parameters<typeof bothHear>): Distance => {
  const [first = [], second = []] = bothHear(metres, seed, snrDb, isBare);
  return distanceOf(first, second);
};
const measured = (distance: Distance): { distanceM: number; uncertaintyM: number } => {
  if (distance.verdict !== "measured") throw new Error(distance.verdict);
  return distance;
};

/** Arrivals as they are reckoned with, without sound: ways in ms of the air, and what is added to them. */
const heardAs = (firstMs: number, secondMs: number, added: (round: number) => number = () => 0): Heard[] =>
  timetable(2).map((slot) => ({
    slot,
    afterSlotMs: (slot.device === 0 ? firstMs : secondMs) + (slot.device === 0 ? 0 : added(slot.round)),
  }));

describe("the distance between two phones", () => {
  it.each([0.3, 1, 2.5, 6])("[MC12] of %f m is found within 5 cm where nothing echoes", (metres) => {
    const { distanceM, uncertaintyM } = measured(distanceAt(metres, 31, 10, true));
    expect(Math.abs(distanceM - metres)).toBeLessThan(WITHIN_M);
    expect(Math.abs(distanceM - metres)).toBeLessThan(uncertaintyM);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    "[MC12] [MC13] is found within 5 cm among echoes and noise, seed %i",
    (seed) => {
      const metres = 0.5 + 4 * new SeededRandom(900 + seed).fraction();
      const { distanceM, uncertaintyM } = measured(distanceAt(metres, 10 * seed, 10, false));
      expect(Math.abs(distanceM - metres)).toBeLessThan(WITHIN_M);
      expect(Math.abs(distanceM - metres)).toBeLessThan(uncertaintyM);
      expect(uncertaintyM).toBeLessThan(0.2);
    },
  );

  it("[MC12] does not change by how late either plays or records", () => {
    const near = measured(distanceOf(heardAs(0, 10), heardAs(10, 0)));
    // The second plays 250 ms late, each time by another moment more; both hear that.
    const late = (round: number) => 250 + 7 * round ** 2;
    const far = measured(distanceOf(heardAs(40, 50, late), heardAs(-20, -30, late)));
    expect(near.distanceM).toBeCloseTo(10 * SOUND_M_PER_MS + OWN_WAY_M, 9);
    expect(far.distanceM).toBeCloseTo(near.distanceM, 9);
  });

  it("[MC13] is less certain the more the rounds differ, and the farther it is", () => {
    const steady = measured(distanceOf(heardAs(0, 3), heardAs(3, 0)));
    const shaken = measured(
      distanceOf(
        heardAs(0, 3, (round) => [0, 0.4, -0.4, 0.5, -0.5][round] ?? 0),
        heardAs(3, 0),
      ),
    );
    const far = measured(distanceOf(heardAs(0, 30), heardAs(30, 0)));
    expect(shaken.uncertaintyM).toBeGreaterThan(1.3 * steady.uncertaintyM);
    expect(far.uncertaintyM).toBeGreaterThan(1.3 * steady.uncertaintyM);
    const torn = distanceOf(
      heardAs(0, 3, (round) => [0, 9, -9, 15, -15][round] ?? 0),
      heardAs(3, 0),
    );
    expect(torn.verdict).toBe("unsteady");
  });

  it.each([1, 2, 3, 4])("[MC13] bears a recording that loses 12 ms before round %i", (lostBefore) => {
    const torn = heardAs(0, 10).map((each) => ({
      ...each,
      afterSlotMs: (each.afterSlotMs ?? 0) - (each.slot.round >= lostBefore ? 12 : 0),
    }));
    const { distanceM } = measured(distanceOf(torn, heardAs(10, 0)));
    expect(distanceM).toBeCloseTo(10 * SOUND_M_PER_MS + OWN_WAY_M, 9);
  });

  it("[MC14] is not told where fewer than three rounds were heard by both", () => {
    const deaf = (...rounds: number[]): Heard[] =>
      heardAs(0, 3).map((each) => (rounds.includes(each.slot.round) ? { ...each, afterSlotMs: null } : each));
    expect(measured(distanceOf(deaf(0), deaf(4))).distanceM).toBeGreaterThan(0);
    expect(distanceOf(deaf(0, 1), deaf(4))).toEqual({ verdict: "unheard" });
    expect(distanceOf([], [])).toEqual({ verdict: "unheard" });
  });
});
