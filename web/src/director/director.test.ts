import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UserId } from "../lib/index.ts";
import {
  DIRECTOR_SILENCE_MS,
  HEARTBEAT_PERIOD_MS,
  RANK_DELAY_MS,
  REATTACH_SILENCE_MS,
} from "../protocol/constants/director.gen.ts";
import { type Candidate, Director, type PlanChange } from "./director.ts";
import { compareHeartbeats, type Heartbeat } from "./register.ts";

const id = (letter: string) => letter.repeat(32) as UserId;
const [ada, bo, cy] = [id("a"), id("b"), id("c")];
const seen = (...others: UserId[]): Candidate[] =>
  others.map((userId) => ({ userId, isVisible: true, isAway: false }));
const SONG: PlanChange = {
  clockId: "north",
  fileId: null,
  state: "playing",
  globalStartUs: 5_000_000,
  positionUs: 0,
};

/** Ada directs alone from the first moment. */
function adaDirecting(): Director {
  const director = new Director(ada);
  director.attach([], true, 0);
  return director;
}

/** Bo follows ada's heartbeat of term 1 with cy beside him. */
function boFollowing(): Director {
  const director = new Director(bo);
  director.attach(seen(ada, cy), true, 0);
  director.receiveHeartbeat(ada, heartbeatOf(adaDirecting()), 100);
  return director;
}

function heartbeatOf(director: Director): Heartbeat {
  const { record, plan } = director;
  if (!record) throw new Error("no record");
  return { record, plan };
}

