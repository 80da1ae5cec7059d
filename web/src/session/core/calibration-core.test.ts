// Three devices with a wire that everything said arrives on at once, one clock, and ears that hear what the test says.

import { describe, expect, it } from "vitest";
import { delaysFor, type Lateness } from "../../audio/calibration/index.ts";
import { type UserId, utf8, WireError } from "../../lib/index.ts";
import { Calibration, type CalibrationParts } from "../calibration.ts";
import { blockerOf, type CalibrationContext } from "./calibration-core.ts";
import { type CalibrationMessage, MAX_CALIBRATED } from "./calibration-message.ts";
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from "./peer-message.ts";

const [ADA, BO, CY] = ["a", "b", "c"].map((letter) => letter.repeat(32)) as [UserId, UserId, UserId];
const measured = (lateMs: number): Lateness => ({ verdict: "measured", lateMs, spreadMs: 0.1 });
const UNHEARD: Lateness = { verdict: "unheard" };

class Room {
  localMs = 50_000;
  clockId = "north";
  isLocked = true;
  isQuiet = true;
  isHeld = false;
  readonly delaysMs = new Map<UserId, number>();
  readonly away = new Set<UserId>();
  readonly devices = new Map<UserId, Calibration>();
  readonly said: { from: UserId; to: UserId | null; message: CalibrationMessage }[] = [];
  readonly taken: { userId: UserId; delayMs: number; by: UserId | null }[] = [];
  /** What the microphone's Worker will say. */
  verdicts: readonly Lateness[] = [];
  readonly found: UserId[] = [];
  trouble: string | null = null;
  openMicrophones = 0;
  recordedFromLocalMs: number | null = null;

