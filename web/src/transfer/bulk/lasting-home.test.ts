// A Worker that breaks in use, in virtual time: homes of make-believe that break when told, around a store that stays, and whole
// swarms above them. What a real Worker does when it breaks is tested in browsers (tests/e2e/test_broken_worker.py).

import { describe, expect, it } from "vitest";
import { type Bytes, type FileId, fromUtf8, type UserId, utf8 } from "../../lib/index.ts";
import { SeededRandom, VirtualClock } from "../../lib/testing/index.ts";
import type { SwarmEvent } from "../core/state.ts";
import { MemoryStore } from "../store/memory-store.ts";
import type { PieceStore } from "../store/store.ts";
import { Swarm } from "../swarm.ts";
import { FakeNetwork, settle } from "../testing/fake-connection.ts";
import { idOf } from "../testing/fake-swarm.ts";
import { LastingHome } from "./lasting-home.ts";
import type { BulkHome, BulkLine, BulkReport, ContentCalls } from "./messages.ts";
import { PageHome } from "./page-home.ts";

const DRAFT = "d0".repeat(32) as FileId;
const SONG = "a1".repeat(32) as FileId;
const PIECE = 65_536;
const WORDS: readonly SwarmEvent["code"][] = ["file-refused", "storage-full", "bad-piece", "peer-dropped"];

/** Ends like a Worker: nothing is answered or done any more, and whoever waits hears of it last. */
class MortalHome implements BulkHome {
  readonly #home: PageHome;
  readonly #onBroken: () => void;
  readonly #lines: BulkLine[] = [];
  #isBroken = false;
  readonly #rejects = new Set<(cause: unknown) => void>();

  constructor(store: PieceStore, clock: VirtualClock, onBroken: () => void) {
    this.#home = new PageHome(store, clock);
    this.#onBroken = onBroken;
  }

  get capacityBytes(): number {
    return this.#home.capacityBytes;
  }

  open(report: (reports: readonly BulkReport[]) => void): BulkLine {
    const line = this.#home.open((reports) => {
      if (!this.#isBroken) report(reports);
    });
    this.#lines.push(line);
    const mortal = Object.entries(line.content).map(([method, call]) => [
      method,
      (...args: unknown[]) => this.#unlessBroken(() => (call as (...args: unknown[]) => unknown)(...args)),
    ]);
    return {
      content: Object.fromEntries(mortal) as unknown as ContentCalls,
      tell: (call) => {
        if (!this.#isBroken) line.tell(call);
      },
      close: () => line.close(),
    };
  }

  close(): Promise<void> {
    return this.#home.close();
  }

  break(): void {
    this.#isBroken = true;
    for (const line of this.#lines) line.close();
    this.#onBroken();
    for (const reject of this.#rejects) reject(new Error("broken"));
  }

  #unlessBroken(ask: () => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#rejects.add(reject);
      if (this.#isBroken) reject(new Error("broken"));
      else Promise.resolve(ask()).then(resolve, reject);
    });
  }
}

class House {
  readonly homes: MortalHome[] = [];
  /** What each home after a break finds; the same store unless told otherwise. */
  nextStore: () => PieceStore;
  failures = 0;

  constructor(
    readonly clock: VirtualClock,
    store: PieceStore = new MemoryStore(),
  ) {
    this.nextStore = () => store;
  }

  open(): Promise<LastingHome> {
    return LastingHome.open(this.clock, async (breaks, onBroken) => {
      expect(breaks).toBe(this.homes.length);
      if (breaks > 0 && this.failures-- > 0) throw new Error("no script");
      const home = new MortalHome(this.nextStore(), this.clock, onBroken);
      this.homes.push(home);
      return home;
    });
  }

  break(): void {
    this.homes.at(-1)?.break();
  }
}

const trusting = {
  proveLink: (_: UserId, own: string, theirs: string) => utf8(`${own} ${theirs}`),
  isLinkProven: (_: UserId, proof: Uint8Array, own: string, theirs: string) =>
    fromUtf8(proof) === `${theirs} ${own}`,
};

const content = (sizeBytes: number): Bytes => {
  const random = new SeededRandom(7);
  return Uint8Array.from({ length: sizeBytes }, () => random.fraction() * 256);
};

