import { describe, expect, it } from "vitest";
import {
  Director,
  EMPTY_QUEUE,
  LONGEST_WAIT_MS,
  type PlanChange,
  positionUsAt,
  type Readiness,
} from "../../director/index.ts";
import type { EntryId, FileId, UserId } from "../../lib/index.ts";
import { START_STANDSTILL_MS } from "../../protocol/constants/director.gen.ts";
import { PlanPolicy } from "./plan-policy.ts";

const id = (letter: string) => letter.repeat(32) as UserId;
const songId = "5".repeat(64) as FileId;
const SONG = { entryId: "5".repeat(16) as EntryId, fileId: songId };
const OTHER = { entryId: "6".repeat(16) as EntryId, fileId: "6".repeat(64) as FileId };
const ready: Readiness = {
  userId: id("a"),
  isAway: false,
  isReady: true,
  isUnable: false,
  rttMs: 10,
  speakerDelayMs: 0,
  startMs: 1_290,
};

/** Ada directs alone; global time = local time, in the clock `clockId`. */
function room() {
  const director = new Director(id("a"));
  director.attach([], true, 0);
  const state = {
    clockId: "north",
    readiness: [ready],
    /** By which the loudspeaker plays, in the clock `soundingClockId`; null: it is silent. */
    soundingUs: null as number | null,
    durationSec: null as number | null,
    isOldClockKnown: true,
    clockState: "locked" as "locked" | "coarse",
    passedOver: [] as UserId[],
  };
  const writer = new PlanPolicy({
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
          sinceLocalMs: 0,
        };
      },
      get state() {
        return state.clockState;
      },
      globalUsAt: (localMs) => localMs * 1000,
      toCurrentClock: (globalUs) => (state.isOldClockKnown ? globalUs + 7 : null),
    },
    controller: {
      soundingAt: () => (state.soundingUs === null ? null : { clockId: "north", globalUs: state.soundingUs }),
    },
    queue: () => EMPTY_QUEUE,
    durationUsOf: () => state.durationSec && state.durationSec * 1e6,
    readiness: () => state.readiness,
    onPassedOver: (userIds) => state.passedOver.push(...userIds),
  });
  const write = (change: PlanChange | null) => change && director.changePlan(change, 0);
  return { director, state, writer, write };
}

