// A programme of songs from plan and queue to the loudspeaker, in virtual time: the real controller and player on a simulated card.

import { describe, expect, it } from "vitest";
import type { Sound } from "../audio/decode/sound.ts";
import { fileOf } from "../audio/testing/byte-source.ts";
import type { OffsetEstimate, SyncedClock } from "../clock/index.ts";
import { EMPTY_PLAN, EMPTY_QUEUE, type Plan, programme, type QueueEntry } from "../director/index.ts";
import { type EntryId, type FileId, Undecodable, type UserId } from "../lib/index.ts";
import { readReadyFileId } from "./core/readiness.ts";
import { PlaybackController } from "./playback-controller.ts";
import { cardPlayer } from "./testing/card-player.ts";

const FOLLOW_MS = 200;
const OPENING_MS = 900;
/** In step, as told by a card whose timestamps scatter by 0.1 ms. */
const IN_STEP_SEC = 0.001;

const names = ["one", "two", "three", "four", "five"] as const;
type Name = (typeof names)[number];
const fileIdOf = (name: Name) => String(names.indexOf(name)).repeat(64) as FileId;
const entryIdOf = (name: Name) => String(names.indexOf(name)).repeat(16) as EntryId;
const nameOf = (fileId: string) => names[Number(fileId[0])] as Name;

const entryOf = (name: Name, durationSec: number): QueueEntry => ({
  entryId: entryIdOf(name),
  fileId: fileIdOf(name),
  addedBy: "0".repeat(32) as UserId,
  durationUs: durationSec * 1e6,
  skipped: null,
  boosts: [],
});

/** A device with a queue of songs; its local time is the room's. */
class Room {
  readonly lengths: Record<Name, number> = { one: 40, two: 50, three: 30, four: 4, five: 3 };
  /** Files that are here. */
  held = new Set<Name>(names);
  /** Whole ones beside another one do not fit into memory. */
  undecodable = new Set<Name>();
  readonly openedAtSec = new Map<Name, number>();
  readonly open = new Set<Name>();
  mostOpen = 0;
  order: readonly Name[] = ["one", "two", "three"];
  plan: Plan = EMPTY_PLAN;
  readonly #bench = cardPlayer({
    open: ({ fileId }, _atSec, isWanted) => this.#open(nameOf(fileId), isWanted),
    anchorOf: () => Promise.reject(new Error("nothing is added")),
  });
  readonly controller: PlaybackController;
  readonly #startMs: number;

  constructor() {
    const { player, clock } = this.#bench;
    player.unload();
    this.#startMs = clock.nowMs() + 1_000;
    const shared = {
      get estimate(): OffsetEstimate {
        const atLocalMs = clock.nowMs();
        const certain = { uncertaintyMs: 0.05, boundMs: 0.1, rttMs: 1, probes: 9, sinceLocalMs: 0 };
        return { clockId: "north", atLocalMs, offsetMs: 0, driftPpm: 0, ...certain };
      },
      state: "locked",
      globalUsAt: (localMs: number) => localMs * 1_000,
    };
    this.controller = new PlaybackController({
      clock: shared as unknown as SyncedClock,
      player,
      fileOf: (fileId) => (this.held.has(nameOf(fileId)) ? { ...fileOf(new Uint8Array(1)), fileId } : null),
      annotationOf: () => null,
      onChange: () => undefined,
    });
    this.#shared = shared as unknown as SyncedClock;
  }

  readonly #shared: SyncedClock;

  get player() {
    return this.#bench.player;
  }

  /** Seconds since the programme began. */
  get sec(): number {
    return (this.#bench.clock.nowMs() - this.#startMs) / 1_000;
  }

  atUs(sec: number): number {
    return (this.#startMs + sec * 1_000) * 1_000;
  }

  async prepare(name: Name): Promise<void> {
    this.#write({ fileId: fileIdOf(name), entryId: entryIdOf(name), state: "preparing" });
    await this.pass(2);
  }

  play(name: Name, startSec: number, positionSec = 0, more: Partial<Plan> = {}): void {
    const [fileId, entryId] = [fileIdOf(name), entryIdOf(name)];
    const place = { globalStartUs: this.atUs(startSec), positionUs: positionSec * 1e6 };
    this.#write({ fileId, entryId, state: "playing", ...place, ...more });
    this.#follow();
  }

  async pass(sec: number): Promise<void> {
    for (let leftMs = sec * 1_000; leftMs > 0; leftMs -= FOLLOW_MS) {
      this.#bench.world.advance(Math.min(FOLLOW_MS, leftMs));
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      this.#follow();
    }
  }

  async passTo(sec: number): Promise<void> {
    await this.pass(sec - this.sec);
  }

  /** What leaves the loudspeaker: name and seconds in the song. */
  get heard(): readonly (readonly [Name, number])[] {
    return this.#bench.card.heard.map(({ sourceId, sec }) => [nameOf(sourceId), sec] as const);
  }

  get brokenFades(): number {
    return this.#bench.card.brokenFades;
  }

  #write(more: Partial<Plan>): void {
    this.plan = { ...this.plan, term: 1, rev: this.plan.rev + 1, clockId: "north", ...more };
  }

  #follow(): void {
    const { player, plan } = this;
    const localMs = this.#bench.clock.nowMs();
    const queue = { ...EMPTY_QUEUE, entries: this.order.map((name) => entryOf(name, this.lengths[name])) };
    const stretches = programme(plan, queue, localMs * 1_000 - 1e6, localMs * 1_000 + 100e6);
    const isReady = readReadyFileId({ plan, player, clock: this.#shared }) === plan.fileId;
    this.controller.follow(
      { plan, stretches, isReady, speakerDelayMs: 0, role: "all", tones: null },
      localMs,
    );
  }

  #open(name: Name, isWanted: () => boolean): Promise<Sound | null> {
    return new Promise((resolve, reject) => {
      this.#bench.clock.after(OPENING_MS, () => {
        if (this.undecodable.has(name)) reject(new Undecodable("refused", null));
        else if (!isWanted()) resolve(null);
        else resolve(this.#soundOf(name));
      });
    });
  }

  #soundOf(name: Name): Sound {
    this.openedAtSec.set(name, this.sec);
    this.open.add(name);
    this.mostOpen = Math.max(this.mostOpen, this.open.size);
    return {
      sourceId: fileIdOf(name),
      durationSec: this.lengths[name],
      decodedSec: this.lengths[name],
      loudness: null,
      aim: () => undefined,
      covers: () => true,
      levelAt: () => 0,
      match: async () => null,
      close: () => this.open.delete(name),
    };
  }
}

