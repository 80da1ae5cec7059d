// A member that does nothing that is forbidden, as much of it as the server lets through, for an hour of the room's time.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { EMPTY_PLAN } from "../director/index.ts";
import { type FileId, pickOne, type Random, randomBelow, type UserId } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import type { PeerMessage } from "./core/peer-message.ts";
import { IDEAL_SONG_ID } from "./testing/sim-device.ts";
import { memberId, PLAIN_STATUS, SimMember } from "./testing/sim-member.ts";
import { SimRoom } from "./testing/sim-room.ts";

/** The server's limit for one connection, messages per second. */
const RATE = 50;
const HOUR_MS = 3_600_000;
/**
 * Of the whole room in the second half. Were 100 bytes kept of each message, it would be 36 MB in an hour, 1.2 in two minutes.
 */
const MAX_GROWTH_BYTES = 1e6;

function anyMessage(random: Random, room: SimRoom, member: SimMember): PeerMessage {
  const flip = () => random.fraction() < 0.5;
  const fileId = flip()
    ? IDEAL_SONG_ID
    : (randomBelow(random, 2 ** 32)
        .toString(16)
        .padStart(64, "0") as FileId);
  const number = () =>
    flip() ? randomBelow(random, 2 ** 32) : pickOne(random, [0, 1, 1e9, 2 ** 31, 2 ** 32 - 1]);
  const session = randomBelow(random, 2 ** 32)
    .toString(16)
    .padStart(16, "0");
  const globalUs = room.server.globalUs();
  const kinds: readonly (() => PeerMessage)[] = [
    () => ({
      kind: "status",
      asks: flip(),
      status: {
        ...PLAIN_STATUS,
        name: `M ${randomBelow(random, 1e6)}`,
        isVisible: flip(),
        readyFileId: flip() ? fileId : null,
        isUnable: flip(),
        isClicking: flip(),
        isPhone: flip(),
        isOver: flip(),
        notReadyReason: pickOne(random, [null, "fetching", "decoding", "clock"] as const),
        rttMs: randomBelow(random, 6_000),
        speakerDelayMs: randomBelow(random, 2_000),
        syncErrorMs: flip() ? null : randomBelow(random, 1_000),
      },
    }),
    () => ({
      kind: "heartbeat",
      queueStamp: null,
      heartbeat: {
        record: { term: number(), userId: member.userId, resigned: flip() },
        plan: {
          ...EMPTY_PLAN,
          term: number(),
          rev: number(),
          clockId: flip() ? room.server.clockId : `clock of ${session}`,
          fileId: flip() ? fileId : null,
          state: pickOne(random, ["stopped", "preparing", "playing"] as const),
          globalStartUs: flip() ? globalUs + 1e9 * (random.fraction() - 0.5) : pickOne(random, [-1e15, 1e15]),
          positionUs: flip() ? 0 : pickOne(random, [1e6, 1e15]),
        },
      },
    }),
    () => ({ kind: "signal", signal: { kind: "offer", session, sdp: "v=0\r\n", isRestart: flip() } }),
    () => ({ kind: "signal", signal: { kind: pickOne(random, ["call", "bye"] as const), session } }),
    () => ({
      kind: "signal",
      signal: { kind: "candidate", session, candidate: { candidate: "x", sdpMid: "0" } },
    }),
    () => ({
      kind: "calibration",
      calibration: {
        act: "call",
        clockId: room.server.clockId,
        startGlobalUs: globalUs + 2e6,
        order: [member.userId, pickOne(random, member.others)],
      },
    }),
    () => ({ kind: "calibration", calibration: { act: "end" } }),
    () => ({ kind: "calibration", calibration: { act: "set", delayMs: randomBelow(random, 2_000) } }),
  ];
  return pickOne(random, kinds)();
}

/** Held in memory when all that can be let go is. */
async function heldBytes(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  return process.memoryUsage().heapUsed;
}

describe("[E16] [G5] after an hour in which one member said whatever is allowed, as often as is", () => {
  beforeAll(() => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined); // what is ignored on the wire is no news here
  });
  afterAll(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ["first in rank, for an hour", memberId("0"), 11, HOUR_MS],
    ["last in rank, for two minutes", memberId("f"), 12, HOUR_MS / 30],
  ])(
    "the others are in step, and so is who comes then: %s",
    async (_, userId: UserId, seed, forMs) => {
      const random = new SeededRandom(seed);
      const room = new SimRoom({ seed, depth: "control" }, "ada", "bo", "cy");
      await room.play();
      const member = new SimMember(userId, room.world);
      await room.advance(1_000);
      const spend = async (ms: number): Promise<void> => {
        for (let spentMs = 0; spentMs < ms; spentMs += 1_000) {
          for (let count = 0; count < RATE; count++) {
            const to = random.fraction() < 0.7 ? null : pickOne(random, member.others);
            member.say(to, anyMessage(random, room, member));
          }
          await room.advance(1_000);
        }
      };
      await spend(forMs / 2);
      const before = await heldBytes();
      await spend(forMs / 2);
      expect((await heldBytes()) - before).toBeLessThan(MAX_GROWTH_BYTES);

      const isAgreed = () =>
        room.directors.length === 1 && room.devices.some(({ session }) => session.director.isMe);
      expect(await room.msUntil(isAgreed, 30_000)).toBeLessThan(30_000);
      for (const { session } of room.devices) expect(session.roster.peers).toHaveLength(3);
      const { director } = room.split();
      director.session.stop();
      await room.advance(500);
      const fetching = { ...PLAIN_STATUS, notReadyReason: "fetching" as const };
      member.say(null, { kind: "status", status: fetching, asks: false }); // and so it stays, and is never ready
      director.session.play(IDEAL_SONG_ID);
      const isPlaying = () => room.devices.every((device) => room.isInStep(device));
      expect(await room.msUntil(isPlaying, 90_000)).toBeLessThan(90_000); // D22
      const newcomer = room.join("di");
      expect(await room.msUntil(() => room.isInStep(newcomer), 20_000)).toBeLessThan(20_000);
      await room.close();
    },
    180_000,
  );
});

describe("[E18] notices about a member that takes the music over again and again", () => {
  it("are a few, and those about the others come as ever", async () => {
    const room = new SimRoom({ seed: 13, depth: "control" }, "ada", "bo");
    await room.play();
    const member = new SimMember(memberId("0"), room.world);
    await room.advance(1_000);
    const [ada, bo] = room.devices;
    if (!ada || !bo) throw new Error("two devices");
    bo.told.length = 0;
    for (let second = 0; second < 60; second++) {
      const term = (bo.session.director.record?.term ?? 0) + 1;
      const record = { term, userId: member.userId, resigned: false };
      member.say(null, {
        kind: "heartbeat",
        heartbeat: { record, plan: bo.session.director.plan },
        queueStamp: null,
      });
      await room.advance(500);
      expect(bo.session.director.directorId).toBe(member.userId);
      ada.session.takeOver();
      await room.advance(500);
      expect(bo.session.director.directorId).toBe(ada.userId);
    }
    const about = (userId: UserId) => bo.told.filter((event) => event.userId === userId).length;
    expect(about(member.userId)).toBeLessThanOrEqual(4 + 3);
    expect(about(member.userId)).toBeGreaterThanOrEqual(4);
    member.leave();
    bo.session.takeOver();
    await room.advance(1_000);
    expect(about(bo.userId)).toBe(1);
    await room.close();
  });
});
