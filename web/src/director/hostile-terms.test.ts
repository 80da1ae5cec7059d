import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pickOne, randomBelow, type UserId } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { MAX_PLAN_US } from "../protocol/constants/director.gen.ts";
import { Director, type PlanChange } from "./director.ts";
import { EMPTY_PLAN } from "./plan.ts";
import type { Heartbeat } from "./register.ts";

const id = (letter: string) => letter.repeat(32) as UserId;
const HONEST = ["a", "b", "c", "d"].map(id);
const MAX = 0xffff_ffff;
/** At and near every end that a number on the wire can have, and where serial numbers turn over. */
const EDGES = [
  0,
  1,
  2,
  999_999_999,
  1_000_000_000,
  2 ** 31 - 2,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 31 + 1,
  MAX - 1,
  MAX,
];
const STEP_MS = 100;
const STORM_MS = 20_000;
/** Each who knows a record that beats the director's claims once, after at most 3 s of silence and its rank's turn. */
const AGREE_MS = 30_000;
const SONG: PlanChange = {
  clockId: "north",
  fileId: null,
  state: "playing",
  globalStartUs: 5e6,
  positionUs: 0,
};

interface Peer {
  readonly userId: UserId;
  readonly director: Director;
  isHere: boolean;
  /** Those of another group are not heard, as behind a server of their own. */
  group: number;
}

/** Directors over a relay without loss, and a member that may say anything to anyone. */
class Room {
  readonly peers: Peer[] = HONEST.map((userId) => ({
    userId,
    director: new Director(userId),
    isHere: false,
    group: 0,
  }));
  readonly #wire: { readonly from: UserId; readonly to: Peer; readonly heartbeat: Heartbeat }[] = [];
  nowMs = 0;

  /** `hostile` is a member in every group; it never does what a director would. */
  constructor(readonly hostile: UserId) {}

  get here(): Peer[] {
    return this.peers.filter(({ isHere }) => isHere);
  }

  candidatesOf(peer: Peer) {
    const others = this.here.filter((each) => each !== peer && each.group === peer.group);
    return [...others.map(({ userId }) => userId), this.hostile].map((userId) => ({
      userId,
      isVisible: true,
      isAway: false,
    }));
  }

  join(peer: Peer): void {
    peer.isHere = true;
    this.post(peer, peer.director.attach(this.candidatesOf(peer), true, this.nowMs));
    this.#membersChanged();
  }

  split(groups: number, random: SeededRandom): void {
    for (const peer of this.peers) peer.group = randomBelow(random, groups);
    this.#membersChanged();
  }

  post(from: Peer, heartbeat: Heartbeat | null): void {
    if (!heartbeat) return;
    for (const number of [heartbeat.record.term, heartbeat.plan.term, heartbeat.plan.rev]) {
      if (!Number.isInteger(number) || number < 0 || number > MAX)
        throw new RangeError(`${number} on the wire`);
    }
    for (const to of this.here)
      if (to !== from && to.group === from.group) this.#wire.push({ from: from.userId, to, heartbeat });
  }

  lie(to: Peer, heartbeat: Heartbeat): void {
    this.#wire.push({ from: this.hostile, to, heartbeat });
  }

  advance(ms: number, step = (): void => undefined): void {
    for (let leftMs = ms; leftMs > 0; leftMs -= STEP_MS) {
      this.nowMs += STEP_MS;
      step();
      for (const { from, to, heartbeat } of this.#wire.splice(0))
        if (to.isHere) this.post(to, to.director.receiveHeartbeat(from, heartbeat, this.nowMs));
      for (const peer of this.here) this.post(peer, peer.director.tick(this.nowMs));
    }
  }

  /** Who directs, as everybody here believes; null where they do not agree or nobody knows. */
  get agreed(): UserId | null {
    const [believed, ...rest] = [...new Set(this.here.map(({ director }) => director.directorId))];
    const directing = this.here.filter(({ director }) => director.isMe);
    return rest.length === 0 && directing.length === 1 ? (believed ?? null) : null;
  }

  get plans(): number {
    return new Set(this.here.map(({ director }) => JSON.stringify(director.plan))).size;
  }

  #membersChanged(): void {
    for (const peer of this.here)
      this.post(peer, peer.director.setCandidates(this.candidatesOf(peer), true, this.nowMs));
  }
}

function heartbeatOf(userId: UserId, term: number, rev: number, isResigned = false): Heartbeat {
  return { record: { term, userId, resigned: isResigned }, plan: { ...EMPTY_PLAN, term, rev } };
}