  constructor(...names: UserId[]) {
    for (const me of names) {
      this.delaysMs.set(me, 0);
      this.devices.set(me, new Calibration(this.#optionsOf(me)));
    }
  }

  get globalUs(): number {
    return this.localMs * 1000 + 7e6;
  }

  of = (userId: UserId): Calibration => this.devices.get(userId) as Calibration;
  codeOf = (userId: UserId): string => this.of(userId).core.state.code;

  around(me: UserId): CalibrationContext {
    const others = [...this.devices.keys()].filter((userId) => userId !== me);
    return {
      localMs: this.localMs,
      clock: { clockId: this.clockId, globalUs: this.globalUs, isLocked: this.isLocked },
      isQuiet: this.isQuiet,
      delayMs: this.delaysMs.get(me) ?? 0,
      others: others.map((userId) => ({
        userId,
        isAway: this.away.has(userId),
        delayMs: this.delaysMs.get(userId) ?? 0,
      })),
    };
  }

  async pass(ms: number): Promise<void> {
    this.localMs += ms;
    for (const device of this.devices.values()) device.look();
    await settled();
  }

  async listen(userId: UserId): Promise<void> {
    this.of(userId).measure();
    await settled();
  }

  /** What was held back on the way. */
  deliver(): void {
    for (const { from, to, message } of [...this.said]) this.#deliverOne(from, to, message);
  }

  #deliverOne(from: UserId, to: UserId | null, message: CalibrationMessage): void {
    for (const [userId, device] of this.devices) {
      if (userId !== from && (to ?? userId) === userId) device.receive(from, message);
    }
  }

  #optionsOf(me: UserId) {
    const ear: CalibrationParts = {
      delaysFor,
      openMicrophone: async () => {
        if (this.trouble) throw Object.assign(new Error(this.trouble), { trouble: this.trouble });
        this.openMicrophones += 1;
        let isOpen = true;
        return {
          recordingFrom: (localMs) => {
            this.recordedFromLocalMs = localMs;
            return { samples: new Float32Array(1), sampleRate: 48_000, startFrame: 0 };
          },
          close: () => {
            if (isOpen) this.openMicrophones -= 1;
            isOpen = false;
          },
        };
      },
      measureInWorker: async () => this.verdicts,
    };
    return {
      me,
      nowMs: () => this.localMs,
      look: () => this.around(me),
      send: (to: UserId | null, message: CalibrationMessage) => {
        this.said.push({ from: me, to, message });
        if (!this.isHeld) this.#deliverOne(me, to, message);
      },
      onDelay: (delayMs: number, by: UserId | null) => {
        this.delaysMs.set(me, delayMs);
        this.taken.push({ userId: me, delayMs, by });
      },
      onFound: () => this.found.push(me),
      loadCalibration: async () => ear,
      onChange: () => undefined,
    };
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** From the call to the table, with three devices; 3 s of lead, 15 s of slots, and what a microphone is late by. */
async function measuredRoom(verdicts: readonly Lateness[]): Promise<Room> {
  const room = new Room(ADA, BO, CY);
  room.verdicts = verdicts;
  await room.listen(BO);
  await room.pass(18_600);
  return room;
}

describe("a calibration", () => {
  it("[MC6] is called 3 s ahead, in order, and all chirp in it", async () => {
    const room = new Room(ADA, BO, CY);
    await room.listen(BO);
    const call = { act: "call", clockId: "north", startGlobalUs: room.globalUs + 3e6, order: [BO, ADA, CY] };
    expect(room.said).toEqual([{ from: BO, to: null, message: call }]);
    expect([ADA, BO, CY].map(room.codeOf)).toEqual(["sounding", "sounding", "sounding"]);
    expect(room.openMicrophones).toBe(1);
  });

  it("[MC7] sounds in a device's own slots only, from the moment of the call", async () => {
    const room = new Room(ADA, BO, CY);
    await room.listen(BO);
    const tones = room.of(ADA).tones;
    expect(tones?.durationSec).toBe(15);
    expect(tones?.secAt(room.globalUs + 4e6)).toBe(1);
    const channel = tones?.channel(8_000) ?? new Float32Array();
    const isLoud = Array.from({ length: 15 }, (_, second) =>
      channel.subarray(second * 8_000, (second + 1) * 8_000).some((sample) => sample !== 0),
    );
    expect(isLoud.flatMap((loud, second) => (loud ? [second] : []))).toEqual([1, 4, 7, 10, 13]);
  });

  it("[MC6] [MC10] is found where the timetable began, and its delays are taken on consent", async () => {
    const room = new Room(ADA, BO, CY);
    room.verdicts = [measured(0), measured(180.4), measured(40)];
    room.delaysMs.set(CY, 20);
    await room.listen(BO);
    const startLocalMs = room.localMs + 3_000;
    await room.pass(18_600);
    expect(room.recordedFromLocalMs).toBeCloseTo(startLocalMs, 6);
    expect([ADA, BO, CY].map(room.codeOf)).toEqual(["idle", "found", "idle"]);
    expect(room.openMicrophones).toBe(0);
    expect([room.found, room.taken]).toEqual([[BO], []]);
    room.of(BO).apply();
    room.of(BO).apply();
    expect(room.taken).toEqual([
      { userId: ADA, delayMs: 180, by: BO },
      { userId: CY, delayMs: 60, by: BO },
    ]);
    expect(room.of(BO).core.canApply).toBe(false);
  });

  it.each([
    { what: "nobody else", change: (room: Room) => room.away.add(ADA).add(CY), notReadyReason: "alone" },
    {
      what: "music",
      change: (room: Room) => Object.assign(room, { isQuiet: false }),
      notReadyReason: "music",
    },
    {
      what: "no clock yet",
      change: (room: Room) => Object.assign(room, { isLocked: false }),
      notReadyReason: "clock",
    },
  ])("[MC6] does not begin with $what", async ({ change, notReadyReason }) => {
    const room = new Room(ADA, BO, CY);
    change(room);
    await room.listen(BO);
    expect(blockerOf(room.around(BO))).toBe(notReadyReason);
    expect([room.codeOf(BO), room.openMicrophones, room.said]).toEqual(["idle", 0, []]);
  });

  it("[MC6] asks twelve at most", async () => {
    const names = Array.from({ length: 15 }, (_, n) => n.toString(16).padStart(32, "0") as UserId);
    const room = new Room(...names);
    await room.listen(names[0] as UserId);
    const [call] = room.said;
    expect(call?.message.act === "call" && call.message.order.length).toBe(MAX_CALIBRATED);
    expect(room.codeOf(names[12] as UserId)).toBe("idle");
  });

  it("[MC6] is not followed into the past, far ahead, by another clock, into music, or by whoever is left out", () => {
    const room = new Room(ADA, BO);
    const call = (aheadUs: number, clockId = "north", order = [BO, ADA]): CalibrationMessage => ({
      act: "call",
      clockId,
      startGlobalUs: room.globalUs + aheadUs,
      order,
    });
    for (const wrong of [call(-1), call(11e6), call(3e6, "south"), call(3e6, "north", [BO, CY])]) {
      room.of(ADA).receive(BO, wrong);
      expect(room.codeOf(ADA)).toBe("idle");
    }
    for (const state of [{ isQuiet: false }, { isLocked: false }]) {
      Object.assign(room, { isQuiet: true, isLocked: true, ...state });
      room.of(ADA).receive(BO, call(3e6));
      expect(room.codeOf(ADA)).toBe("idle");
    }
    Object.assign(room, { isQuiet: true, isLocked: true });
    room.of(ADA).receive(BO, call(3e6));
    expect(room.codeOf(ADA)).toBe("sounding");
  });

  it.each([
    {
      what: "music begins",
      change: (room: Room) => Object.assign(room, { isQuiet: false }),
      failure: "music",
    },
    {
      what: "the server is another",
      change: (room: Room) => Object.assign(room, { clockId: "south" }),
      failure: "clock",
    },
  ])("[MC8] ends everywhere when $what", async ({ change, failure }) => {
    const room = new Room(ADA, BO, CY);
    await room.listen(BO);
    change(room);
    await room.pass(4_000);
    expect([ADA, BO, CY].map(room.codeOf)).toEqual(["idle", "idle", "idle"]);
    expect(room.of(BO).core.state).toEqual({ code: "idle", failure });
    expect([room.openMicrophones, room.of(ADA).tones]).toEqual([0, null]);
  });

  it("[MC8] ends when the one who listens stops it or leaves", async () => {
    const room = new Room(ADA, BO, CY);
    await room.listen(BO);
    room.of(BO).cancel();
    expect([room.codeOf(ADA), room.openMicrophones]).toEqual(["idle", 0]);
    await room.listen(BO);
    room.of(BO).close();
    expect([room.codeOf(ADA), room.openMicrophones]).toEqual(["idle", 0]);
    await room.listen(BO);
    room.devices.delete(BO); // without a word
    await room.pass(200);
    expect(room.codeOf(CY)).toBe("idle");
  });

  it("[MC8] lets go of a microphone that opens when it is wanted no longer", async () => {
    const room = new Room(ADA, BO);
    room.of(ADA).measure();
    room.of(ADA).cancel();
    await settled();
    expect([room.codeOf(ADA), room.openMicrophones, room.said]).toEqual(["idle", 0, []]);
  });

  it("[MC9] is the one of the lower user id when two call at once", async () => {
    const room = new Room(ADA, BO, CY);
    room.isHeld = true;
    await room.listen(CY);
    await room.listen(BO);
    expect(room.openMicrophones).toBe(2);
    room.deliver();
    const listeners = [ADA, BO, CY].map((userId) => room.of(userId).core.state);
    expect(listeners).toMatchObject([{ listener: BO }, { listener: BO }, { listener: BO }]);
    expect(room.openMicrophones).toBe(1);
  });

  it("[MC9] is not taken over once it has begun", async () => {
    const room = new Room(ADA, BO, CY);
    await room.listen(BO);
    await room.pass(3_100);
    const late = { ...(room.said[0]?.message as CalibrationMessage), startGlobalUs: room.globalUs + 3e6 };
    room.of(CY).receive(ADA, late);
    expect(room.of(CY).core.state).toMatchObject({ listener: BO });
  });

  it.each(["denied", "missing"])("says so when the microphone is %s", async (trouble) => {
    const room = new Room(ADA, BO);
    room.trouble = trouble;
    await room.listen(ADA);
    expect(room.of(ADA).core.state).toEqual({ code: "idle", failure: trouble });
    expect(room.said).toEqual([]);
  });
});

describe("a correction", () => {
  it("[MC10] is taken from nobody who has not listened, once, and not after ten minutes", async () => {
    const room = await measuredRoom([measured(0), measured(30), measured(0)]);
    room.of(ADA).receive(CY, { act: "set", delayMs: 500 });
    room.of(BO).receive(ADA, { act: "set", delayMs: 500 });
    expect(room.taken).toEqual([]);
    room.of(ADA).receive(BO, { act: "set", delayMs: 30 });
    room.of(ADA).receive(BO, { act: "set", delayMs: 500 });
    expect(room.taken).toEqual([{ userId: ADA, delayMs: 30, by: BO }]);
    await room.pass(600_001);
    room.of(CY).receive(BO, { act: "set", delayMs: 500 });
    expect(room.delaysMs.get(CY)).toBe(0);
  });

  it("[MC10] is not taken when the measurement was broken off", async () => {
    const room = new Room(ADA, BO);
    await room.listen(BO);
    await room.pass(9_000);
    room.of(BO).cancel();
    room.of(ADA).receive(BO, { act: "set", delayMs: 500 });
    expect(room.taken).toEqual([]);
  });

  it("[MC10] can be taken back until the delay is another one", async () => {
    const room = await measuredRoom([measured(25), measured(0), measured(0)]);
    room.delaysMs.set(BO, 0);
    room.of(BO).apply();
    expect(room.of(BO).core.correctionAt(25)).toEqual({ by: BO, beforeMs: 0, delayMs: 25 });
    expect(room.of(BO).core.correctionAt(26)).toBeNull();
    room.of(BO).undo();
    room.of(BO).undo();
    expect(room.taken).toEqual([
      { userId: BO, delayMs: 25, by: BO },
      { userId: BO, delayMs: 0, by: null },
    ]);
  });

  it("[MC11] leaves those out who left, and reckons with those who were not called", async () => {
    const left = new Room(ADA, BO, CY);
    for (const userId of [ADA, BO, CY]) left.delaysMs.set(userId, 50);
    left.verdicts = [measured(0), UNHEARD, measured(10)];
    await left.listen(BO);
    left.devices.delete(ADA);
    await left.pass(18_600);
    expect(left.of(BO).core.state).toMatchObject({
      devices: [
        { userId: BO, hasLeft: false, delayMs: 0 },
        { userId: ADA, hasLeft: true, delayMs: null },
        { userId: CY, hasLeft: false, delayMs: 10 },
      ],
    });
    const late = new Room(ADA, BO);
    for (const userId of [ADA, BO]) late.delaysMs.set(userId, 50);
    late.verdicts = [measured(0), measured(10)];
    await late.listen(BO);
    late.devices.set(CY, late.of(ADA)); // joins during the chirps, and has a delay that it keeps
    await late.pass(13_600);
    expect(late.of(BO).core.state).toMatchObject({ devices: [{ delayMs: 50 }, { delayMs: 60 }] });
  });
});

describe("what is said of a calibration", () => {
  const order = [ADA, BO];
  const call = { act: "call", clockId: "north", startGlobalUs: 1.5, order } as const;

  it.each([call, { act: "end" }, { act: "set", delayMs: 2_000 }] as const)(
    "survives the way there: $act",
    (calibration) => {
      const message: PeerMessage = { kind: "calibration", calibration };
      expect(decodePeerMessage(encodePeerMessage(message))).toEqual(message);
    },
  );

  it.each([
    { ...call, order: [ADA] },
    { ...call, order: [ADA, ADA] },
    { ...call, order: [ADA, "B".repeat(32)] },
    { ...call, order: Array.from({ length: 13 }, (_, n) => n.toString(16).padStart(32, "0")) },
    { ...call, startGlobalUs: -1 },
    { ...call, startGlobalUs: 1e300 },
    { ...call, clockId: "x".repeat(65) },
    { act: "set", delayMs: -1 },
    { act: "set", delayMs: 2_001 },
    { act: "set", delayMs: 0.5 },
    { act: "sing" },
  ])("is refused where it cannot be meant: %j", (calibration) => {
    expect(() => decodePeerMessage(utf8(JSON.stringify({ k: "m", m: calibration })))).toThrow(WireError);
  });
});
