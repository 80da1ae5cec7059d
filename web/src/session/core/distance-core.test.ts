// Two devices, and a third in places, with a wire that everything said arrives on at once unless it is held back, one clock, and
// microphones that hear what the test says.

import { beforeEach, describe, expect, it } from "vitest";
import { type Heard, timetable } from "../../audio/calibration/index.ts";
import { timetableSec } from "../../audio/index.ts";
import { type UserId, utf8, WireError } from "../../lib/index.ts";
import type { CalibrationContext } from "./calibration-core.ts";
import {
  DistanceCore,
  type DistanceEffect,
  type DistanceEvent,
  type DistanceFailure,
} from "./distance-core.ts";
import { DISTANCE_SLOTS, type DistanceMessage } from "./distance-message.ts";
import { budgetFor } from "./member-budgets.ts";
import { decodePeerMessage, encodePeerMessage } from "./peer-message.ts";

const [ADA, BO, CY] = ["a", "b", "c"].map((letter) => letter.repeat(32)) as [UserId, UserId, UserId];
const SOUND_M_PER_MS = 0.343;
const OWN_WAY_M = 0.06;

class Room {
  localMs = 100_000;
  clockId = "north";
  isLocked = true;
  isQuiet = true;
  isHeld = false;
  readonly present = new Set<UserId>([ADA, BO, CY]);
  readonly cores = new Map<UserId, DistanceCore>();
  readonly said: { from: UserId; to: UserId; message: DistanceMessage }[] = [];
  readonly microphones = new Map<UserId, "asked" | "open">();
  readonly reckoning = new Set<UserId>();
  #id = 0;

  constructor() {
    for (const me of this.present) this.cores.set(me, new DistanceCore(me));
  }

  core = (userId: UserId): DistanceCore => this.cores.get(userId) as DistanceCore;
  code = (userId: UserId): string => this.core(userId).state.code;
  failure(userId: UserId): DistanceFailure | null {
    const { state } = this.core(userId);
    if (state.code !== "idle") throw new Error(state.code);
    return state.failure;
  }

  around(me: UserId): CalibrationContext {
    const others = [...this.present].filter((userId) => userId !== me);
    return {
      localMs: this.localMs,
      clock: { clockId: this.clockId, globalUs: this.localMs * 1000 + 7e6, isLocked: this.isLocked },
      isQuiet: this.isQuiet,
      delayMs: 0,
      others: others.map((userId) => ({ userId, isAway: false, delayMs: 0 })),
    };
  }

  tell(userId: UserId, event: DistanceEvent): void {
    for (const effect of this.core(userId).handle(event, this.around(userId))) this.#perform(userId, effect);
  }

