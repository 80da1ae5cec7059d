import { beforeEach, describe, expect, it } from "vitest";
import type { Lane, Player, Role, SoundFile, Timeline } from "../audio/index.ts";
import { fileOf } from "../audio/testing/byte-source.ts";
import type { ClockState, OffsetEstimate, SyncedClock } from "../clock/index.ts";
import { EMPTY_PLAN, type Plan } from "../director/index.ts";
import { type FileId, SoundTooLong, Undecodable } from "../lib/index.ts";
import { MAX_FILE_TROUBLES } from "../protocol/constants/session.gen.ts";
import type { Tones } from "./core/playback-target.ts";
import { readReadyFileId } from "./core/readiness.ts";
import { PlaybackController } from "./playback-controller.ts";

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
  lanes: readonly Lane[] = [];
  isUnable = false;
  role: Role = "all";
  readonly player: Player;
  readonly clock: SyncedClock;
  readonly controller: PlaybackController;

  constructor() {
    const desk = this;
    const player = {
      get isUnable() {
        return desk.isUnable;
      },
      get sampleRate() {
        return desk.isUnable ? null : 48_000;
      },
      isSettled: true,
      isLoaded: (fileId: string) => fileId === songId,
      lengthOf: () => null,
      keepOnly: () => undefined,
      openAheadSec: 30,
      isUnlocked: true,
      setLanes: (lanes: readonly Lane[]) => {
        desk.lanes = lanes;
      },
      play: (timeline: Timeline) => {
        desk.timeline = timeline;
      },
      stop: () => {
        desk.timeline = null;
      },
      redirect: () => undefined,
      setRole: (role: Role) => {
        desk.role = role;
      },
      loadSound: () => undefined,
      rest: () => undefined,
    };
    const clock = {
      globalUsAt: (localMs: number) => desk.estimate && (localMs - desk.estimate.offsetMs) * 1_000,
      get estimate() {
        return desk.estimate;
      },
      get state() {
        return desk.state;
      },
    };
    this.clock = clock as unknown as SyncedClock;
    this.player = player as unknown as Player;
    this.controller = new PlaybackController({
      clock: this.clock,
      player: this.player,
      fileOf: () => null,
      annotationOf: () => null,
      onChange: () => undefined,
    });
  }

  follow(plan: Plan, localMs: number, role: Role = "all", tones: Tones | null = null): void {
    const { player, clock } = this;
    const isReady = readReadyFileId({ plan, player, clock }) === plan.fileId;
    this.controller.follow({ plan, stretches: [], isReady, speakerDelayMs: 0, role, tones }, localMs);
  }

  /** Seconds into the song that the loudspeaker is told to be at; null while it is silent. */
  at(localMs: number): number | null {
    const [lane] = this.lanes;
    return this.timeline && lane ? this.timeline(localMs) - lane.startSec + lane.fromSec : null;
  }
}

let desk: Desk;

beforeEach(() => {
  desk = new Desk();
  desk.follow(playing("north", 1), 2_000_000);
});

