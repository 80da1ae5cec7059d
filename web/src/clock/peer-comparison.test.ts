import { describe, expect, it } from "vitest";
import type { UserId } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { type OffsetEstimate, OffsetEstimator } from "./offset-estimator.ts";
import { PeerComparison, type RoomVerdict } from "./peer-comparison.ts";
import { LAN, type PathModel, TruePath, WIFI, WIFI_UPLOADING } from "./testing/path.ts";

const MOBILE: PathModel = { ...WIFI, upMs: 22, downMs: 18, queueUpMs: 8, queueDownMs: 4 };
const PROBE_MS = 500;
const PING_MS = 1_000;

/** One of a room: its clock, its path to a server, which may lie to it, and what it makes of the others. */
class Member {
  readonly comparison = new PeerComparison();
  readonly id: UserId;
  own: OffsetEstimate | null = null;
  verdict: RoomVerdict | null = null;
  /** What the server's time is shifted by for this one, ms, and what it tells each of the others beside the truth. */
  skewMs = 0;
  lieMs: (to: Member) => number = () => 0;
  readonly #estimator = new OffsetEstimator();
  readonly #path: TruePath;

  constructor(
    name: string,
    readonly random: SeededRandom,
    model: PathModel,
  ) {
    this.id = name as UserId;
    this.#path = new TruePath(random, model, 9_000 * random.fraction(), 60 * random.fraction() - 30);
  }

  localMs(trueMs: number): number {
    return this.#path.trueOffsetMs + trueMs * (1 + this.#path.trueDriftPpm * 1e-6);
  }

  /** How far what it goes by is from the true time, ms. */
  get errorMs(): number {
    const estimate = this.verdict?.estimate ?? this.own;
    return estimate ? estimate.offsetMs - this.#path.offsetMsAt(estimate.atLocalMs) : Number.NaN;
  }

  probe(trueMs: number, directorId: UserId): void {
    const probe = this.#path.probe(this.localMs(trueMs));
    const skewUs = this.skewMs * 1_000;
    const told = {
      ...probe,
      t1GlobalUs: probe.t1GlobalUs + skewUs,
      t2GlobalUs: probe.t2GlobalUs + skewUs,
    };
    this.#estimator.add(told);
    this.own = this.#estimator.estimate(probe.t3LocalMs);
    if (this.own && this.own.probes >= 8) {
      this.verdict = this.comparison.judge(this.own, this.id, directorId);
    }
  }

  ownGlobalUsAt(localMs: number): number {
    const own = this.own;
    if (!own) return 0;
    return (localMs - own.offsetMs - (localMs - own.atLocalMs) * own.driftPpm * 1e-6) * 1_000;
  }

  ask(other: Member, trueMs: number, channel: PathModel): void {
    if (!this.own || this.own.probes < 8 || !other.own || other.own.probes < 8) return;
    const delay = (leastMs: number, queueMs: number): number =>
      leastMs - queueMs * Math.log(1 - this.random.fraction());
    const answeredTrueMs = trueMs + delay(channel.upMs, channel.queueUpMs);
    const backTrueMs = answeredTrueMs + delay(channel.downMs, channel.queueDownMs);
    const globalUs = other.ownGlobalUsAt(other.localMs(answeredTrueMs)) + other.lieMs(this) * 1_000;
    const [t0LocalMs, t3LocalMs] = [this.localMs(trueMs), this.localMs(backTrueMs)];
    const probe = { clockId: "north", t0LocalMs, t1GlobalUs: globalUs, t2GlobalUs: globalUs, t3LocalMs };
    this.comparison.take(other.id, probe, 0);
  }
}

class Room {
  readonly members: readonly Member[];
  trueMs = 20_000;

  constructor(
    seed: number,
    models: readonly PathModel[],
    public channel: PathModel = LAN,
  ) {
    const random = new SeededRandom(seed);
    this.members = models.map((model, index) => new Member(`peer ${index}`, random, model));
  }

