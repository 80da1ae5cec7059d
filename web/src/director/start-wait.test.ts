import { describe, expect, it } from "vitest";
import type { FileId, UserId } from "../lib/index.ts";
import { START_STANDSTILL_MS, UNSEEN_PROGRESS_MS } from "../protocol/constants/director.gen.ts";
import { EMPTY_PLAN, type Plan } from "./plan.ts";
import { decideStart, type Readiness } from "./start-gate.ts";
import { LONGEST_WAIT_MS, StartWait } from "./start-wait.ts";

const id = (letter: string) => letter.repeat(32) as UserId;
const [ada, bo, cy] = [id("a"), id("b"), id("c")];
const preparing: Plan = { ...EMPTY_PLAN, fileId: "5".repeat(64) as FileId, state: "preparing" };
const STEP_MS = 1_000;

const peer = (userId: UserId, overrides: Partial<Readiness> = {}): Readiness => ({
  userId,
  isAway: false,
  isReady: false,
  isUnable: false,
  progress: 0,
  rttMs: 20,
  speakerDelayMs: 0,
  ...overrides,
});
const ready = peer(ada, { isReady: true });

/** When the song starts, if `others` are at time t as told; null when it does not in ten minutes. */
function startsAfterMs(others: (localMs: number) => readonly Readiness[]): number | null {
  const wait = new StartWait();
  for (let localMs = 0; localMs <= 600_000; localMs += STEP_MS) {
    const peers = others(localMs);
    if (decideStart(peers, false, wait.leftMs(preparing, peers, localMs)).verdict === "start") return localMs;
  }
  return null;
}

describe("[D22] the wait for those who are not ready", () => {
  it.each<[string, Partial<Readiness>]>([
    ["says nothing", {}],
    ["does not turn the song on, or has no room for it", { progress: 0 }],
    ["fetches, and no piece comes", { progress: 1.25 }],
    ["keeps the sound held", { progress: 3 }],
    ["never locks the clock", { progress: 4 }],
    ["never ends decoding", { progress: 5 }],
  ])("ends for who %s", (_, overrides) => {
    expect(startsAfterMs(() => [ready, peer(bo, overrides)])).toBe(START_STANDSTILL_MS);
  });

  it("lasts as long as the song comes in, and ends at last", () => {
    const fetches = (fullAfterMs: number) => (localMs: number) => {
      const share = localMs / fullAfterMs;
      return [ready, peer(bo, { progress: 1 + Math.min(1, share), isReady: share >= 1 })];
    };
    expect(startsAfterMs(fetches(120_000))).toBe(120_000);
    expect(startsAfterMs(fetches(3_600_000))).toBe(LONGEST_WAIT_MS);
  });

  it("is longer where it cannot be seen whether the song comes in", () => {
    expect(startsAfterMs(() => [ready, peer(bo, { progress: null })])).toBe(UNSEEN_PROGRESS_MS);
  });

  it("is not drawn out by who goes back and forth, leaves and comes back, or claims to come forward", () => {
    expect(startsAfterMs((localMs) => [ready, peer(bo, { progress: (localMs / STEP_MS) % 4 })])).toBe(
      START_STANDSTILL_MS + 3 * STEP_MS,
    );
    const flickers = (localMs: number) => [ready, ...((localMs / STEP_MS) % 20 < 19 ? [peer(bo)] : [])];
    expect(startsAfterMs(flickers)).toBe(19 * STEP_MS);
    const away = (localMs: number) => [ready, peer(bo, { isAway: (localMs / STEP_MS) % 5 === 4 })];
    expect(startsAfterMs(away)).toBe(4 * STEP_MS);
    expect(startsAfterMs((localMs) => [ready, peer(bo, { progress: 1 + localMs / 1e9 })])).toBe(
      LONGEST_WAIT_MS,
    );
    const flits = (localMs: number) => [ready, peer(bo, { progress: localMs % 2_000 === 0 ? null : 1.5 })];
    expect(startsAfterMs(flits)).toBeLessThanOrEqual(UNSEEN_PROGRESS_MS + STEP_MS);
  });

  it("of one does not shorten that of another", () => {
    const twoThings = (localMs: number) => [
      ready,
      peer(bo),
      peer(cy, { progress: 1 + localMs / 90_000, isReady: localMs >= 90_000 }),
    ];
    expect(startsAfterMs(twoThings)).toBe(90_000);
  });

  it("does not end while nobody at all is ready, and ends at once when somebody is after that", () => {
    expect(startsAfterMs(() => [peer(ada), peer(bo)])).toBeNull();
    expect(startsAfterMs((localMs) => [peer(ada, { isReady: localMs >= 100_000 }), peer(bo)])).toBe(100_000);
  });

  it("begins anew with another song", () => {
    const wait = new StartWait();
    const other: Plan = { ...preparing, fileId: "6".repeat(64) as FileId };
    wait.leftMs(preparing, [ready, peer(bo)], 0);
    expect(wait.leftMs(preparing, [ready, peer(bo)], START_STANDSTILL_MS).get(bo)).toBe(0);
    expect(wait.leftMs(other, [ready, peer(bo)], START_STANDSTILL_MS).get(bo)).toBe(START_STANDSTILL_MS);
    expect(wait.leftMs({ ...other, state: "stopped" }, [ready, peer(bo)], START_STANDSTILL_MS).size).toBe(0);
    expect(wait.leftMs(other, [ready, peer(bo)], 2 * START_STANDSTILL_MS).get(bo)).toBe(START_STANDSTILL_MS);
  });
});
