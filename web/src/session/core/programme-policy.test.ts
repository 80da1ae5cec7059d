import { describe, expect, it } from "vitest";
import {
  Director,
  type Plan,
  programme,
  type Queue,
  type QueueEntry,
  type Readiness,
  type SkipReason,
  stamped,
} from "../../director/index.ts";
import { EMPTY_QUEUE } from "../../director/queue.ts";
import type { EntryId, FileId, UserId } from "../../lib/index.ts";
import { NEXT_PATIENCE_MS, SKIP_AFTER_MS } from "../../protocol/constants/director.gen.ts";
import { PlanPolicy } from "./plan-policy.ts";
import { type ProgrammeChange, ProgrammePolicy } from "./programme-policy.ts";

const ADA = "a".repeat(32) as UserId;
const BO = "b".repeat(32) as UserId;
const id = (name: string) => name.padEnd(16, "0") as EntryId;
const file = (name: string) => name.padEnd(64, "f") as FileId;
const SEC = 1e6;
const ready: Readiness = {
  userId: ADA,
  isAway: false,
  isReady: true,
  isUnable: false,
  rttMs: 0,
  speakerDelayMs: 0,
  startMs: 800,
};

/** Ada directs alone; global time is local time in the clock `north`, and a song starts a second after it is prepared. */
class Desk {
  readonly director = new Director(ADA);
  queue: Queue = EMPTY_QUEUE;
  readiness = [ready];
  durationsSec = new Map<string, number>();
  decodedSec: number | null = null;
  skips = new Map<string, SkipReason>();
  positionSec: number | null = null;
  isOverElsewhere = false;
  isHeardElsewhere = false;
  clockId = "north";
  localMs = 0;
  readonly planPolicy: PlanPolicy;
  readonly policy: ProgrammePolicy;

  constructor(...songs: readonly (readonly [name: string, durationSec: number | null])[]) {
    const desk = this;
    const { director } = this;
    director.attach([], true, 0);
    const clock = {
      state: "locked" as const,
      get estimate() {
        return { clockId: desk.clockId } as never;
      },
      globalUsAt: (localMs: number) => localMs * 1000,
      toCurrentClock: (globalUs: number) => globalUs,
    };
    const controller = { soundingAt: () => null, positionSecAt: () => this.positionSec };
    const queue = () => this.queue;
    const durationUsOf = (fileId: FileId) => {
      const sec = this.durationsSec.get(fileId[0] ?? "");
      return sec === undefined ? null : sec * SEC;
    };
    this.planPolicy = new PlanPolicy({
      director,
      clock,
      controller,
      queue,
      durationUsOf: ({ fileId }) => fileId && durationUsOf(fileId),
      readiness: () => this.readiness,
    });
    this.policy = new ProgrammePolicy({
      me: ADA,
      director,
      planPolicy: this.planPolicy,
      clock,
      controller,
      queue,
      durationUsOf,
      decodedUsOf: () => (this.decodedSec === null ? null : this.decodedSec * SEC),
      skipReasonOf: (fileId) => this.skips.get(fileId[0] ?? "") ?? null,
      isOverElsewhere: () => this.isOverElsewhere,
      isHeardElsewhere: () => this.isHeardElsewhere,
    });
    const entries = songs.map(([name, durationSec]): QueueEntry => {
      if (durationSec !== null) this.durationsSec.set(name, durationSec);
      const durationUs = durationSec === null ? null : durationSec * SEC;
      return { entryId: id(name), fileId: file(name), addedBy: BO, durationUs, skipped: null, boosts: [] };
    });
    this.#write({ queue: { ...EMPTY_QUEUE, entries } });
  }

  get plan(): Plan {
    return this.director.plan;
  }

  get shown(): string {
    const { state, entryId } = this.plan;
    const names = (entries: readonly QueueEntry[]) =>
      entries.map((entry) => `${entry.entryId[0]}${entry.skipped ? "!" : ""}`).join("");
    return `${state} ${entryId?.[0] ?? "-"} of ${names(this.queue.entries)}, played ${names(this.queue.played)}`;
  }

  does(change: ProgrammeChange | { readonly refusal: string } | null): this {
    if (change && "refusal" in change) throw new Error(change.refusal);
    this.#write(change);
    return this;
  }