/** What everybody must still be able to do, each of them, after whatever happened. */
function expectLife(room: Room): void {
  expect(room.agreed).not.toBeNull();
  expect(room.plans).toBe(1);
  for (const peer of room.here) {
    room.post(peer, peer.director.takeOver(room.nowMs));
    room.advance(300);
    expect(room.agreed).toBe(peer.userId);
    for (const positionUs of [1e6, 2e6]) {
      room.post(peer, peer.director.changePlan({ ...SONG, positionUs }, room.nowMs));
      room.advance(300);
      for (const { director } of room.here) expect(director.plan.positionUs).toBe(positionUs);
    }
    room.post(peer, peer.director.resign(room.nowMs));
    room.advance(4_000);
    expect(room.agreed).not.toBe(peer.userId);
    expect(room.agreed).not.toBeNull();
  }
}

describe("[D20] a member that claims whatever number it likes", () => {
  it.each(EDGES)(
    "at term and revision %i the role can be taken over, used to play, resigned and passed on",
    (edge) => {
      for (const hostile of [id("0"), id("f")]) {
        for (const isResigned of [false, true]) {
          const room = new Room(hostile);
          for (const peer of room.peers) room.join(peer);
          room.advance(5_000);
          for (const peer of room.here) room.lie(peer, heartbeatOf(hostile, edge, edge, isResigned));
          room.advance(8_000);
          expectLife(room);
        }
      }
    },
  );

  it("[D21] leaves the next one a plan that others take, wherever in time its own was", () => {
    const director = new Director(id("a"));
    director.attach([], true, 0);
    const change = { ...SONG, globalStartUs: 1e300, positionUs: 1e300 };
    expect(director.changePlan(change, 0)?.plan).toMatchObject({
      globalStartUs: MAX_PLAN_US,
      positionUs: MAX_PLAN_US,
    });
  });

  it("cannot keep those apart whom it told different things, in any number of groups, newcomers among them", () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom("0", "b1", "f"), (seed, letters) => {
        const random = new SeededRandom(seed);
        const room = new Room(letters.repeat(32).slice(0, 32) as UserId);
        const [first, ...later] = room.peers;
        if (first) room.join(first);
        const term = (): number => {
          const known = pickOne(random, room.here).director.record?.term ?? 0;
          const far = random.fraction() < 0.5 ? pickOne(random, EDGES) : randomBelow(random, 2 ** 32);
          return random.fraction() < 0.5 ? far : (known + pickOne(random, EDGES)) % 2 ** 32;
        };
        room.advance(STORM_MS, () => {
          const dice = random.fraction();
          if (dice < 0.02) room.split(1 + randomBelow(random, 3), random);
          else if (dice < 0.06 && later.length > 0) room.join(later.shift() as Peer);
          else if (dice < 0.1) {
            const peer = pickOne(random, room.here);
            room.post(peer, peer.director.takeOver(room.nowMs));
          } else if (dice < 0.14) {
            const peer = pickOne(random, room.here);
            room.post(peer, peer.director.changePlan(SONG, room.nowMs));
          } else if (dice < 0.4) {
            const heartbeat = heartbeatOf(room.hostile, term(), term(), random.fraction() < 0.2);
            for (const peer of room.here) if (random.fraction() < 0.5) room.lie(peer, heartbeat);
          }
        });
        for (const peer of later) room.join(peer);
        room.split(1, random);
        room.advance(AGREE_MS);
        expectLife(room);
      }),
      { numRuns: 150 },
    );
  });
});

describe("[D20] among those who mean well", () => {
  it("parts that were apart for hours meet in the one that had more successions", () => {
    const room = new Room(id("f"));
    for (const peer of room.peers) room.join(peer);
    room.advance(5_000);
    const [ada, bo, cy, di] = room.peers as [Peer, Peer, Peer, Peer];
    for (const peer of [cy, di]) peer.group = 1;
    room.advance(5_000);
    for (let round = 0; round < 500; round++) {
      for (const peer of [cy, di]) {
        room.post(peer, peer.director.takeOver(room.nowMs));
        room.advance(STEP_MS);
      }
    }
    room.post(di, di.director.changePlan({ ...SONG, positionUs: 7e6 }, room.nowMs));
    for (const peer of [ada, bo, cy, di]) peer.group = 0;
    room.advance(3_000);
    expect(room.agreed).toBe(di.userId);
    expect(ada.director.plan.positionUs).toBe(7e6);
    expectLife(room);
  });
});