class Party {
  readonly clock = new VirtualClock();
  readonly houses: House[] = [];
  readonly swarms: Swarm[] = [];
  readonly events: SwarmEvent[] = [];

  static async of(...names: string[]): Promise<Party> {
    const party = new Party();
    const network = new FakeNetwork();
    const swarmOf = new Map<UserId, Swarm>();
    for (const [index, name] of names.entries()) {
      const me = idOf(name);
      const house = new House(party.clock);
      party.houses.push(house);
      const swarm = new Swarm({
        clock: party.clock,
        random: new SeededRandom(index),
        me,
        home: await house.open(),
        prover: trusting,
        sendSignal: (to, signal) => queueMicrotask(() => swarmOf.get(to)?.receiveSignal(me, signal)),
        iceServers: () => [],
        createConnection: network.create,
      });
      swarm.onEvent((event) => party.events.push(event));
      swarmOf.set(me, swarm);
      party.swarms.push(swarm);
    }
    for (const swarm of party.swarms) {
      const others = [...swarmOf].filter(([, other]) => other !== swarm);
      swarm.setMembers(others.map(([userId]) => ({ userId, away: false })));
    }
    return party;
  }

  swarm(index: number): Swarm {
    const swarm = this.swarms[index];
    if (!swarm) throw new Error(`no swarm ${index}`);
    return swarm;
  }

  held(index: number): number {
    return this.swarm(index).files.value[0]?.heldBytes ?? 0;
  }

  get words(): readonly SwarmEvent[] {
    return this.events.filter(({ code }) => WORDS.includes(code));
  }

  /** Real hashing takes real turns of the event loop; virtual time passes meanwhile. */
  async until(isDone: () => boolean): Promise<void> {
    for (let turn = 0; turn < 5_000 && !isDone(); turn++) {
      this.clock.advance(20);
      await settle();
      await new Promise((resolve) => setTimeout(resolve));
    }
    expect(isDone()).toBe(true);
  }
}

const SIZE = 24 * PIECE + 5;

describe("a swarm whose bulk Worker breaks", () => {
  for (const [name, broken] of [
    ["receives", 1],
    ["gives", 0],
  ] as const) {
    it(`[S62] goes on where it was while it ${name}, and says nothing`, async () => {
      const party = await Party.of("ada", "bo");
      const song = content(SIZE);
      const fileId = await party.swarm(0).addFile({ name: "song.mp3", blob: new Blob([song]) });
      await party.until(() => party.held(1) > 6 * PIECE);
      const heldBytes = party.held(1);
      expect(heldBytes).toBeLessThan(SIZE);
      party.houses[broken]?.break();
      await party.until(() => party.houses[broken]?.homes.length === 2);
      expect(party.held(0)).toBe(SIZE);
      expect(party.held(1)).toBeGreaterThanOrEqual(heldBytes);
      await party.until(() => party.held(1) === SIZE);
      expect(await party.swarm(1).readBytes(fileId, 0, SIZE)).toEqual(song);
      expect(party.words).toEqual([]);
      // What was on its way at the break is sent again, and nothing else.
      expect(party.swarm(1).totals.value.receivedBytes).toBeLessThan(SIZE + 8 * PIECE);
    });
  }

  it("[S62] breaks a second and a third time, and still has the whole file", async () => {
    const party = await Party.of("ada", "bo");
    await party.swarm(0).addFile({ name: "song.mp3", blob: new Blob([content(SIZE)]) });
    for (const share of [0.2, 0.5, 0.8]) {
      await party.until(() => party.held(1) > share * SIZE);
      party.houses[1]?.break();
    }
    await party.until(() => party.held(1) === SIZE);
    expect(party.words).toEqual([]);
    expect(party.houses[1]?.homes.length).toBe(4);
  });

  it("[S62] fetches again what went with a store in memory", async () => {
    const party = await Party.of("ada", "bo");
    const song = content(SIZE);
    const fileId = await party.swarm(0).addFile({ name: "song.mp3", blob: new Blob([song]) });
    await party.until(() => party.held(1) === SIZE);
    const [, house] = party.houses;
    if (house) house.nextStore = () => new MemoryStore();
    house?.break();
    await party.until(() => party.held(1) === 0);
    await party.until(() => party.held(1) === SIZE);
    expect(await party.swarm(1).readBytes(fileId, 0, SIZE)).toEqual(song);
    expect(party.words).toEqual([]);
  });

  it("[S62] adds a file that was being read, from its beginning", async () => {
    const party = await Party.of("ada", "bo");
    const song = content(9 * 1024 * 1024);
    const adding = party.swarm(0).addFile({ name: "song.mp3", blob: new Blob([song]) });
    await party.until(() => party.held(0) > 0);
    expect(party.held(0)).toBeLessThan(song.length);
    party.houses[0]?.break();
    const added: FileId[] = [];
    adding.then((fileId) => added.push(fileId));
    await party.until(() => added.length > 0 && party.held(1) === song.length);
    expect(await party.swarm(1).readBytes(added[0] as FileId, 0, song.length)).toEqual(song);
    expect(party.words).toEqual([]);
  });
});