describe("the director", () => {
  it("[D5] who is alone directs at once", () => {
    expect(adaDirecting().isMe).toBe(true);
  });

  it("[D6] who joins others listens for a heartbeat before claiming", () => {
    const director = new Director(bo);
    expect(director.attach(seen(ada), true, 0)).toBeNull();
    expect(director.tick(DIRECTOR_SILENCE_MS - 1)).toBeNull();
    expect(director.isMe).toBe(false);
  });

  it("[D3] sends a heartbeat every second with record and plan", () => {
    const director = adaDirecting();
    expect(director.tick(HEARTBEAT_PERIOD_MS - 1)).toBeNull();
    expect(director.tick(HEARTBEAT_PERIOD_MS)?.record).toEqual({ term: 1, userId: ada, resigned: false });
  });

  it("[D7] a newcomer hears a heartbeat at once", () => {
    expect(adaDirecting().setCandidates(seen(bo), true, 10)).not.toBeNull();
  });

  it("[D4] three silent seconds make the role vacant, and the first rank claims the next term", () => {
    const director = boFollowing();
    expect(director.tick(100 + DIRECTOR_SILENCE_MS - 1)).toBeNull();
    const claim = director.tick(100 + DIRECTOR_SILENCE_MS);
    expect(claim?.record).toEqual({ term: 2, userId: bo, resigned: false });
  });

  it("[D18] who hears not even the server claims nothing until it has had time to hear a heartbeat", () => {
    const director = boFollowing();
    for (let localMs = 2_000; localMs <= 6_000; localMs += 200) {
      director.serverIsSilent(localMs);
      expect(director.tick(localMs)).toBeNull();
    }
    expect(director.tick(7_400)).toBeNull();
    expect(director.tick(7_500)?.record.userId).toBe(bo);
  });

  it("[D5] the second rank waits its turn", () => {
    const director = new Director(cy);
    director.attach(seen(ada, bo), true, 0);
    director.receiveHeartbeat(ada, heartbeatOf(adaDirecting()), 0);
    director.memberLeft(ada, 1_000);
    expect(director.tick(1_000 + RANK_DELAY_MS - 1)).toBeNull();
    expect(director.tick(1_000 + RANK_DELAY_MS)?.record.userId).toBe(cy);
  });

  it("[D5] a visible peer goes before a hidden one with a lower user id", () => {
    const director = new Director(cy);
    director.attach([{ userId: bo, isVisible: false, isAway: false }], true, 0);
    director.receiveHeartbeat(
      bo,
      { ...heartbeatOf(adaDirecting()), record: { term: 1, userId: bo, resigned: false } },
      0,
    );
    director.setCandidates(
      [
        { userId: ada, isVisible: false, isAway: false },
        { userId: bo, isVisible: false, isAway: false },
      ],
      true,
      10,
    );
    expect(director.memberLeft(bo, 1_000)?.record.userId).toBe(cy);
  });

  it("[D12] a new director keeps the plan unchanged", () => {
    const former = adaDirecting();
    former.changePlan(SONG, 10);
    const director = boFollowing();
    director.receiveHeartbeat(ada, heartbeatOf(former), 200);
    const claim = director.memberLeft(ada, 1_000);
    expect(claim?.plan).toEqual(former.plan);
    expect(claim?.plan.state).toBe("playing");
  });

  it("[D9] a director that wakes up follows its successor, and its stale heartbeat changes nothing", () => {
    const sleeper = adaDirecting();
    const successor = boFollowing();
    successor.tick(100 + DIRECTOR_SILENCE_MS);
    const plan = successor.plan;
    const answer = successor.receiveHeartbeat(ada, heartbeatOf(sleeper), 60_000);
    expect(successor.isMe).toBe(true);
    expect(successor.plan).toEqual(plan);
    if (!answer) throw new Error("the successor must speak up");
    sleeper.receiveHeartbeat(bo, answer, 60_010);
    expect(sleeper.isMe).toBe(false);
    expect(sleeper.directorId).toBe(bo);
  });

  it("[D25] answers whoever sends stale heartbeats without end no more often than four times a second", () => {
    const stale = heartbeatOf(adaDirecting());
    const director = boFollowing();
    director.takeOver(1_000);
    let answers = 0;
    for (let localMs = 2_000; localMs < 12_000; localMs += 20)
      if (director.receiveHeartbeat(ada, stale, localMs)) answers += 1;
    expect(answers).toBeGreaterThan(9);
    expect(answers).toBeLessThanOrEqual(40);
  });

  it("[D1] of two claims for one term the lower user id wins on both sides", () => {
    const [first, second] = [boFollowing(), new Director(cy)];
    second.attach(seen(ada, bo), true, 0);
    const [fromBo, fromCy] = [first.takeOver(500), second.takeOver(500)];
    if (!fromBo || !fromCy) throw new Error("both claim");
    const late = { ...fromCy, record: { ...fromCy.record, term: fromBo.record.term } };
    first.receiveHeartbeat(cy, late, 510);
    second.receiveHeartbeat(bo, fromBo, 510);
    expect(first.directorId).toBe(bo);
    expect(second.directorId).toBe(bo);
  });

  it("[D26] a newcomer that met a sleeping founder's silence does not take its plan away", () => {
    const founder = new Director(cy);
    founder.attach([], true, 0);
    founder.changePlan(SONG, 10);
    const newcomer = new Director(ada); // its lower user id would win within one term
    newcomer.attach(seen(cy), true, 1_000);
    const claim = newcomer.tick(1_000 + DIRECTOR_SILENCE_MS + RANK_DELAY_MS);
    if (!claim) throw new Error("somebody must direct meanwhile");
    founder.receiveHeartbeat(ada, claim, 60_000);
    expect(founder.isMe).toBe(true);
    newcomer.receiveHeartbeat(cy, heartbeatOf(founder), 60_010);
    expect(newcomer.directorId).toBe(cy);
    expect(newcomer.plan).toEqual(founder.plan);
  });

  it("[D26] what a newcomer claims by hand, or alone, is a first term", () => {
    const byHand = new Director(ada);
    byHand.attach(seen(cy), true, 0);
    expect(byHand.takeOver(100)?.record.term).toBe(1);
    const leftAlone = new Director(ada);
    leftAlone.attach(seen(cy), true, 0);
    leftAlone.memberLeft(cy, 100);
    expect(leftAlone.tick(DIRECTOR_SILENCE_MS)?.record.term).toBe(1);
  });

  it("[D11] who resigns is succeeded at once and ranks last", () => {
    const director = adaDirecting();
    director.setCandidates(seen(bo), true, 0);
    const resignation = director.resign(100);
    expect(resignation?.record.resigned).toBe(true);
    expect(director.tick(150)).toBeNull();
    const successor = boFollowing();
    expect(successor.receiveHeartbeat(ada, resignation as Heartbeat, 200)?.record).toEqual({
      term: 2,
      userId: bo,
      resigned: false,
    });
  });

  it("[D11] who resigns again and again keeps nobody from succeeding", () => {
    const director = adaDirecting();
    director.setCandidates(seen(bo), true, 0);
    const resignation = director.resign(100) as Heartbeat;
    const successor = new Director(cy);
    successor.attach(seen(ada, bo), true, 0);
    successor.receiveHeartbeat(ada, resignation, 200);
    let claim: Heartbeat | null = null;
    for (let localMs = 450; localMs < 5_000 && !claim; localMs += 250) {
      claim = successor.receiveHeartbeat(ada, resignation, localMs) ?? successor.tick(localMs);
    }
    expect(claim?.record).toEqual({ term: 2, userId: cy, resigned: false });
  });

  it("[D8] nobody speaks for somebody else", () => {
    const director = boFollowing();
    const forged = { ...heartbeatOf(adaDirecting()), record: { term: 9, userId: ada, resigned: false } };
    director.receiveHeartbeat(cy, forged, 300);
    expect(director.record?.term).toBe(1);
  });

  it("[D10] taking over claims the next term by hand", () => {
    expect(boFollowing().takeOver(500)?.record).toEqual({ term: 2, userId: bo, resigned: false });
  });

  it("[D6] who is detached claims nothing, however long the silence", () => {
    const director = boFollowing();
    director.detach();
    expect(director.tick(10 * DIRECTOR_SILENCE_MS)).toBeNull();
    expect(director.takeOver(10 * DIRECTOR_SILENCE_MS)).toBeNull();
  });

  it("[D6] who comes back alone to a role that was resigned claims at once", () => {
    const director = adaDirecting();
    director.resign(100);
    director.detach();
    expect(director.attach([], true, 5_000)?.record).toEqual({ term: 2, userId: ada, resigned: false });
  });

  it("[D6] waits longer for the known director on a new server than on the one it left", () => {
    for (const isNewServer of [false, true]) {
      const director = boFollowing();
      director.detach();
      director.attach(seen(cy), isNewServer, 20_000);
      const patienceMs = isNewServer ? REATTACH_SILENCE_MS : DIRECTOR_SILENCE_MS;
      expect(director.tick(20_000 + patienceMs - 1)).toBeNull();
      expect(director.tick(20_000 + patienceMs)?.record.userId).toBe(bo);
    }
  });

  it("[D9] who resigned unheard says so to the director that was to be succeeded", () => {
    const sleeper = adaDirecting();
    const bold = boFollowing();
    bold.takeOver(500);
    bold.resign(600);
    bold.detach();
    bold.attach(seen(ada, cy), true, 1_000);
    const answer = bold.receiveHeartbeat(ada, heartbeatOf(sleeper), 1_100);
    expect(answer?.record).toEqual({ term: 2, userId: bo, resigned: true });
    expect(sleeper.receiveHeartbeat(bo, answer as Heartbeat, 1_200)?.record).toEqual({
      term: 3,
      userId: ada,
      resigned: false,
    });
  });

  it("[D2] any order, loss and duplication of heartbeats leaves all who heard the latest at the same director and plan", () => {
    const heartbeat = fc.record({
      record: fc.record({
        term: fc.integer({ min: 1, max: 4 }),
        userId: fc.constantFrom(ada, bo, cy),
        resigned: fc.boolean(),
      }),
      plan: fc.record({
        term: fc.integer({ min: 0, max: 4 }),
        rev: fc.integer({ min: 0, max: 5 }),
        clockId: fc.constant("north"),
        fileId: fc.constant(null),
        state: fc.constantFrom("stopped" as const, "playing" as const),
        globalStartUs: fc.constant(0),
        positionUs: fc.constant(0),
        entryId: fc.constant(null),
        repeat: fc.constant("off" as const),
        loopUs: fc.constant(null),
        tempo: fc.constant(100),
        crossfadeMs: fc.constant(0),
      }),
    });
    const delivery = fc.array(fc.nat({ max: 1_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(
        fc.array(heartbeat, { minLength: 1, maxLength: 25 }),
        delivery,
        delivery,
        (heartbeats, one, two) => {
          // A director writes one plan per (record, revision), so equal ranks must mean equal heartbeats.
          const unique = heartbeats.filter(
            (candidate, index) =>
              heartbeats.findIndex((other) => compareHeartbeats(other, candidate) === 0) === index,
          );
          const latest = unique.reduce((best, next) => (compareHeartbeats(next, best) > 0 ? next : best));
          const hear = (order: readonly number[]) => {
            const director = new Director(id("e"));
            director.attach(seen(ada, bo, cy), true, 0);
            const heard = order.flatMap((pick) => unique[pick % unique.length] ?? []);
            for (const received of [...heard, latest, ...heard]) {
              director.receiveHeartbeat(received.record.userId, received, 1);
            }
            return { record: director.record, plan: director.plan };
          };
          expect(hear(one)).toEqual(hear(two));
          expect(hear(one)).toEqual(latest);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("a swarm of directors over a lossy relay", () => {
  it("[D2] ends with one director and one plan everywhere, whatever was lost, delayed, doubled or taken over", () => {
    const step = fc.record({
      at: fc.nat({ max: 20_000 }),
      who: fc.nat({ max: 3 }),
      act: fc.constantFrom("take", "resign", "plan", "detach", "attach"),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.array(fc.nat({ max: 99 }), { minLength: 400 }),
        (steps, dice) => {
          const peers = [ada, bo, cy, id("d")].map((userId) => ({ userId, director: new Director(userId) }));
          const others = (userId: UserId) =>
            seen(...peers.map((peer) => peer.userId).filter((other) => other !== userId));
          const wire: { dueMs: number; from: UserId; to: number; heartbeat: Heartbeat }[] = [];
          let roll = 0;
          const die = () => dice[roll++ % dice.length] ?? 0;
          const CALM_MS = 20_000;
          const detached = new Set<number>();
          const post = (index: number, heartbeat: Heartbeat | null, nowMs: number) => {
            const from = peers[index]?.userId;
            if (!heartbeat || !from || detached.has(index)) return;
            peers.forEach((_, to) => {
              if (to === index) return;
              const luck = nowMs < CALM_MS ? die() : 50;
              if (luck < 20) return; // lost
              const copies = luck > 90 ? 2 : 1;
              for (let copy = 0; copy < copies; copy++) {
                wire.push({ dueMs: nowMs + (nowMs < CALM_MS ? die() * 10 : 20), from, to, heartbeat });
              }
            });
          };
          peers.forEach(({ userId, director }, index) => {
            post(index, director.attach(others(userId), true, 0), 0);
          });
          for (let nowMs = 0; nowMs <= CALM_MS + 14_000; nowMs += 100) {
            if (nowMs === CALM_MS) {
              for (const index of detached)
                peers[index]?.director.attach(others(peers[index]?.userId ?? ada), true, nowMs);
              detached.clear();
            }
            for (const { at, who, act } of steps) {
              const peer = peers[who];
              if (at < nowMs || at >= nowMs + 100 || !peer || nowMs >= CALM_MS) continue;
              if (act === "take") post(who, peer.director.takeOver(nowMs), nowMs);
              else if (act === "resign") post(who, peer.director.resign(nowMs), nowMs);
              else if (act === "plan")
                post(who, peer.director.changePlan({ ...SONG, globalStartUs: nowMs }, nowMs), nowMs);
              else if (act === "detach") {
                peer.director.detach();
                detached.add(who);
              } else if (detached.delete(who))
                post(who, peer.director.attach(others(peer.userId), true, nowMs), nowMs);
            }
            for (const message of wire.splice(0)) {
              if (message.dueMs > nowMs) wire.push(message);
              else if (!detached.has(message.to)) {
                const receiver = peers[message.to];
                post(
                  message.to,
                  receiver?.director.receiveHeartbeat(message.from, message.heartbeat, nowMs) ?? null,
                  nowMs,
                );
              }
            }
            peers.forEach(({ director }, index) => {
              post(index, director.tick(nowMs), nowMs);
            });
          }
          const directors = new Set(peers.map((peer) => peer.director.directorId));
          expect(directors.size).toBe(1);
          expect(peers.filter((peer) => peer.director.isMe)).toHaveLength(1);
          expect(new Set(peers.map((peer) => JSON.stringify(peer.director.plan))).size).toBe(1);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("the start gate", () => {
  it("[D13] [D14] waits for all who are present", async () => {
    const { decideStart } = await import("./start-gate.ts");
    const peer = (userId: UserId, isReady: boolean, isAway = false) => ({
      userId,
      isReady,
      isUnable: false,
      isAway,
      rttMs: 20,
      speakerDelayMs: 0,
    });
    expect(decideStart([peer(ada, true), peer(bo, false)], false)).toEqual({
      verdict: "wait",
      missing: [bo],
    });
    expect(decideStart([peer(ada, true), peer(bo, false, true)], false).verdict).toBe("start");
    expect(decideStart([peer(ada, true), peer(bo, false)], true).verdict).toBe("start");
  });

  it("[D19] does not wait for who cannot play it, and does not start what nobody can", async () => {
    const { decideStart } = await import("./start-gate.ts");
    const paths = { isAway: false, rttMs: 20, speakerDelayMs: 0 };
    const able = { userId: ada, isReady: true, isUnable: false, ...paths };
    const unable = { userId: bo, isReady: false, isUnable: true, ...paths };
    expect(decideStart([able, unable], false).verdict).toBe("start");
    expect(decideStart([unable, { ...able, isAway: true }], false)).toEqual({ verdict: "wait", missing: [] });
    expect(decideStart([unable], true).verdict).toBe("wait");
  });

  it("[D15] leaves as much lead as the device needs that needs most, within 0.4 to 4 s", async () => {
    const { decideStart } = await import("./start-gate.ts");
    const device = { userId: ada, isReady: true, isUnable: false, isAway: false, rttMs: 10 };
    const quick = { ...device, speakerDelayMs: 0, startMs: 250 };
    const lead = (...others: Partial<typeof quick>[]) => {
      const decision = decideStart(
        others.map((other) => ({ ...quick, ...other })),
        true,
      );
      return decision.verdict === "start" ? decision.leadMs : 0;
    };
    expect(lead({})).toBe(460);
    expect(lead({ startMs: 50 })).toBe(400);
    expect(lead({ rttMs: 9_000 })).toBe(4_000);
    // The sum counts, of each by itself: who sounds late need not be far away as well.
    expect(lead({}, { speakerDelayMs: 300, startMs: 500 }, { speakerDelayMs: 200, startMs: 550 })).toBe(
      1_010,
    );
    // Half of the way is the director's, whoever that is.
    expect(lead({ startMs: 700 }, { rttMs: 510 })).toBe(1_160);
    // Who is not ready enters when it is; who has not told how long it needs may need a second.
    expect(
      lead({}, { isReady: false, startMs: 2_000 }, { isUnable: true, isReady: false, startMs: 2_000 }),
    ).toBe(460);
    const { startMs: _, ...silent } = { ...quick, isReady: false };
    const forced = decideStart([quick, silent], true);
    expect(forced).toEqual({ verdict: "start", leadMs: 1_210 });
  });
});