  measure(from: UserId, to: UserId): void {
    this.#id += 1;
    this.tell(from, { type: "measure", peer: to, id: this.#id });
  }

  open(userId: UserId): void {
    if (this.microphones.get(userId) !== "asked") throw new Error("nobody asks for a microphone");
    this.microphones.set(userId, "open");
    this.tell(userId, { type: "opened" });
  }

  pass(ms: number): void {
    this.localMs += ms;
    for (const userId of this.present) this.tell(userId, { type: "look" });
  }

  deliver(): void {
    this.isHeld = false;
    for (const { from, to, message } of this.said.splice(0))
      this.tell(to, { type: "message", from, message });
  }

  /** By rounds, when each heard the two chirps. */
  hear(userId: UserId, firstMs: number, secondMs: number, isDeaf = false): void {
    if (!this.reckoning.delete(userId)) throw new Error("nothing was recorded");
    const heard = timetable(2).map((slot): Heard => {
      const afterSlotMs = slot.device === 0 ? firstMs : secondMs;
      return { slot, afterSlotMs: isDeaf ? null : afterSlotMs };
    });
    this.tell(userId, { type: "heard", heard });
  }

  /** Until both chirp. */
  begin(first: UserId, second: UserId): void {
    this.measure(first, second);
    this.open(first);
    this.tell(second, { type: "allow" });
    this.open(second);
  }

  finish(first: UserId, second: UserId, metres: number): void {
    this.pass(3_000 + timetableSec(2) * 1000 + 600);
    const wayMs = metres / SOUND_M_PER_MS;
    const ownMs = OWN_WAY_M / SOUND_M_PER_MS;
    this.hear(first, 40 + ownMs, 260 + wayMs);
    this.hear(second, 90 + wayMs, 310 + ownMs);
  }

  #perform(userId: UserId, effect: DistanceEffect): void {
    if (effect.type === "open-microphone") this.microphones.set(userId, "asked");
    else if (effect.type === "close-microphone") this.microphones.delete(userId);
    else if (effect.type === "reckon") {
      expect(this.microphones.get(userId)).toBe("open");
      this.microphones.delete(userId);
      this.reckoning.add(userId);
    } else if (effect.type === "send") {
      const { to, message } = effect;
      if (this.isHeld) this.said.push({ from: userId, to, message });
      else if (this.present.has(to)) this.tell(to, { type: "message", from: userId, message });
    }
  }
}

let room: Room;
beforeEach(() => {
  room = new Room();
});

describe("a distance between two devices", () => {
  it.each([
    [ADA, BO],
    [BO, ADA],
  ])("[MC15] [MC17] [MC20] is measured by both, whoever asks", (first, second) => {
    room.measure(first, second);
    expect([room.code(first), room.code(second)]).toEqual(["opening", "idle"]);
    room.open(first);
    expect([room.code(first), room.code(second)]).toEqual(["waiting", "asked"]);
    expect(room.microphones.has(second)).toBe(false);
    room.tell(second, { type: "allow" });
    room.open(second);
    const states = [first, second].map((userId) => room.core(userId).state);
    expect(states).toMatchObject([
      { code: "sounding", isFirst: true, startGlobalUs: room.localMs * 1000 + 10e6 },
      { code: "sounding", isFirst: false, startGlobalUs: room.localMs * 1000 + 10e6 },
    ]);
    room.finish(first, second, 2.31);
    for (const [me, other] of [
      [first, second],
      [second, first],
    ] as const) {
      expect(room.failure(me)).toBeNull();
      const [measured] = room.core(me).measured;
      expect(measured?.userId).toBe(other);
      expect(measured?.distanceM).toBeCloseTo(2.31, 6);
      expect(measured?.uncertaintyM).toBeGreaterThan(0.05);
    }
    expect(room.microphones.size).toBe(0);
  });

  it("[MC20] also counts what the other heard before this device is done", () => {
    room.begin(ADA, BO);
    room.pass(3_000 + timetableSec(2) * 1000 + 600);
    room.hear(BO, 7, 0);
    expect(room.core(ADA).measured).toEqual([]);
    room.hear(ADA, 0, 7);
    expect([ADA, BO].map((userId) => room.core(userId).measured.length)).toEqual([1, 1]);
  });

  it("[MC14] [MC20] comes to nothing where one hears nothing, and both are told", () => {
    room.begin(ADA, BO);
    room.pass(3_000 + timetableSec(2) * 1000 + 600);
    room.hear(ADA, 0, 7);
    room.hear(BO, 0, 0, true);
    expect([ADA, BO].map((userId) => room.failure(userId))).toEqual(["unheard", "unheard"]);
  });

  it("is forgotten with who leaves", () => {
    room.begin(ADA, BO);
    room.finish(ADA, BO, 1);
    room.present.delete(BO);
    room.pass(200);
    expect(room.core(ADA).measured).toEqual([]);
  });
});

describe("a wish to measure", () => {
  it("[MC15] asks nobody while this device's microphone is refused", () => {
    room.measure(ADA, BO);
    room.tell(ADA, { type: "failed", failure: "denied" });
    expect(room.failure(ADA)).toBe("denied");
    expect(room.code(BO)).toBe("idle");
  });

  it("[MC16] is declined, and for a minute without a question", () => {
    room.measure(ADA, BO);
    room.open(ADA);
    room.tell(BO, { type: "decline" });
    expect(room.failure(ADA)).toBe("declined");
    expect(room.microphones.size).toBe(0);
    room.pass(59_000);
    room.measure(CY, BO);
    room.open(CY);
    expect(room.failure(CY)).toBe("declined");
    room.pass(2_000);
    room.measure(ADA, BO);
    room.open(ADA);
    expect(room.code(BO)).toBe("asked");
  });

  it("[MC16] [MC19] is not waited for longer than a minute", () => {
    room.measure(ADA, BO);
    room.open(ADA);
    room.pass(59_900);
    expect(room.code(ADA)).toBe("waiting");
    room.pass(200);
    expect(room.failure(ADA)).toBe("silent");
    expect(room.code(BO)).toBe("idle");
    expect(room.core(BO).state).toMatchObject({ peer: null });
    expect(room.microphones.size).toBe(0);
  });

  it("[MC15] is told what the other's microphone does", () => {
    room.measure(ADA, BO);
    room.open(ADA);
    room.tell(BO, { type: "allow" });
    room.tell(BO, { type: "failed", failure: "missing" });
    expect([ADA, BO].map((userId) => room.failure(userId))).toEqual(["microphone", "missing"]);
  });

  it("[MC16] finds a device that measures busy, and does not disturb it", () => {
    room.begin(ADA, BO);
    room.measure(CY, BO);
    room.open(CY);
    expect(room.failure(CY)).toBe("busy");
    room.finish(ADA, BO, 1);
    expect(room.core(BO).measured).toHaveLength(1);
  });

  it("[MC18] of both at once is one measurement, without a question", () => {
    room.isHeld = true;
    room.measure(ADA, BO);
    room.measure(BO, ADA);
    room.open(ADA);
    room.open(BO);
    room.deliver();
    expect([ADA, BO].map((userId) => room.core(userId).state)).toMatchObject([
      { code: "sounding", isFirst: true },
      { code: "sounding", isFirst: false },
    ]);
    room.finish(ADA, BO, 1);
    expect(room.core(BO).measured).toHaveLength(1);
  });

  it("[MC18] also where the other's microphone is not open yet", () => {
    room.measure(BO, ADA);
    room.measure(ADA, BO);
    room.open(ADA);
    expect(room.core(BO).state).toMatchObject({ code: "opening", isFirst: false });
    room.open(BO);
    expect([ADA, BO].map(room.code)).toEqual(["sounding", "sounding"]);
  });

  it.each([
    ["music", () => Object.assign(room, { isQuiet: false })],
    ["clock", () => Object.assign(room, { isLocked: false })],
  ] as const)("[MC17] does not begin without what it needs: %s", (failure, lose) => {
    lose();
    room.measure(ADA, BO);
    expect(room.failure(ADA)).toBe(failure);
    expect(room.microphones.size).toBe(0);
  });
});

describe("a call to chirp", () => {
  const call = (change: Partial<Extract<DistanceMessage, { act: "call" }>>): DistanceMessage => ({
    act: "call",
    id: 1,
    clockId: "north",
    startGlobalUs: room.localMs * 1000 + 10e6,
    ...change,
  });

  it.each([
    ["in another clock", { clockId: "south" }],
    ["for a moment that is past", { startGlobalUs: 1 }],
    ["for a moment far ahead", { startGlobalUs: 1e12 }],
  ])("[MC17] %s is not followed", (_, change) => {
    room.isHeld = true;
    room.measure(ADA, BO);
    room.tell(BO, { type: "message", from: ADA, message: { act: "ask", id: 1 } });
    room.tell(BO, { type: "allow" });
    room.open(BO);
    room.tell(BO, { type: "message", from: ADA, message: call(change) });
    expect(room.failure(BO)).toBe("clock");
    expect(room.microphones.has(BO)).toBe(false);
  });

  it("[MC15] [MC20] from who was not allowed, or of another measurement, changes nothing", () => {
    room.tell(BO, { type: "message", from: ADA, message: call({}) });
    expect(room.code(BO)).toBe("idle");
    room.measure(ADA, BO);
    room.open(ADA);
    room.tell(BO, { type: "message", from: ADA, message: call({}) });
    expect(room.code(BO)).toBe("asked");
    room.isHeld = true;
    room.tell(BO, { type: "allow" });
    room.open(BO);
    room.tell(BO, { type: "message", from: CY, message: call({}) });
    room.tell(BO, { type: "message", from: ADA, message: call({ id: 9 }) });
    expect(room.code(BO)).toBe("ready");
    room.tell(BO, { type: "message", from: ADA, message: call({}) });
    expect(room.code(BO)).toBe("sounding");
  });
});

describe("a measurement under way", () => {
  it.each([
    ["music", "music", () => Object.assign(room, { isQuiet: false })],
    ["clock", "clock", () => Object.assign(room, { clockId: "south" })],
    ["left", null, () => room.present.delete(BO)],
  ] as const)("[MC19] ends at both for one reason: %s", (mine, theirs, happens) => {
    room.begin(ADA, BO);
    room.pass(5_000);
    happens();
    room.pass(200);
    expect(room.failure(ADA)).toBe(mine);
    if (theirs) expect(room.failure(BO)).toBe(theirs);
    expect(room.microphones.has(ADA)).toBe(false);
  });

  it.each([ADA, BO])("[MC19] is stopped by either, and the other is told", (who) => {
    room.begin(ADA, BO);
    room.tell(who, { type: "stop" });
    expect(room.core(who).state).toMatchObject({ code: "idle", peer: null });
    expect(room.failure(who === ADA ? BO : ADA)).toBe("stopped");
    expect(room.microphones.size).toBe(0);
  });

  it("[MC19] does not wait for ever for a call, nor for what the other heard", () => {
    room.measure(ADA, BO);
    room.open(ADA);
    room.tell(BO, { type: "allow" });
    room.isHeld = true;
    room.open(BO);
    room.said.length = 0;
    room.pass(15_000);
    expect(room.failure(BO)).toBe("silent");
    room = new Room();
    room.begin(ADA, BO);
    room.pass(3_000 + timetableSec(2) * 1000 + 600);
    room.isHeld = true;
    room.hear(ADA, 0, 7);
    room.pass(60_000);
    expect(room.failure(ADA)).toBe("silent");
    expect(room.failure(BO)).toBe("silent");
  });

  it("[MC19] closes a microphone that opens after all is over", () => {
    room.measure(ADA, BO);
    room.tell(ADA, { type: "stop" });
    room.microphones.set(ADA, "asked");
    room.open(ADA);
    expect(room.microphones.size).toBe(0);
    expect(room.code(BO)).toBe("idle");
  });
});

describe("the messages of a distance", () => {
  const heard = Array.from({ length: DISTANCE_SLOTS }, (_, at) => (at === 3 ? null : at + 0.25));
  const messages: DistanceMessage[] = [
    { act: "ask", id: 0 },
    { act: "ready", id: 2 ** 32 - 1 },
    { act: "call", id: 7, clockId: "north", startGlobalUs: 12e6 },
    { act: "heard", id: 7, afterSlotMs: heard },
    { act: "end", id: 7, why: "declined" },
  ];
  const decode = (value: unknown) => decodePeerMessage(utf8(JSON.stringify({ k: "d", d: value })));

  it.each(messages)("[MC20] arrive as they were sent: $act", (distance) => {
    const message = { kind: "distance", distance } as const;
    expect(decodePeerMessage(encodePeerMessage(message))).toEqual(message);
    expect(budgetFor(message)).toBe(distance.act === "ask" ? "distance-ask" : "distance");
  });

  it("[MC20] have a place for each chirp of the timetable", () => {
    expect(DISTANCE_SLOTS).toBe(timetable(2).length);
  });

  it.each([
    null,
    { act: "dance", id: 1 },
    { act: "ask" },
    { act: "ask", id: -1 },
    { act: "ask", id: 2 ** 32 },
    { act: "ready", id: 0.5 },
    { act: "call", id: 1, clockId: "n".repeat(1_000), startGlobalUs: 1 },
    { act: "call", id: 1, clockId: "north", startGlobalUs: -1 },
    { act: "heard", id: 1, afterSlotMs: heard.slice(1) },
    { act: "heard", id: 1, afterSlotMs: heard.map(() => "soon") },
    { act: "heard", id: 1, afterSlotMs: heard.map(() => 1_001) },
    { act: "end", id: 1, why: "because" },
  ])("[MC20] are refused where they are malformed: %j", (value) => {
    expect(() => decode(value)).toThrow(WireError);
  });
});