/** It plays one song, at the place where that is due. */
function expectHeard(room: Room, name: Name, startSec: number): void {
  expect(room.heard.map(([heard]) => heard)).toEqual([name]);
  expect(Math.abs((room.heard[0]?.[1] ?? 0) - (room.sec - startSec))).toBeLessThan(IN_STEP_SEC);
}

async function playing(
  order: readonly Name[] = ["one", "two", "three"],
  more: Partial<Plan> = {},
): Promise<Room> {
  const room = new Room();
  room.order = order;
  await room.prepare(order[0] as Name);
  room.play(order[0] as Name, room.sec + 1, 0, more);
  return room;
}

const startOf = (room: Room): number => (room.plan.globalStartUs - room.atUs(0)) / 1e6;

describe("a programme at the loudspeaker", () => {
  it("[P78] goes over from song to song in the moment in which the one ends, with the next one open in time", async () => {
    const room = await playing();
    const startSec = startOf(room);
    await room.passTo(startSec + 39.99);
    expectHeard(room, "one", startSec);
    expect(startSec + 40 - (room.openedAtSec.get("two") ?? 0)).toBeGreaterThan(25);
    await room.passTo(startSec + 40.01);
    expectHeard(room, "two", startSec + 40);
    expect(room.player.read()).toMatchObject({ state: "playing", durationSec: 50 });
    expect(room.controller.positionSecAt(room.atUs(room.sec) / 1_000)).toBeCloseTo(0.01, 6);
    const { rejoins } = room.player.read();
    await room.passTo(startSec + 91);
    expectHeard(room, "three", startSec + 90);
    expect(room.player.read().rejoins).toBe(rejoins);
    expect(room.mostOpen).toBeLessThanOrEqual(3);
    expect([...room.open]).toEqual(["three"]);
    await room.passTo(startSec + 121);
    expect(room.heard).toEqual([]);
  });

  it("[P80] does not jump when the director writes on which entry plays", async () => {
    const room = await playing();
    const startSec = startOf(room);
    await room.passTo(startSec + 40.3);
    const { rejoins } = room.player.read();
    room.order = ["two", "three"];
    room.play("two", startSec + 40);
    await room.pass(1);
    expectHeard(room, "two", startSec + 40);
    await room.passTo(startSec + 90.5);
    expectHeard(room, "three", startSec + 90);
    expect(room.player.read().rejoins).toBe(rejoins);
    expect(room.brokenFades).toBe(0);
  });

  it("[P82] is silent for an entry that is not here, in words of its state, and the one after it enters in step", async () => {
    const room = await playing();
    room.held.delete("two");
    const startSec = startOf(room);
    await room.passTo(startSec + 45);
    expect(room.heard).toEqual([]);
    expect(room.player.read()).toMatchObject({ state: "preparing", positionSec: null, errorMs: null });
    await room.passTo(startSec + 90.05);
    expectHeard(room, "three", startSec + 90);
  });

  it("[P82] enters an entry in step that comes late", async () => {
    const room = await playing();
    room.held.delete("two");
    const startSec = startOf(room);
    await room.passTo(startSec + 45);
    room.held.add("two");
    await room.pass(2);
    expectHeard(room, "two", startSec + 40);
  });

  it("[P82] refuses an entry that does not decode, before it is due, and goes on behind it", async () => {
    const room = await playing();
    room.undecodable.add("two");
    const startSec = startOf(room);
    await room.passTo(startSec + 30);
    expect(room.controller.troubles.get(fileIdOf("two"))).toBe("undecodable");
    await room.passTo(startSec + 90.5);
    expectHeard(room, "three", startSec + 90);
  });

  it("[P80] sounds within its lead when it is skipped to an entry that is open", async () => {
    const room = await playing();
    const startSec = startOf(room);
    await room.passTo(startSec + 20);
    room.order = ["two", "three"];
    room.play("two", room.sec + 0.4);
    const skippedSec = startOf(room);
    await room.pass(0.3);
    expect(room.heard).toEqual([]);
    await room.passTo(skippedSec + 0.005);
    expectHeard(room, "two", skippedSec);
    await room.pass(1);
    expectHeard(room, "two", skippedSec);
    expect(room.brokenFades).toBe(0);
  });

  it("[P80] is silent when it is skipped to an entry that is not open, and enters it once it is", async () => {
    const room = await playing(["one", "two", "three", "four"]);
    const startSec = startOf(room);
    await room.passTo(startSec + 5);
    room.order = ["three", "four"];
    room.play("three", room.sec + 0.4);
    const skippedSec = startOf(room);
    await room.pass(0.6);
    expect(room.heard).toEqual([]);
    await room.pass(2);
    expectHeard(room, "three", skippedSec);
    expect([...room.open]).toEqual(["three", "four"]);
  });

  it("seeks by a crossfade, and goes back to the beginning", async () => {
    const room = await playing();
    await room.pass(10);
    room.play("one", room.sec, 25);
    const soughtSec = startOf(room) - 25;
    await room.pass(1);
    expectHeard(room, "one", soughtSec);
    room.play("one", room.sec + 0.4);
    await room.pass(2);
    expectHeard(room, "one", startOf(room));
    expect(room.brokenFades).toBe(0);
  });

  it("[P79] fades from one song into the next", async () => {
    const room = await playing(["one", "two"], { crossfadeMs: 6_000 });
    const startSec = startOf(room);
    await room.passTo(startSec + 36);
    expect(room.heard.map(([name]) => name)).toEqual(["one", "two"]);
    expect(room.heard[1]?.[1]).toBeCloseTo(2, 2);
    room.order = ["two"];
    room.play("two", startSec + 34); // what was before is told no more
    await room.pass(1);
    expect(room.heard.map(([name]) => name)).toEqual(["one", "two"]);
    await room.passTo(startSec + 41);
    expectHeard(room, "two", startSec + 34);
    expect(room.player.read().rejoins).toBe(0);
  });

  it("[P81] plays a loop of four seconds twenty times without drifting", async () => {
    const room = await playing(["one"], { loopUs: [10e6, 14e6] });
    const startSec = startOf(room);
    const { rejoins } = room.player.read();
    for (let lap = 1; lap <= 20; lap++) {
      await room.passTo(startSec + 10 + 4 * lap + 0.5);
      expectHeard(room, "one", startSec + 4 * lap);
    }
    expect(room.player.read().rejoins).toBe(rejoins);
  });

  it("[P81] has a loop set, and let go of, without a jump", async () => {
    const room = await playing(["one", "two"]);
    const startSec = startOf(room);
    await room.passTo(startSec + 12);
    room.play("one", startSec, 0, { loopUs: [10e6, 14e6] });
    await room.passTo(startSec + 19);
    expectHeard(room, "one", startSec + 8);
    room.play("one", startSec + 18, 10, { loopUs: null });
    await room.passTo(startSec + 49);
    expectHeard(room, "two", startSec + 48);
    expect(room.player.read().rejoins).toBe(0);
  });

  it("[P81] repeats one song", async () => {
    const room = await playing(["four"], { repeat: "one" });
    const startSec = startOf(room);
    await room.passTo(startSec + 41);
    expectHeard(room, "four", startSec + 40);
    expect(room.player.read().rejoins).toBe(0);
  });

  it("[P83] holds three sounds at most, also where songs are short", async () => {
    const room = await playing(["four", "five", "one", "two", "three"], { repeat: "all" });
    const startSec = startOf(room);
    for (let sec = 1; sec < 130; sec += 3.1) {
      await room.passTo(startSec + sec);
      expect(room.heard).toHaveLength(1);
    }
    expect(room.mostOpen).toBeLessThanOrEqual(3);
  });

  it("[P20] has queued a seam long before on a hidden page, and goes over it in view as well", async () => {
    const room = await playing();
    const startSec = startOf(room);
    await room.passTo(startSec + 10);
    room.player.setHidden(true);
    await room.passTo(startSec + 20);
    expect(room.player.read().queuedSec).toBeGreaterThan(55);
    const { rejoins } = room.player.read();
    await room.passTo(startSec + 40.2);
    expectHeard(room, "two", startSec + 40);
    room.player.setHidden(false);
    await room.passTo(startSec + 91);
    expectHeard(room, "three", startSec + 90);
    expect(room.player.read().rejoins).toBe(rejoins);
  });
});
