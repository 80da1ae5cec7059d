// Traces: events in, effects and state out, of the cores that both languages have, in vectors/*.trace.json. The headless peer
// must do the same at every step (tests/peer/test_traces.py). UNISONO_WRITE_VECTORS=1 writes them anew.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { OffsetEstimate } from "../clock/offset-estimator.ts";
import { PlaybackClock } from "../clock/playback-clock.ts";
import { SyncedClock } from "../clock/synced-clock.ts";
import { LAN, TruePath, WIFI } from "../clock/testing/path.ts";
import { type Candidate, Director } from "../director/director.ts";
import type { Heartbeat } from "../director/register.ts";
import { ROLE_TRANSITIONS } from "../director/role-transitions.ts";
import { decideStart, type Readiness } from "../director/start-gate.ts";
import type { FileId, UserId } from "../lib/index.ts";
import { SeededRandom, VirtualClock } from "../lib/testing/index.ts";

const FOLDER = join(import.meta.dirname, "../../../vectors");

/** Compares with the stored trace; with UNISONO_WRITE_VECTORS, stores it. A step a line, so that a change can be read. */
function check(name: string, actual: readonly unknown[]): void {
  const path = join(FOLDER, `${name}.trace.json`);
  const text = `[\n${actual.map((step) => JSON.stringify(step)).join(",\n")}\n]\n`;
  if (process.env.UNISONO_WRITE_VECTORS) writeFileSync(path, text);
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(path, "utf8")));
}

const idOf = (letter: string): UserId => letter.repeat(32) as UserId;
const ME = idOf("5");
const OTHERS = ["2", "4", "7", "9"].map(idOf);
const FILE = "f1".repeat(32) as FileId;

const EVENTS = [
  "attach",
  "detach",
  "candidates",
  "left",
  "heartbeat",
  "silent",
  "resign",
  "change",
  "tick",
] as const;
/** How often each comes: time passes most of the time, and the channel rarely breaks. */
const WEIGHTS: Readonly<Record<(typeof EVENTS)[number], number>> = {
  attach: 2,
  detach: 1,
  candidates: 3,
  left: 2,
  heartbeat: 8,
  silent: 2,
  resign: 1,
  change: 3,
  tick: 12,
};
const DRAWN = EVENTS.flatMap((event) => Array.from({ length: WEIGHTS[event] }, () => event));

/** One seeded run: what happens to a peer that nobody looks at, and what it answers. */
function directorSteps(seed: number, count: number): unknown[] {
  const random = new SeededRandom(seed);
  const nat = (below: number): number => Math.floor(random.fraction() * below);
  const anyOf = <T>(each: readonly T[]): T => each[nat(each.length)] as T;
  const director = new Director(ME);
  director.setCandidates([], false, 0); // a page counts as visible until it says otherwise
  let localMs = 1_000;
  const around = (): Candidate[] =>
    OTHERS.filter(() => nat(3) > 0).map((userId) => ({
      userId,
      isVisible: nat(2) === 0,
      isAway: nat(4) === 0,
    }));
  const heard = (): Heartbeat => {
    const term = Math.max(1, (director.record?.term ?? 0) + nat(4) - 1);
    const record = { term, userId: anyOf(OTHERS), resigned: nat(6) === 0 };
    const rev = Math.max(0, director.plan.rev + nat(4) - 1);
    return { record, plan: { ...director.plan, term, rev, globalStartUs: nat(1e9) } };
  };
  const drawn = (event: (typeof EVENTS)[number]): readonly [args: unknown[], answer: Heartbeat | null] => {
    switch (event) {
      case "attach": {
        const [others, isNewServer] = [around(), nat(2) === 0];
        return [[others, isNewServer], director.attach(others, isNewServer, localMs)];
      }
      case "detach":
        director.detach();
        return [[], null];
      case "candidates": {
        const others = around();
        return [[others], director.setCandidates(others, false, localMs)];
      }
      case "left": {
        const userId = anyOf(OTHERS);
        return [[userId], director.memberLeft(userId, localMs)];
      }
      case "heartbeat": {
        const heartbeat = heard();
        const from = nat(8) === 0 ? anyOf(OTHERS) : heartbeat.record.userId;
        return [[from, heartbeat], director.receiveHeartbeat(from, heartbeat, localMs)];
      }
      case "silent":
        director.serverIsSilent(localMs);
        return [[], null];
      case "resign":
        return [[], director.resign(localMs)];
      case "change": {
        const globalStartUs = nat(4) === 0 ? 1e16 : nat(1e9); // also past the end of time (D21)
        const positionUs = nat(1e6) - 5e5;
        const change = {
          clockId: "north",
          fileId: FILE,
          state: "playing",
          globalStartUs,
          positionUs,
        } as const;
        return [[change], director.changePlan(change, localMs)];
      }
      case "tick":
        return [[], director.tick(localMs)];
    }
  };
  return Array.from({ length: count }, () => {
    localMs += nat(900);
    const event = anyOf(DRAWN);
    const [args, answer] = drawn(event);
    const { role, directorId } = director;
    return { seed, localMs, event, args, answer, role: role.name, directorId };
  });
}

it("[V1] who directs, in both languages", () => {
  const steps = [1, 2, 3, 4].flatMap((seed) => directorSteps(seed, 150));
  check("director", steps);
  const named = new Set(steps.map((step) => (step as { role: string }).role));
  expect([...named].sort()).toEqual(["detached", "directing", "following", "vacant"]);
});