  play(name: string): this {
    return this.does(this.policy.play(file(name), id(`${name}9`), this.localMs));
  }

  next = () => this.does(this.policy.next(this.localMs));
  drop = () => this.does(this.policy.drop(this.localMs));
  previous = () => this.does(this.policy.previous(this.localMs));
  set = (settings: Parameters<ProgrammePolicy["set"]>[0]) =>
    this.does(this.policy.set(settings, this.localMs));

  pause(): this {
    return this.does({ plan: this.planPolicy.pause(this.localMs) });
  }

  /** Ticks five times a second. */
  until(sec: number): this {
    for (; this.localMs < sec * 1000; this.localMs += 200) {
      const start = this.planPolicy.tick(this.localMs);
      if (start) this.director.changePlan(start, this.localMs);
      this.#write(this.policy.tick(this.localMs));
    }
    return this;
  }

  /** What sounds in the next ten minutes. */
  get stretches() {
    return programme(this.plan, this.queue, this.localMs * 1000, (this.localMs + 600_000) * 1000).map(
      ({ entryId, startUs }) => `${entryId[0]} ${Math.round(startUs / SEC)}`,
    );
  }

  #write(change: ProgrammeChange | null): void {
    const { record } = this.director;
    if (change?.queue && change.queue !== this.queue && record) this.queue = stamped(change.queue, record);
    if (change?.plan) this.director.changePlan(change.plan, this.localMs);
  }
}

const threeSongs = () => new Desk(["a", 100], ["b", 50], ["c", 30]);

describe("Play", () => {
  it("[Q27] takes the next entry if it is of that file, else puts one in front", () => {
    expect(threeSongs().play("a").shown).toBe("preparing a of abc, played ");
    const desk = threeSongs().play("z");
    expect(desk.shown).toBe("preparing z of zabc, played ");
    expect(desk.queue.entries[0]).toMatchObject({ addedBy: ADA, entryId: id("z9") });
  });

  it("[Q27] what it interrupts is over, unless it has not begun", () => {
    expect(threeSongs().play("a").play("z").shown).toBe("preparing z of zabc, played ");
    expect(threeSongs().play("a").until(20).play("z").shown).toBe("preparing z of zbc, played a");
    expect(threeSongs().set({ repeat: "all" }).play("a").until(20).play("z").shown).toBe(
      "preparing z of zbca, played ",
    );
  });

  it("[Q27] [TR1] goes on with a paused song, and begins a playing one anew", () => {
    const desk = threeSongs().play("a").until(20).pause();
    expect(desk.plan).toMatchObject({ state: "stopped", positionUs: 19e6 });
    desk.until(30).play("a");
    expect(desk.plan).toMatchObject({ state: "preparing", positionUs: 19e6, entryId: id("a") });
    desk.until(40).play("a");
    expect(desk.plan).toMatchObject({ state: "preparing", positionUs: 0, entryId: id("a") });
    expect(desk.shown).toBe("preparing a of abc, played ");
  });
});