  /** The first one directs. */
  run(sec: number, eachSec: (sec: number) => void = () => undefined): void {
    for (let ms = 0; ms < sec * 1_000; ms += PROBE_MS) {
      this.trueMs += PROBE_MS;
      const directorId = (this.members[0] as Member).id;
      if (this.trueMs % PING_MS === 0) {
        for (const [index, one] of this.members.entries()) {
          for (const [at, other] of this.members.entries()) {
            if (index !== at) one.ask(other, this.trueMs + 20 * index + 3 * at, this.channel);
          }
        }
      }
      for (const member of this.members) member.probe(this.trueMs + 200, directorId);
      if (this.trueMs % 1_000 === 0) eachSec(ms / 1_000);
    }
  }

  /** How far the two are apart that are furthest apart, ms. */
  get spreadMs(): number {
    const errors = this.members.map(({ errorMs }) => errorMs);
    return Math.max(...errors) - Math.min(...errors);
  }

  disagreements(): readonly (string | null)[] {
    return this.members.map(({ verdict }) => verdict?.disagreement?.code ?? null);
  }
}

const nobody = (room: Room): boolean => room.disagreements().every((code) => code === null);
const SEEDS = [1, 2, 3, 4];

describe("comparing clocks with one's neighbours", () => {
  it.each([
    ["on a LAN", [LAN, LAN, LAN, LAN], LAN],
    ["of two", [LAN, WIFI], WIFI],
    ["on Wi-Fi", [WIFI, WIFI, WIFI, WIFI_UPLOADING], WIFI],
    ["on mobile networks and Wi-Fi", [MOBILE, WIFI, MOBILE, WIFI], MOBILE],
    ["that uploads", [WIFI_UPLOADING, WIFI_UPLOADING, WIFI_UPLOADING], WIFI_UPLOADING],
  ])("[T17] never says of an honest room %s that clocks disagree", (_, models, channel) => {
    for (const seed of SEEDS) {
      const room = new Room(seed, models, channel);
      room.run(70, () => expect(nobody(room)).toBe(true));
    }
  });

  it("[T17] does not take a channel that is slower one way than back for a clock that is off", () => {
    for (const seed of SEEDS) {
      const room = new Room(seed, [LAN, LAN, LAN], { ...LAN, upMs: 60, downMs: 2 });
      room.run(60, () => expect(nobody(room)).toBe(true));
    }
  });

  it("[T17] proves nothing by a channel that is slow one way, and ever less so", () => {
    // Whoever is served on a grid of 20 ms answers ever sooner after a question whose period is no multiple of it.
    for (const seed of [3, 21]) {
      const room = new Room(seed, [MOBILE, MOBILE, MOBILE]);
      room.run(90, (sec) => {
        room.channel = { ...LAN, upMs: 20 - 0.15 * sec, downMs: 0, queueUpMs: 0, queueDownMs: 0 };
        expect(nobody(room)).toBe(true);
      });
    }
  });

  it.each([50, -50, 8, 3_000])(
    "[T18] who is told a time that is %d ms off says so and goes by the others'",
    (skewMs) => {
      for (const seed of SEEDS) {
        const room = new Room(seed, [WIFI, LAN, WIFI, LAN], WIFI);
        const victim = room.members[2] as Member;
        victim.skewMs = skewMs;
        room.run(20);
        room.run(40, () => {
          expect(room.disagreements()).toEqual([null, null, "outvoted", null]);
          expect(room.spreadMs).toBeLessThan(2);
        });
        expect(victim.verdict?.disagreement?.byMs).toBeGreaterThan(Math.abs(skewMs) - 2);
      }
    },
  );

  it("[T18] the director is outvoted as anybody else is", () => {
    const room = new Room(4, [LAN, LAN, WIFI], LAN);
    (room.members[0] as Member).skewMs = 50;
    room.run(25);
    expect(room.disagreements()).toEqual(["outvoted", null, null]);
    expect(room.spreadMs).toBeLessThan(2);
  });

  it.each([0.1, 0.4])(
    "[T18] a time that runs away by %d ms a second is left before it is heard",
    (msPerSec) => {
      for (const seed of SEEDS) {
        const room = new Room(seed, [WIFI, LAN, WIFI, WIFI], WIFI);
        const victim = room.members[3] as Member;
        room.run(30);
        room.run(180, () => {
          victim.skewMs += msPerSec;
          expect(room.spreadMs).toBeLessThan(12);
        });
        expect(room.disagreements()).toEqual([null, null, null, "outvoted"]);
        expect(room.spreadMs).toBeLessThan(4);
      }
    },
  );

  it("[T18] two that disagree cannot know who is right: both say so, and both go by the director's", () => {
    for (const skewed of [0, 1]) {
      const room = new Room(7, [LAN, WIFI], LAN);
      (room.members[skewed] as Member).skewMs = 50;
      room.run(30);
      expect(room.disagreements()).toEqual(["undecided", "undecided"]);
      expect(room.spreadMs).toBeLessThan(2);
      const off = room.members.map(({ errorMs }) => Math.round(Math.abs(errorMs) / 50));
      expect(off).toEqual(skewed === 0 ? [1, 1] : [0, 0]);
    }
  });

  it("[T18] halves that disagree meet, whoever directs", () => {
    const room = new Room(8, [LAN, LAN, LAN, LAN], LAN);
    for (const index of [1, 3]) (room.members[index] as Member).skewMs = 50;
    room.run(30);
    expect(room.disagreements()).toEqual(["undecided", "undecided", "undecided", "undecided"]);
    expect(room.spreadMs).toBeLessThan(2);
  });

  it("[T19] a lone liar among three who are honest moves nobody, whatever it tells each, also as the director", () => {
    for (const liar of [0, 3]) {
      for (const seed of SEEDS) {
        const room = new Room(seed, [LAN, WIFI, LAN, WIFI], WIFI);
        const honest = room.members.filter((_, index) => index !== liar);
        (room.members[liar] as Member).lieMs = (to) =>
          40 * (1 + room.members.indexOf(to)) + room.trueMs / 900;
        room.run(60, () => {
          for (const { verdict, errorMs, own } of honest) {
            if (!verdict || !own) continue;
            expect(verdict.disagreement).toBeNull();
            expect(verdict.estimate).toBe(own);
            expect(Math.abs(errorMs)).toBeLessThan(3);
          }
        });
      }
    }
  });

  it("[T19] changes its mind only when the same was found several times over two seconds", () => {
    const room = new Room(9, [LAN, LAN, LAN], LAN);
    const victim = room.members[1] as Member;
    room.run(20);
    for (const other of room.members.filter((each) => each !== victim)) other.lieMs = () => 50;
    room.run(1);
    for (const other of room.members) other.lieMs = () => 0;
    room.run(20, () => expect(nobody(room)).toBe(true));
  });

  it("[T18] is its own clock again when the lie is over", () => {
    const room = new Room(10, [LAN, LAN, LAN], LAN);
    const victim = room.members[1] as Member;
    victim.skewMs = 50;
    room.run(30);
    expect(victim.verdict?.disagreement).not.toBeNull();
    victim.skewMs = 0;
    room.run(40, () =>
      expect(room.spreadMs < 2 || victim.own === null || (victim.own.probes ?? 0) < 12).toBe(true),
    );
    expect(nobody(room)).toBe(true);
    expect(victim.verdict?.estimate).toBe(victim.own);
  });

  it("[T17] has no say of who is in another server's clock, or has not answered for long", () => {
    const room = new Room(11, [LAN, LAN, LAN], LAN);
    const [ada, , cy] = room.members as [Member, Member, Member];
    cy.skewMs = 50;
    room.run(20);
    expect(ada.verdict?.compared).toBe(2);
    const own = ada.own as OffsetEstimate;
    expect(ada.comparison.judge({ ...own, clockId: "south" }, ada.id, null).compared).toBe(0);
    expect(ada.comparison.judge(own, ada.id, null, (peer) => peer !== cy.id).compared).toBe(1);
    expect(ada.comparison.judge({ ...own, atLocalMs: own.atLocalMs + 30_000 }, ada.id, null).compared).toBe(
      0,
    );
  });
});
