import { beforeEach, describe, expect, it } from "vitest";
import { EMPTY_PLAN, type Plan } from "../director/index.ts";
import type { FileId } from "../lib/index.ts";
import type { Player, Timeline } from "../playback/index.ts";
import type { ClockState, OffsetEstimate, SharedClock } from "../timing/index.ts";
import { Conductor } from "./conductor.ts";

const songId = "5".repeat(64) as FileId;
/** In "north" global ms = local ms; in "south", a server that was started later, 1 000 000 ms less. */
const offsetsMs = { north: 0, south: 1_000_000 };

type ClockId = keyof typeof offsetsMs;

const estimateOf = (clockId: ClockId): OffsetEstimate => ({
  clockId,
  atLocalMs: 2_000_000,
  offsetMs: offsetsMs[clockId],
  driftPpm: 0,
  uncertaintyMs: 0.1,
  boundMs: 0.1,
  rttMs: 1,
  probes: 9,
  sinceLocalMs: 0,
});

/** Began at local 2 000 000 ms, told in the named clock. */
const playing = (clockId: ClockId, rev: number): Plan => ({
  ...EMPTY_PLAN,
  term: 1,
  rev,
  clockId,
  fileId: songId,
  state: "playing",
  globalStartUs: (2_000_000 - offsetsMs[clockId]) * 1_000,
});

/** A player that has the song, and a clock that is locked. */
class Desk {
  estimate: OffsetEstimate | null = estimateOf("north");
  state: ClockState = "locked";
  timeline: Timeline | null = null;
  redirects = 0;
  readonly conductor: Conductor;

  constructor() {
    const desk = this;
    const player = {
      sampleRate: 48_000,
      loadedId: songId,
      isUnlocked: true,
      play: (timeline: Timeline) => {
        desk.timeline = timeline;
      },
      stop: () => {
        desk.timeline = null;
      },
      redirect: () => {
        desk.redirects += 1;
      },
    };
    const clock = {
      get estimate() {
        return desk.estimate;
      },
      get state() {
        return desk.state;
      },
    };
    this.conductor = new Conductor({
      clock: clock as unknown as SharedClock,
      player: player as unknown as Player,
      readFile: () => null,
      noteOf: () => null,
      onRefused: () => undefined,
      onChange: () => undefined,
    });
  }

  /** Seconds into the song that the loudspeaker is told to be at; null while it is silent. */
  at(localMs: number): number | null {
    return this.timeline?.(localMs) ?? null;
  }
}

let desk: Desk;

beforeEach(() => {
  desk = new Desk();
  desk.conductor.follow(playing("north", 1), 2_000_000);
});

describe("the plan at the loudspeaker", () => {
  it("[T10] goes on unmoved when it comes in a clock that this device does not know yet", () => {
    desk.conductor.follow(playing("south", 2), 2_010_000);
    expect(desk.at(2_011_000)).toBeCloseTo(11, 6);
    desk.estimate = estimateOf("south");
    desk.conductor.follow(playing("south", 2), 2_011_000);
    expect(desk.at(2_012_000)).toBeCloseTo(12, 6);
    expect(desk.conductor.positionSecAt(2_012_000)).toBeCloseTo(12, 6);
  });

  it("[T10] goes on unmoved when a director that slept brings it back in the clock of a former server", () => {
    desk.estimate = estimateOf("south");
    desk.conductor.follow(playing("south", 2), 2_010_000);
    desk.conductor.follow(playing("north", 1), 2_011_000);
    expect(desk.at(2_012_000)).toBeCloseTo(12, 6);
    desk.conductor.follow(playing("south", 3), 2_013_000);
    expect(desk.at(2_014_000)).toBeCloseTo(14, 6);
    expect(desk.redirects).toBe(0);
  });

  it("crosses over once when it moves within its clock", () => {
    const moved = { ...playing("north", 2), positionUs: 60e6 };
    desk.conductor.follow(moved, 2_010_000);
    desk.conductor.follow(moved, 2_010_200);
    expect(desk.at(2_011_000)).toBeCloseTo(71, 6);
    expect(desk.redirects).toBe(1);
  });

  it("[T12] is silent after a sleep, and enters where the song is by then", () => {
    desk.conductor.slept();
    [desk.estimate, desk.state] = [null, "unsynced"];
    desk.conductor.follow(playing("north", 1), 2_010_000);
    expect(desk.at(2_010_000)).toBeNull();
    // Local time stood still for 30 s.
    [desk.estimate, desk.state] = [{ ...estimateOf("north"), offsetMs: -30_000 }, "locked"];
    desk.conductor.follow(playing("north", 1), 2_010_500);
    expect(desk.at(2_011_000)).toBeCloseTo(41, 6);
  });
});