describe("Next and Previous", () => {
  it("[Q28] goes to the entry behind, and begins a queue", () => {
    const desk = threeSongs().next();
    expect(desk.shown).toBe("preparing a of abc, played ");
    desk.until(10).next();
    expect(desk.shown).toBe("preparing b of bc, played a");
    desk.until(20).pause().next();
    expect(desk.shown).toBe("stopped c of c, played ab");
    expect(desk.policy.next(desk.localMs)).toBeNull();
  });

  it("[Q28] goes round with repeat all, and on from an entry that repeats", () => {
    const desk = threeSongs().set({ repeat: "all" }).play("a").until(10).next().until(20).next();
    expect(desk.shown).toBe("preparing c of cab, played ");
    desk.until(30).next();
    expect(desk.shown).toBe("preparing a of abc, played ");
    expect(desk.set({ repeat: "one" }).until(40).next().shown).toBe("preparing b of bc, played a");
  });

  it("[Q28] waits a second for everybody, and then starts for those who are ready", () => {
    const desk = threeSongs().play("a").until(10);
    desk.readiness = [ready, { ...ready, userId: BO, isReady: false, progress: 3 }];
    desk.next();
    desk.until(10 + NEXT_PATIENCE_MS / 1000 - 0.2);
    expect(desk.plan.state).toBe("preparing");
    desk.until(10.4 + NEXT_PATIENCE_MS / 1000);
    expect(desk.shown).toBe("playing b of bc, played a");
  });

  it("[Q38] removing what plays goes on to what follows, and stops where nothing does", () => {
    const desk = threeSongs().next().until(10).drop();
    expect(desk.shown).toBe("preparing b of bc, played a");
    expect(desk.until(20).drop().until(30).drop().shown).toBe("stopped - of , played abc");
  });

  it("[Q38] what was removed while it played does not come again with repeat all", () => {
    const desk = threeSongs().next().until(10).set({ repeat: "all" });
    expect(desk.drop().shown).toBe("preparing b of bc, played ");
    expect(desk.until(20).drop().until(30).drop().shown).toMatch(/^stopped - of , /);
  });

  it("[Q38] removing what is paused leaves what follows paused", () => {
    expect(threeSongs().next().until(10).pause().drop().shown).toMatch(/^stopped b of bc, /);
  });

  it("[Q29] goes to the beginning, and within the first 3 s to what played before", () => {
    const desk = threeSongs().play("a").until(10).next().until(20).previous();
    expect(desk.plan).toMatchObject({ state: "playing", entryId: id("b"), positionUs: 0 });
    desk.until(22).previous();
    expect(desk.shown).toBe("preparing a of abc, played ");
    expect(desk.until(24).previous().shown).toBe("playing a of abc, played ");
    expect(threeSongs().previous().shown).toBe("stopped - of abc, played ");
  });

  it("[Q29] where the list goes round, what played before is at its end", () => {
    const desk = threeSongs().set({ repeat: "all" }).play("a").until(10).next().until(12).previous();
    expect(desk.shown).toBe("preparing a of abc, played ");
  });
});

describe("what a person sets of the programme", () => {
  it("[Q30] changes while the song keeps its place", () => {
    const desk = threeSongs().play("a").until(11);
    const before = desk.stretches;
    desk.set({ repeat: "one" }).set({ crossfadeMs: 4000 }).set({ repeat: "off", crossfadeMs: 0 });
    expect(desk.stretches).toEqual(before);
    desk.set({ tempo: 50 });
    expect(desk.plan).toMatchObject({ positionUs: 10e6, globalStartUs: 11e6, tempo: 50 });
    desk.until(21).set({ tempo: 1000 });
    expect(desk.plan).toMatchObject({ positionUs: 15e6, globalStartUs: 21e6, tempo: 150 });
    expect(new Desk(["a", 100]).set({ tempo: 80 }).play("a").plan.tempo).toBe(80);
  });

  it("[Q30] a loop moves a song that is outside of it to its beginning, and belongs to its entry", () => {
    const desk = threeSongs()
      .play("a")
      .until(11)
      .set({ loopUs: [8e6, 12e6] });
    expect(desk.plan).toMatchObject({ positionUs: 10e6, loopUs: [8e6, 12e6] });
    desk.until(100).set({ loopUs: null });
    expect(desk.plan.loopUs).toBeNull();
    expect(desk.plan.globalStartUs).toBeGreaterThan(95e6);
    desk.set({ loopUs: [50e6, 60e6] });
    expect(desk.plan).toMatchObject({ positionUs: 50e6 });
    expect(desk.policy.set({ loopUs: [50e6, 50.1e6] }, desk.localMs)).toBeNull();
    expect(desk.next().plan.loopUs).toBeNull();
  });
});

