import { describe, expect, it } from "vitest";
import { Director, type PlanChange, type Readiness } from "../director/index.ts";
import type { FileId, UserId } from "../lib/index.ts";
import { PlanWriter } from "./plan-writer.ts";

const id = (letter: string) => letter.repeat(32) as UserId;
const songId = "5".repeat(64) as FileId;
const ready: Readiness = {
  userId: id("a"),
  isAway: false,
  isReady: true,
  isUnable: false,
  rttMs: 10,
  speakerDelayMs: 0,
};

/** Ada directs alone; global time = local time, in the clock `clockId`. */
function room() {
  const director = new Director(id("a"));
  director.attach([], true, 0);
  const state = {
    clockId: "north",
    readiness: [ready],
    positionSec: null as number | null,
    durationSec: null as number | null,
    speakerDelayMs: 0,
    isOldClockKnown: true,
    isOverElsewhere: false,
  };
  const writer = new PlanWriter({
    director,
    clock: {
      get estimate() {
        const { clockId } = state;
        return {
          clockId,
          atLocalMs: 0,
          offsetMs: 0,
          driftPpm: 0,
          uncertaintyMs: 0,
          boundMs: 0,
          rttMs: 0,
          probes: 9,
        };
      },
      state: "locked",
      globalUsAt: (localMs) => localMs * 1000,
      toCurrentClock: (globalUs) => (state.isOldClockKnown ? globalUs + 7 : null),
    },
    positionSecAt: () => state.positionSec,
    durationSec: () => state.durationSec,
    readiness: () => state.readiness,
    speakerDelayMs: () => state.speakerDelayMs,
    isOverElsewhere: () => state.isOverElsewhere,
  });
  const write = (change: PlanChange | null) => change && director.changePlan(change, 0);
  return { director, state, writer, write };
}

describe("what the director writes", () => {
  it("[D13] starts a prepared file once all are ready, with the lead after now", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(songId));
    state.readiness = [ready, { ...ready, userId: id("b"), isReady: false }];
    expect(writer.tick(1_000)).toBeNull();
    state.readiness = [ready, { ...ready, userId: id("b") }];
    write(writer.tick(1_000));
    expect(director.plan).toMatchObject({
      state: "playing",
      fileId: songId,
      globalStartUs: 2_500_000,
      positionUs: 0,
    });
  });

  it("[D14] starts without those who are missing when told to, and only then", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(songId));
    state.readiness = [ready, { ...ready, userId: id("b"), isReady: false }];
    writer.forceStart();
    write(writer.tick(1_000));
    expect(director.plan.state).toBe("playing");
    write(writer.prepare(songId));
    expect(writer.tick(9_000)).toBeNull();
  });

  it("ends a song a second after its last sample", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(songId));
    write(writer.tick(1_000));
    [state.positionSec, state.durationSec] = [180.9, 180];
    expect(writer.tick(200_000)).toBeNull();
    state.positionSec = 181.1;
    write(writer.tick(200_300));
    expect(director.plan).toMatchObject({ state: "stopped", fileId: null });
  });

  it("[D19] starts for the others what it cannot play itself, and learns from them where it ends", () => {
    const { director, state, writer, write } = room();
    state.readiness = [
      { ...ready, isReady: false, isUnable: true },
      { ...ready, userId: id("b") },
    ];
    write(writer.prepare(songId));
    write(writer.tick(1_000));
    expect(director.plan).toMatchObject({ state: "playing", fileId: songId });
    expect(writer.tick(190_000)).toBeNull();
    state.isOverElsewhere = true;
    write(writer.tick(190_200));
    expect(director.plan).toMatchObject({ state: "stopped", fileId: null });
  });

  it("[D19] does not take the end of the song before for that of this one", () => {
    const { state, writer, write } = room();
    write(writer.prepare(songId));
    write(writer.tick(1_000));
    state.isOverElsewhere = true;
    expect(writer.tick(2_500)).toBeNull();
    expect(writer.tick(5_400)).toBeNull();
    expect(writer.tick(5_600)).toMatchObject({ state: "stopped" });
  });

  it("[T10] moves a playing plan to a new server's clock without moving the song", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(songId));
    write(writer.tick(1_000));
    [state.clockId, state.positionSec, state.speakerDelayMs] = ["south", 42.12, 120];
    write(writer.tick(50_000));
    expect(director.plan).toMatchObject({ clockId: "south", globalStartUs: 50_000_000, state: "playing" });
    expect(director.plan.positionUs).toBeCloseTo(42_000_000, 0);
    expect(writer.tick(50_200)).toBeNull();
  });

  it("[T10] moves a start that is still ahead", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(songId));
    write(writer.tick(1_000));
    [state.clockId, state.positionSec] = ["south", -0.5];
    write(writer.tick(2_000));
    expect(director.plan).toMatchObject({ globalStartUs: 2_500_000, positionUs: 0 });
  });

  it("says nothing while somebody else directs", () => {
    const { director, writer, write } = room();
    write(writer.prepare(songId));
    const theirs = { term: 9, userId: id("b"), resigned: false };
    director.receiveBeat(id("b"), { record: theirs, plan: director.plan }, 10);
    expect(writer.tick(1_000)).toBeNull();
  });

  it("[D16] who knows the old clock steps in for a director that evidently does not", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(songId));
    write(writer.tick(1_000));
    const theirs = { term: 9, userId: id("b"), resigned: false };
    director.receiveBeat(id("b"), { record: theirs, plan: director.plan }, 10);
    [state.clockId, state.positionSec] = ["south", 42];
    writer.tick(2_000);
    expect(writer.isStranded(9_900)).toBe(false);
    expect(writer.isStranded(10_000)).toBe(true);
    state.positionSec = null; // it is silent here, but the clock is known
    expect(writer.isStranded(10_000)).toBe(true);
    state.isOldClockKnown = false;
    expect(writer.isStranded(10_000)).toBe(false);
  });

  it("[D17] stops a song whose clock nobody has met", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(songId));
    write(writer.tick(1_000));
    [state.clockId, state.isOldClockKnown] = ["south", false];
    write(writer.tick(2_000));
    write(writer.tick(13_900));
    expect(director.plan.state).toBe("playing");
    write(writer.tick(14_000));
    expect(director.plan.state).toBe("stopped");
  });
});