describe("what the director writes", () => {
  it("[D13] starts a prepared file once all are ready, with the lead after now", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(SONG, 0));
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
    write(writer.prepare(SONG, 0));
    state.readiness = [ready, { ...ready, userId: id("b"), isReady: false }];
    writer.forceStart();
    write(writer.tick(1_000));
    expect(director.plan.state).toBe("playing");
    write(writer.prepare(SONG, 0));
    expect(writer.tick(9_000)).toBeNull();
  });

  it("[T10] moves a playing plan to a new server's clock without moving the song", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(SONG, 0));
    write(writer.tick(1_000));
    [state.clockId, state.soundingUs] = ["south", 44_500_000];
    write(writer.tick(50_000));
    expect(director.plan).toMatchObject({ clockId: "south", globalStartUs: 8_000_000, state: "playing" });
    expect(positionUsAt(director.plan, 50_000_000)).toBe(42_000_000);
    expect(writer.tick(50_200)).toBeNull();
  });

  it("[T10] moves a start that is still ahead", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(SONG, 0));
    write(writer.tick(1_000));
    [state.clockId, state.soundingUs] = ["south", 2_000_000];
    write(writer.tick(2_000));
    expect(director.plan).toMatchObject({ globalStartUs: 2_500_000, positionUs: 0 });
  });

  it("says nothing while somebody else directs", () => {
    const { director, writer, write } = room();
    write(writer.prepare(SONG, 0));
    const theirs = { term: 9, userId: id("b"), resigned: false };
    director.receiveHeartbeat(id("b"), { record: theirs, plan: director.plan }, 10);
    expect(writer.tick(1_000)).toBeNull();
  });

  it("[TR1] [TR2] pauses at the plan's place, and Play of that song goes on from there", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(SONG, 0));
    write(writer.tick(1_000));
    state.durationSec = 180;
    write(writer.pause(44_500));
    expect(director.plan).toMatchObject({ state: "stopped", fileId: songId, positionUs: 42_000_000 });
    expect(writer.pause(45_000)).toBeNull();
    write(writer.prepare(SONG, director.plan.positionUs));
    write(writer.tick(60_000));
    expect(director.plan).toMatchObject({ globalStartUs: 61_500_000, positionUs: 42_000_000 });
  });

  it("[TR1] another song than the paused one begins at its beginning", () => {
    const { director, writer, write } = room();
    write(writer.prepare(SONG, 0));
    write(writer.tick(1_000));
    write(writer.pause(44_500));
    write(writer.prepare(OTHER, 0));
    expect(director.plan).toMatchObject({ state: "preparing", positionUs: 0 });
  });

  it("[TR2] a pause before the song has set in, or after its end, keeps a place within it", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(SONG, 0));
    write(writer.tick(1_000));
    write(writer.pause(1_100));
    expect(director.plan).toMatchObject({ state: "stopped", positionUs: 0 });
    write(writer.prepare(SONG, 0));
    write(writer.tick(2_000));
    state.durationSec = 180;
    write(writer.pause(184_000));
    expect(director.plan).toMatchObject({ state: "stopped", positionUs: 180_000_000 });
  });

  it("[TR2] a pause in a clock that is gone keeps what this loudspeaker has reached", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(SONG, 0));
    write(writer.tick(1_000));
    [state.clockId, state.soundingUs] = ["south", 44_500_000];
    write(writer.pause(60_000));
    expect(director.plan.positionUs).toBeCloseTo(42_000_000, 0);
  });

  it("[TR3] [TR5] seeks a playing song from the present moment, and ends within the song", () => {
    const { director, state, writer, write } = room();
    expect(writer.seek(10, 500)).toBeNull();
    write(writer.prepare(SONG, 0));
    write(writer.tick(1_000));
    state.durationSec = 180;
    write(writer.seek(90, 50_000));
    expect(director.plan).toMatchObject({
      state: "playing",
      globalStartUs: 50_000_000,
      positionUs: 90_000_000,
    });
    write(writer.seek(999, 51_000));
    expect(director.plan.positionUs).toBe(179_000_000);
    write(writer.seek(-5, 52_000));
    expect(director.plan.positionUs).toBe(0);
  });

  it("[TR3] a seek waits until the plan is in the clock of now", () => {
    const { state, writer, write } = room();
    write(writer.prepare(SONG, 0));
    write(writer.tick(1_000));
    state.clockId = "south";
    expect(writer.seek(90, 50_000)).toBeNull();
  });

  it("[TR4] seeks a paused song by moving the place that is kept", () => {
    const { director, writer, write } = room();
    write(writer.prepare(SONG, 0));
    write(writer.tick(1_000));
    write(writer.pause(44_500));
    write(writer.seek(7, 50_000));
    expect(director.plan).toMatchObject({ state: "stopped", fileId: songId, positionUs: 7_000_000 });
  });

  it("[TR7] moves a start that is still ahead, with its place in the song", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(SONG, 0));
    write(writer.seek(42, 500));
    write(writer.tick(1_000));
    [state.clockId, state.soundingUs] = ["south", 2_000_000];
    write(writer.tick(2_000));
    expect(director.plan).toMatchObject({ globalStartUs: 2_500_000, positionUs: 42_000_000 });
  });

  it("[D16] who knows the old clock steps in for a director that evidently does not", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(SONG, 0));
    write(writer.tick(1_000));
    const theirs = { term: 9, userId: id("b"), resigned: false };
    director.receiveHeartbeat(id("b"), { record: theirs, plan: director.plan }, 10);
    [state.clockId, state.soundingUs] = ["south", 42_000_000];
    writer.tick(2_000);
    expect(writer.isStranded(9_900)).toBe(false);
    expect(writer.isStranded(10_000)).toBe(true);
    state.soundingUs = null; // it is silent here, but the clock is known
    expect(writer.isStranded(10_000)).toBe(true);
    state.isOldClockKnown = false;
    expect(writer.isStranded(10_000)).toBe(false);
  });

  it("[D17] stops a song whose clock nobody has met", () => {
    const { director, state, writer, write } = room();
    write(writer.prepare(SONG, 0));
    write(writer.tick(1_000));
    [state.clockId, state.isOldClockKnown] = ["south", false];
    write(writer.tick(2_000));
    write(writer.tick(13_900));
    expect(director.plan.state).toBe("playing");
    write(writer.tick(14_000));
    expect(director.plan.state).toBe("stopped");
  });
});