describe("the plan at the loudspeaker", () => {
  it("[G11] is left to the others by a device that cannot sound, so that nobody waits for it", () => {
    desk = new Desk();
    desk.isUnable = true;
    desk.follow({ ...playing("north", 1), fileId: "6".repeat(64) as FileId, state: "preparing" }, 0);
    expect(desk.controller.refusalOf("6".repeat(64) as FileId)).not.toBeNull();
  });

  it("[R11] is heard in this device's role, and chirps and clicks are heard whole", () => {
    const chirps = { id: "chirps", durationSec: 1, channel: () => new Float32Array(48_000), secAt: () => 0 };
    desk.follow(playing("north", 1), 2_000_100, "low");
    expect(desk.role).toBe("low");
    desk.follow({ ...playing("north", 2), state: "stopped" }, 2_000_200, "low");
    expect(desk.role).toBe("low");
    desk.follow({ ...playing("north", 2), state: "stopped" }, 2_000_300, "low", chirps);
    expect(desk.role).toBe("all");
    expect(desk.timeline).not.toBeNull();
    // A song that begins before they are over is a song.
    desk.follow(playing("north", 3), 2_000_400, "low", chirps);
    expect(desk.role).toBe("low");
  });

  it("[T10] goes on unmoved when it comes in a clock that this device does not know yet", () => {
    desk.follow(playing("south", 2), 2_010_000);
    expect(desk.at(2_011_000)).toBeCloseTo(11, 6);
    desk.estimate = estimateOf("south");
    desk.follow(playing("south", 2), 2_011_000);
    expect(desk.at(2_012_000)).toBeCloseTo(12, 6);
    expect(desk.controller.positionSecAt(2_012_000)).toBeCloseTo(12, 6);
  });

  it("[T10] goes on unmoved when a director that slept brings it back in the clock of a former server", () => {
    desk.estimate = estimateOf("south");
    desk.follow(playing("south", 2), 2_010_000);
    desk.follow(playing("north", 1), 2_011_000);
    expect(desk.at(2_012_000)).toBeCloseTo(12, 6);
    desk.follow(playing("south", 3), 2_013_000);
    expect(desk.at(2_014_000)).toBeCloseTo(14, 6);
    expect(desk.lanes).toHaveLength(1);
  });

  it("has its song elsewhere on the line when it moves within its clock", () => {
    const before = desk.lanes;
    const moved = { ...playing("north", 2), positionUs: 60e6 };
    desk.follow(moved, 2_010_000);
    desk.follow(moved, 2_010_200);
    expect(desk.at(2_011_000)).toBeCloseTo(71, 6);
    expect(desk.lanes).not.toEqual(before);
    expect(desk.timeline?.(2_011_000)).toBeCloseTo(11, 6);
  });

  it("[T12] is silent after a sleep, and enters where the song is by then", () => {
    desk.controller.slept();
    [desk.estimate, desk.state] = [null, "unsynced"];
    desk.follow(playing("north", 1), 2_010_000);
    expect(desk.at(2_010_000)).toBeNull();
    // Local time stood still for 30 s.
    [desk.estimate, desk.state] = [{ ...estimateOf("north"), offsetMs: -30_000 }, "locked"];
    desk.follow(playing("north", 1), 2_010_500);
    expect(desk.at(2_011_000)).toBeCloseTo(41, 6);
  });
});

/** A playback controller before any song is decoded; the test says how reading and decoding end. */
class Workbench {
  loadedId: FileId | null = null;
  decodedSec = 30;
  changes = 0;
  stops = 0;
  readonly decodes: { fileId: FileId; succeed: () => void; fail: (error: unknown) => void }[] = [];
  readonly controller: PlaybackController;
  #rev = 1;

  constructor() {
    const player = {
      sampleRate: 48_000,
      isUnlocked: true,
      isLoaded: (fileId: string) => this.loadedId === fileId,
      lengthOf: () => ({ durationSec: 30, decodedSec: this.decodedSec }),
      keepOnly: () => undefined,
      openAheadSec: 30,
      load: (fileId: FileId, _: SoundFile, isWanted: () => boolean) =>
        new Promise<void>((resolve, reject) => {
          const succeed = () => {
            if (isWanted()) this.loadedId = fileId;
            resolve();
          };
          this.decodes.push({ fileId, succeed, fail: reject });
        }),
      stop: () => {
        this.stops += 1;
      },
      rest: () => undefined,
      setRole: () => undefined,
    };
    this.controller = new PlaybackController({
      clock: { estimate: null, state: "unsynced" } as unknown as SyncedClock,
      player: player as unknown as Player,
      fileOf: () => fileOf(new Uint8Array(1)),
      annotationOf: () => null,
      onChange: () => {
        this.changes += 1;
      },
    });
  }