/** Holds a renaming up: before it is done, or after. */
class SlowStore extends MemoryStore {
  stopAt: "before" | "after" | null = null;

  override async rename(fileId: FileId, newId: FileId): Promise<void> {
    if (this.stopAt === "before") await new Promise(() => undefined);
    await super.rename(fileId, newId);
    if (this.stopAt === "after") await new Promise(() => undefined);
  }
}

describe("a lasting home", () => {
  for (const stopAt of ["before", "after"] as const) {
    it(`[S62] keeps a draft that becomes a file, broken ${stopAt} it was renamed`, async () => {
      const clock = new VirtualClock();
      const store = new SlowStore();
      const house = new House(clock, store);
      const line = (await house.open()).open(() => undefined);
      const song = content(PIECE + 3);
      const told: number[] = [];
      const manifest = await line.content.ingest(DRAFT, new Blob([song]), (piece) => told.push(piece));
      expect(told).toEqual([0, 1]);
      store.stopAt = stopAt;
      let isAdopted = false;
      const adopting = line.content.adopt(DRAFT, SONG, [0, 1]).then(() => {
        isAdopted = true;
      });
      await settle();
      expect(isAdopted).toBe(false);
      store.stopAt = null;
      house.break();
      await adopting;
      expect(await line.content.held(SONG)).toEqual([0, 1]);
      expect(await line.content.readRange(SONG, manifest, 0, song.length)).toEqual(song);
      expect(await store.files()).toEqual([SONG]);
    });
  }

  it("[S62] is tried again while none can be opened, and rings meanwhile", async () => {
    const clock = new VirtualClock();
    const house = new House(clock);
    const reports: string[] = [];
    const line = (await house.open()).open((told) => reports.push(...told.map(({ type }) => type)));
    await line.content.open(SONG, PIECE);
    house.failures = 2;
    line.tell({ op: "alarm", number: 1, delayMs: 1_000 });
    house.break();
    line.tell({ op: "link", link: 4, peer: idOf("bo"), channel: null });
    let isAnswered = false;
    const asked = line.content.held(SONG).then(() => {
      isAnswered = true;
    });
    await settle();
    expect(reports).toEqual(["broken", "closed"]);
    clock.advance(1_000);
    expect(reports).toEqual(["broken", "closed", "alarm"]);
    clock.advance(8_000);
    await settle();
    expect(isAnswered).toBe(false);
    clock.advance(1_000);
    await settle();
    clock.advance(5_000);
    await asked;
    expect(reports.at(-1)).toBe("renewed");
    expect(house.homes.length).toBe(2);
  });

  it("[S62] that breaks between two swarms serves the next one", async () => {
    const clock = new VirtualClock();
    const house = new House(clock);
    const home = await house.open();
    const left = home.open(() => undefined);
    left.close();
    house.break();
    await settle();
    await expect(left.content.held(SONG)).rejects.toThrow("the swarm was left");
    const { content: calls } = home.open(() => undefined);
    await calls.open(SONG, PIECE);
    expect(await calls.held(SONG)).toEqual([]);
  });

  it("[S62] that was closed is not opened again", async () => {
    const house = new House(new VirtualClock());
    const home = await house.open();
    await home.close();
    house.break();
    await settle();
    expect(house.homes.length).toBe(1);
  });
});