describe("the programme going on", () => {
  it("[Q31] writes the plan on without a jump, and takes out what is over", () => {
    const desk = threeSongs().play("a").until(90);
    const { stretches } = desk;
    expect(stretches).toEqual(["a 1", "b 101", "c 151"]);
    desk.until(103);
    expect(desk.shown).toBe("playing b of bc, played a");
    expect(desk.plan).toMatchObject({ globalStartUs: 101e6, positionUs: 0 });
    expect(desk.stretches).toEqual(["b 101", "c 151"]);
  });

  it("[Q31] goes over only when the crossfade is past, and round with repeat all", () => {
    const desk = threeSongs().set({ crossfadeMs: 10_000, repeat: "all" }).play("a").until(101.8);
    expect(desk.plan.entryId).toBe(id("a"));
    desk.until(102.4);
    expect(desk.shown).toBe("playing b of bca, played ");
    expect(desk.plan.globalStartUs).toBe(91e6);
    desk.until(700);
    expect(desk.queue.entries).toHaveLength(3);
    expect(desk.plan.state).toBe("playing");
  });

  it("[Q31] leaves the list alone while two entries sound at once", () => {
    const desk = threeSongs().set({ crossfadeMs: 10_000 }).play("a").until(93);
    const { queue } = desk;
    expect(desk.until(100).queue).toBe(queue);
  });

  it("[Q32] stops at its end, with an empty list", () => {
    const desk = threeSongs().play("a").until(181.8);
    expect(desk.shown).toBe("playing c of c, played ab");
    desk.until(182.4);
    expect(desk.shown).toBe("stopped - of , played abc");
  });

  it("[D19] learns from the others where a song ends whose length nobody told", () => {
    const desk = new Desk(["a", null], ["b", 50]).play("a").until(50);
    expect(desk.plan.entryId).toBe(id("a"));
    desk.isOverElsewhere = true;
    expect(desk.until(50.4).shown).toBe("playing b of b, played a");
    desk.isOverElsewhere = false;
    const early = new Desk(["a", null]).play("a").until(2);
    early.isOverElsewhere = true;
    expect(early.until(3.8).plan.state).toBe("playing");
    expect(early.until(4.6).shown).toBe("stopped - of , played a");
  });

  it("[P39] leaves the rest of a song to those who have it, and ends one of which nobody has more", () => {
    const desk = new Desk(["a", 30], ["b", 50]).play("a").until(15);
    [desk.decodedSec, desk.positionSec, desk.isHeardElsewhere] = [10, 14, true];
    expect(desk.until(15.2).plan.entryId).toBe(id("a"));
    desk.isHeardElsewhere = false;
    expect(desk.until(15.6).plan.entryId).toBe(id("b"));
  });

  it("[Q33] passes over in words what nobody has, and pulls it back", () => {
    const desk = threeSongs().play("a").until(10);
    desk.skips.set("b", "nobody-has");
    desk.until(9.8 + SKIP_AFTER_MS / 1000);
    expect(desk.stretches).toEqual(["a 1", "b 101", "c 151"]);
    desk.until(10.4 + SKIP_AFTER_MS / 1000);
    expect(desk.shown).toBe("playing a of ab!c, played ");
    expect(desk.stretches).toEqual(["a 1", "c 101"]);
    desk.skips.clear();
    expect(desk.until(20).shown).toBe("playing a of abc, played ");
  });

  it("[Q33] does not wait for a song that nobody can play, if another follows", () => {
    const desk = new Desk(["a", 100], ["b", 50]);
    desk.readiness = [{ ...ready, isReady: false }];
    desk.skips.set("a", "nobody-can-play");
    desk.play("a").until(4);
    expect(desk.shown).toBe("preparing a of ab, played ");
    expect(desk.until(6).shown).toBe("preparing b of b, played a");
    desk.skips.set("b", "nobody-can-play");
    expect(desk.until(20).shown).toBe("preparing b of b, played a");
  });

  it("[Q31] what plays is in the list, also where its director's queue was not heard", () => {
    const desk = threeSongs().play("a").until(10);
    const [a, ...others] = desk.queue.entries;
    desk.does({ queue: { ...desk.queue, entries: others } });
    expect(desk.until(11).stretches).toEqual(["a 1", "b 101", "c 151"]);
    desk.does({ queue: { ...desk.queue, entries: others, played: a ? [a] : [] } });
    expect(desk.until(12).shown).toBe("playing a of abc, played ");
    expect(desk.queue.entries[0]).toMatchObject({ addedBy: BO });
  });

  it("[Q34] tells durations as soon as they are known, and leaves that of what plays", () => {
    const desk = new Desk(["a", 100], ["b", null]).play("a").until(10);
    desk.durationsSec.set("a", 90).set("b", 70);
    desk.until(11);
    expect(desk.queue.entries.map(({ durationUs }) => durationUs)).toEqual([100e6, 70e6]);
  });
});