it("[V1] every way the role can change, in both languages", () => {
  check(
    "role-transitions",
    ROLE_TRANSITIONS.map(({ from, event, to }) => [from, event, to]),
  );
});

it("[V1] global time from probes, over sleeps and changes of server, in both languages", () => {
  const device = new VirtualClock();
  const random = new SeededRandom(9);
  const steps: unknown[] = [];
  let path = new TruePath(random, WIFI, 250, 20);
  let isReachable = true;
  const clock: SyncedClock = new SyncedClock(device, (id, localMs) => {
    steps.push({ event: "probe", localMs, id });
    const probe = path.probe(localMs);
    device.after(probe.t3LocalMs - localMs, () => {
      if (!isReachable) return;
      const { t1GlobalUs: t1, t2GlobalUs: t2, clockId } = probe;
      const pong = { id, t0: localMs, t1, t2, clockId };
      happen("pong", { id, t1, t2, clockId }, () => clock.receivePong(pong, device.nowMs()));
    });
  });
  /** What is known afterwards stands with the event, before the probes that it sends. */
  const happen = (event: string, more: object, act: () => void): void => {
    const at = steps.length;
    act();
    const { estimate, state } = clock;
    const known = estimate && [estimate.offsetMs, estimate.driftPpm, estimate.boundMs];
    // A moment of the first server's clock, for as long as that is remembered (T10).
    const northUs = clock.toCurrentClock(5e6, "north");
    steps.splice(at, 0, { event, localMs: device.nowMs(), ...more, state, known, northUs });
  };
  const start = (): void => {
    steps.push({ event: "start", localMs: device.nowMs() });
    clock.start();
  };
  start();
  device.advance(12_000);
  for (const activity of ["playing", "pre-roll", "idle"] as const) {
    clock.setActivity(activity);
    steps.push({ event: "activity", activity });
    device.advance(3_000);
  }
  isReachable = false;
  device.advance(7_000);
  happen("look", {}, () => {});
  isReachable = true;
  device.advance(3_000);
  for (const sleptMs of [100, 600, 30_000]) {
    device.sleep(sleptMs);
    happen("sleep-check", { wallMs: device.wallMs() }, () => clock.checkForSleep());
    device.advance(4_000);
  }
  clock.stop();
  steps.push({ event: "stop" });
  device.advance(1_000);
  path = new TruePath(random, LAN, -4_000, -30, "south");
  start();
  device.advance(8_000);
  path = new TruePath(random, LAN, -3_000, -30, "south"); // the server's clock was set: no offset fits both (T11)
  device.advance(6_000);
  check("synced-clock", steps);
  const states = new Set(steps.flatMap((step) => (step as { state?: string }).state ?? []));
  expect([...states].sort()).toEqual(["coarse", "locked", "stale", "unsynced"]);
});

it("[V1] a locked clock and what fresh estimates do to it, in both languages", () => {
  const steps = [5, 6, 7].flatMap((seed) => {
    const random = new SeededRandom(seed);
    const spread = (by: number): number => (random.fraction() - 0.5) * 2 * by;
    let [atLocalMs, offsetMs] = [10_000, spread(1_000)];
    const estimateOf = (): OffsetEstimate => ({
      clockId: "north",
      atLocalMs,
      offsetMs: offsetMs + spread(1),
      driftPpm: spread(40),
      uncertaintyMs: 0.1,
      rttMs: 1,
      probes: 60,
      sinceLocalMs: 0,
      boundMs: random.fraction() < 0.2 ? 6 : 0.5,
      isOfOthers: random.fraction() < 0.1,
    });
    const first = estimateOf();
    const clock = new PlaybackClock(first);
    return [
      { seed, locked: first },
      ...Array.from({ length: 120 }, () => {
        atLocalMs += 200 + Math.floor(random.fraction() * 600);
        // Now and then global time itself moves, by a little and by much.
        if (random.fraction() < 0.05) offsetMs += spread(random.fraction() < 0.5 ? 20 : 120);
        const fresh = estimateOf();
        const { state } = clock.update(fresh);
        return {
          seed,
          fresh,
          state,
          offsetMs: clock.offsetMsAt(atLocalMs),
          globalUs: clock.globalUsAt(atLocalMs + 250),
        };
      }),
    ];
  });
  check("playback-clock", steps);
  const states = new Set(steps.flatMap((step) => ("state" in step ? [step.state] : [])));
  expect([...states].sort()).toEqual(["rejoin", "slewing", "trimming", "watching"]);
});

it("[V1] when a prepared song may start, and with what lead, in both languages", () => {
  const random = new SeededRandom(8);
  const is = (share: number): boolean => random.fraction() < share;
  const steps = Array.from({ length: 150 }, () => {
    const peers: Readiness[] = [ME, ...OTHERS]
      .filter(() => is(0.7))
      .map((userId) => ({
        userId,
        isAway: is(0.2),
        isReady: is(0.7),
        isUnable: is(0.15),
        rttMs: Math.round(random.fraction() * 3_000),
        speakerDelayMs: Math.round(random.fraction() * 500),
        ...(is(0.9) && { startMs: Math.round(random.fraction() * 1_000) }),
      }));
    const overdue = peers.filter(() => is(0.3)).map(({ userId }) => userId);
    const decision = decideStart(peers, false, new Map(overdue.map((userId) => [userId, 0])));
    return { peers, overdue, leadMs: decision.verdict === "start" ? decision.leadMs : null };
  });
  check("start-gate", steps);
  expect(new Set(steps.map(({ leadMs }) => leadMs === null)).size).toBe(2);
});