describe("a start that somebody never becomes ready for", () => {
  const bo: Readiness = { ...ready, userId: id("b"), isReady: false, progress: 3 };

  it("[D22] [D24] goes on without them, says so ahead, and names them", () => {
    const { state, writer, write } = room();
    state.readiness = [ready, bo];
    write(writer.prepare(SONG, 0));
    expect(writer.tick(0)).toBeNull();
    expect(writer.waiting(10_000)).toEqual({
      missing: [bo.userId],
      withoutInMs: START_STANDSTILL_MS - 10_000,
    });
    expect(writer.tick(START_STANDSTILL_MS - 1)).toBeNull();
    expect(writer.tick(START_STANDSTILL_MS)?.state).toBe("playing");
    expect(state.passedOver).toEqual([bo.userId]);
  });

  it("[D22] waits anew when the same song is prepared again, by whomever", () => {
    const { director, state, writer, write } = room();
    state.readiness = [ready];
    write(writer.prepare(SONG, 0));
    write(writer.tick(0));
    expect(director.plan.state).toBe("playing");
    state.readiness = [ready, bo];
    write(writer.stop());
    write(writer.prepare(SONG, 0));
    expect(writer.tick(LONGEST_WAIT_MS)).toBeNull();
    expect(writer.tick(LONGEST_WAIT_MS + START_STANDSTILL_MS - 1)).toBeNull();
    expect(writer.tick(LONGEST_WAIT_MS + START_STANDSTILL_MS)?.state).toBe("playing");
  });

  it("[D22] [D24] says no time while nobody is ready, and passes over nobody whom the director did not wait for", () => {
    const { state, writer, write } = room();
    state.readiness = [{ ...ready, isReady: false }, bo];
    write(writer.prepare(SONG, 0));
    expect(writer.tick(0)).toBeNull();
    expect(writer.waiting(2 * START_STANDSTILL_MS)).toEqual({
      missing: [id("a"), bo.userId],
      withoutInMs: null,
    });
    writer.forceStart();
    expect(writer.tick(2 * START_STANDSTILL_MS)?.state).toBe("playing");
    expect(state.passedOver).toEqual([]);
  });

  it("[D23] is left to another when it is the director's clock that never locks", () => {
    const { state, writer, write } = room();
    state.clockState = "coarse";
    state.readiness = [
      { ...ready, isReady: false },
      { ...bo, isReady: true },
    ];
    write(writer.prepare(SONG, 0));
    expect(writer.tick(1_000)).toBeNull();
    expect(writer.isClockless(1_000 + START_STANDSTILL_MS - 1)).toBe(false);
    expect(writer.isClockless(1_000 + START_STANDSTILL_MS)).toBe(true);
    state.readiness = [{ ...ready, isReady: false }, bo];
    expect(writer.isClockless(1_000 + START_STANDSTILL_MS)).toBe(false); // nobody could do better
    state.clockState = "locked";
    writer.tick(1_000 + START_STANDSTILL_MS);
    expect(writer.isClockless(9e9)).toBe(false);
  });
});