  /** Somebody presses Play, and some ticks pass. */
  async play(fileId: FileId): Promise<void> {
    const plan: Plan = { ...EMPTY_PLAN, term: 1, rev: this.#rev++, fileId, state: "preparing" };
    for (let tick = 0; tick < 5; tick++) {
      this.controller.follow(
        { plan, stretches: [], isReady: false, speakerDelayMs: 0, role: "all", tones: null },
        0,
      );
      await settled();
    }
  }

  async end(at: number, how: "succeed" | "fail", error?: unknown): Promise<void> {
    this.decodes[at]?.[how](error);
    await settled();
  }
}

/** Reading, decoding and what follows from it are a handful of promises. */
const settled = async (): Promise<void> => {
  for (let step = 0; step < 10; step++) await Promise.resolve();
};
const otherId = "6".repeat(64) as FileId;

describe("a song that turned out to be another than what sounds", () => {
  it("[P84] is loaded once more while the former sounds, and lined up anew", async () => {
    const bench = new Workbench();
    bench.controller.reopen(songId);
    expect(bench.decodes).toHaveLength(0); // nothing sounds
    await bench.play(songId);
    await bench.end(0, "succeed");
    bench.decodedSec = 20;
    bench.controller.reopen(songId);
    bench.controller.reopen(songId);
    expect(bench.decodes).toHaveLength(2);
    const stops = bench.stops;
    await bench.play(songId);
    expect(bench.stops).toBe(stops + 5); // as every tick while it is prepared
    await bench.end(1, "succeed");
    expect(bench.stops).toBe(stops + 6);
    expect(bench.controller.shortageOf(songId)).toEqual({ heardSec: 20, wholeSec: 30 });
    await bench.play(songId);
    expect(bench.decodes).toHaveLength(2);
  });
});

describe("a song that does not decode", () => {
  it.each([
    new RangeError("Array buffer allocation failed"),
    new Undecodable("refused", "AIFF"),
    new Undecodable("late", null),
    "a word",
  ])("[P38] is refused once, and tried once more when somebody presses Play again: %s", async (failure) => {
    const bench = new Workbench();
    await bench.play(songId);
    await bench.end(0, "fail", failure);
    expect(bench.controller.refusalOf(songId)).toMatchObject({ code: "file-undecodable" });
    expect(bench.controller.troubles.get(songId)).toBe("undecodable");
    expect(bench.decodes).toHaveLength(1);
    await bench.play(songId);
    expect(bench.decodes).toHaveLength(2);
    expect(bench.controller.refusalOf(songId)).toBeNull();
    await bench.end(1, "fail", failure);
    await bench.play(songId);
    await bench.play(songId);
    expect(bench.decodes).toHaveLength(2);
    expect(bench.controller.refusalOf(songId)).not.toBeNull();
  });

  it("[P38] keeps the cause of what nobody foresaw", async () => {
    const bench = new Workbench();
    await bench.play(songId);
    const cause = new RangeError("full");
    await bench.end(0, "fail", cause);
    expect(bench.controller.refusalOf(songId)).toMatchObject({ reason: "failed", cause });
  });

  it("[P18] is not tried again when it is too long", async () => {
    const bench = new Workbench();
    await bench.play(songId);
    await bench.end(0, "fail", new SoundTooLong(3_600, 600));
    await bench.play(songId);
    expect(bench.decodes).toHaveLength(1);
    expect(bench.controller.troubles.get(songId)).toBe("too-long");
  });

  it("[P38] keeps nobody from another song while it is still being decoded", async () => {
    const bench = new Workbench();
    await bench.play(songId);
    await bench.play(otherId);
    expect(bench.decodes.map(({ fileId }) => fileId)).toEqual([songId, otherId]);
    await bench.end(1, "succeed");
    expect(bench.loadedId).toBe(otherId);
    expect(bench.controller.isDecoding).toBe(false);
    await bench.end(0, "succeed");
    expect(bench.loadedId).toBe(otherId); // what comes late is thrown away
  });

  it("[P38] comes to nothing when its session has been left meanwhile", async () => {
    const bench = new Workbench();
    await bench.play(songId);
    bench.controller.close();
    await bench.end(0, "succeed");
    await bench.play(otherId);
    expect(bench.loadedId).toBeNull();
    expect(bench.decodes).toHaveLength(1);
  });

  it("[P38] is taken up where it was when it is wanted again before that", async () => {
    const bench = new Workbench();
    await bench.play(songId);
    await bench.play(otherId);
    await bench.play(songId);
    expect(bench.decodes).toHaveLength(2);
    await bench.end(0, "succeed");
    expect(bench.loadedId).toBe(songId);
    expect(bench.controller.isDecoding).toBe(false);
  });

  it("[S34] is kept in mind among the latest 256, whoever offers bad songs without end", () => {
    const bench = new Workbench();
    const fileIdOf = (at: number) => at.toString(16).padStart(64, "0") as FileId;
    for (let at = 0; at < 400; at++) {
      bench.controller.refuse(fileIdOf(2 * at), new Undecodable("refused", "AIFF"));
      bench.controller.measured(fileIdOf(2 * at + 1), 1, 9);
    }
    expect(bench.controller.troubles.size).toBe(2 * MAX_FILE_TROUBLES);
    expect(bench.controller.shortageOf(fileIdOf(1))).toBeNull();
    expect(bench.controller.shortageOf(fileIdOf(799))).toEqual({ heardSec: 1, wholeSec: 9 });
  });

  it("[P39] is noted as short where it came to less than its container says", async () => {
    const bench = new Workbench();
    bench.decodedSec = 10;
    await bench.play(songId);
    await bench.end(0, "succeed");
    expect(bench.controller.shortageOf(songId)).toEqual({ heardSec: 10, wholeSec: 30 });
    expect(bench.controller.troubles.get(songId)).toBe("short");
    expect(bench.controller.refusalOf(songId)).toBeNull();
  });
});
