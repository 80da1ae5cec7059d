import { describe, expect, it } from "vitest";
import { EMPTY_PLAN } from "../../director/index.ts";
import type { UserId } from "../../lib/index.ts";
import type { Signal } from "../../transfer/index.ts";
import { type Budgeted, budgetFor, MemberBudgets } from "./member-budgets.ts";
import { CLICKS_MS, OthersClicking } from "./others-clicking.ts";
import type { Peer } from "./roster.ts";

const id = (letter: string) => letter.repeat(32) as UserId;
const [ada, bo] = [id("a"), id("b")];
const HOUR_MS = 3_600_000;
const session = "0123456789abcdef";

describe("[E17] a click test of somebody else", () => {
  const peer = (isClicking: boolean) =>
    [{ userId: ada, isAway: false, status: { isClicking } }] as unknown as Peer[];

  it("sounds here while it lasts, and ends after a while when its owner does not end it", () => {
    const others = new OthersClicking(new MemberBudgets());
    expect(others.isHeard(peer(false), 0)).toBe(false);
    expect(others.isHeard(peer(true), 1_000)).toBe(true);
    expect(others.isHeard(peer(false), 60_000)).toBe(false);
    expect(others.isHeard(peer(true), 61_000)).toBe(true);
    expect(others.isHeard(peer(true), 61_000 + CLICKS_MS - 1)).toBe(true);
    expect(others.isHeard(peer(true), 61_000 + CLICKS_MS)).toBe(false);
  });

  it("cannot be started again and again to go on without end", () => {
    const others = new OthersClicking(new MemberBudgets());
    let heardMs = 0;
    for (let localMs = 0; localMs < 10 * HOUR_MS; localMs += 1_000)
      if (others.isHeard(peer(localMs % CLICKS_MS !== 0), localMs)) heardMs += 1_000;
    expect(heardMs).toBeLessThan(4 * HOUR_MS);
  });
});

describe("[E16] what a member may make this device do", () => {
  it.each<[Budgeted, number]>([
    ["message", 20],
    ["heartbeat", 4],
    ["status", 4],
    ["asked", 1],
    ["offer", 0.5],
    ["signal", 10],
    ["chirps", 1 / 120],
    ["calibration", 1],
    ["clicks", 1 / 1200],
    ["notice", 1 / 20],
  ])("is bounded for each %s, however long and evenly it is used", (kind, perSec) => {
    const budgets = new MemberBudgets();
    let admitted = 0;
    for (let localMs = 0; localMs < HOUR_MS; localMs += 20)
      if (budgets.admits(ada, kind, localMs)) admitted += 1;
    expect(admitted).toBeLessThanOrEqual(Math.ceil(perSec * 3_600) + 201);
    expect(admitted).toBeGreaterThanOrEqual(Math.floor(perSec * 3_600));
  });

  it("costs nobody else anything, and is not renewed by silence of the others", () => {
    const budgets = new MemberBudgets();
    const useUp = () =>
      Array.from({ length: 100 }, () => budgets.admits(ada, "heartbeat", 0)).includes(false);
    expect(useUp()).toBe(true);
    expect(budgets.admits(ada, "heartbeat", 0)).toBe(false);
    expect(budgets.admits(bo, "heartbeat", 0)).toBe(true);
    expect(budgets.admits(ada, "status", 0)).toBe(true);
    expect(budgets.admits(ada, "heartbeat", 10_000)).toBe(true);
  });

  it("is kept for a number of members that does not grow", () => {
    const budgets = new MemberBudgets();
    for (let number = 0; number < 5_000; number++)
      budgets.admits(number.toString(16).padStart(32, "0") as UserId, "message", number);
    expect(budgets.size).toBe(256);
  });

  it("leaves room for what a device says that means well: a link with many candidates, a slider being dragged", () => {
    const budgets = new MemberBudgets();
    const link: Signal[] = [
      { kind: "offer", session, sdp: "", isRestart: false },
      ...Array.from(
        { length: 40 },
        (): Signal => ({ kind: "candidate", session, candidate: { candidate: "" } }),
      ),
      { kind: "bye", session },
    ];
    for (let attempt = 0; attempt < 2; attempt++) {
      for (const signal of link) {
        expect(budgets.admits(ada, "message", attempt)).toBe(true);
        expect(budgets.admits(ada, budgetFor({ kind: "signal", signal }), attempt)).toBe(true);
      }
    }
    const heartbeat = { record: { term: 1, userId: ada, resigned: false }, plan: EMPTY_PLAN };
    for (let localMs = 0; localMs < 60_000; localMs += 250)
      expect(
        budgets.admits(ada, budgetFor({ kind: "heartbeat", heartbeat, queueStamp: null }), localMs),
      ).toBe(true);
  });
});
