// Storms over roles, and what a room of devices makes of them when all is well and when the director is gone. 10,000 seeds:
// `node web/bench/chaos.ts roles 1 10000`.

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SimRoom } from "./testing/sim-room.ts";
import { describeStorms } from "./testing/storms.ts";

describe("[R1] [R2] [R5] [R9] after a storm", () => {
  describeStorms("control", 1, 2, "roles");
});

beforeAll(() => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined); // no tags are read here
});
afterAll(() => {
  vi.restoreAllMocks();
});

const HEARTBEAT_MS = 1_000;

const settled = async (...names: string[]): Promise<SimRoom> => {
  const room = new SimRoom({ seed: 5, depth: "control" }, ...names);
  await room.advance(8_000);
  return room;
};
const rolesSeen = (room: SimRoom): readonly string[] =>
  room.devices.map(({ session }) =>
    room.devices
      .map(({ userId, session: { roles } }) =>
        userId === session.me ? roles.told.role : session.roster.get(userId)?.status?.role?.role,
      )
      .join(" "),
  );

describe("roles in a room", () => {
  it("[R2] [R6] are asked of a person once, and then changed by whoever directs, seen by all within a heartbeat", async () => {
    const room = await settled("ada", "bo", "cy");
    const { director, others } = room.split();
    const [one] = others;
    if (!one) throw new Error("nobody");
    director.session.setRoles({ type: "assign-role", userId: one.userId, role: "left" });
    await room.advance(HEARTBEAT_MS);
    expect(one.session.roles.asked).toMatchObject({ role: "left", by: director.userId });
    expect(one.session.roles.told.role).toBe("all");
    expect(director.session.roles.askedOf(one.userId)).toBe("left");
    one.session.setRoles({ type: "allow-role" });
    const areAll = (role: string) => () =>
      room.devices.every(
        ({ session }) =>
          (session === one.session ? one.session.roles.told : session.roster.get(one.userId)?.status?.role)
            ?.role === role,
      );
    expect(await room.msUntil(areAll("left"), HEARTBEAT_MS)).toBeLessThanOrEqual(HEARTBEAT_MS);
    expect(director.session.roles.askedOf(one.userId)).toBeNull();
    // A new director needs no other consent.
    others[1]?.session.takeOver();
    await room.advance(2 * HEARTBEAT_MS);
    others[1]?.session.setRoles({ type: "assign-role", userId: one.userId, role: "right" });
    expect(await room.msUntil(areAll("right"), HEARTBEAT_MS)).toBeLessThanOrEqual(HEARTBEAT_MS);
    await room.close();
  });

  it("[R10] are known to who comes later, and kept when the director goes", async () => {
    const room = await settled("ada", "bo", "cy");
    const { director, others } = room.split();
    for (const [index, { session }] of others.entries())
      session.setRoles({ type: "choose-role", role: index === 0 ? "left" : "right" });
    await room.advance(HEARTBEAT_MS);
    await director.session.close();
    room.devices.splice(room.devices.indexOf(director), 1);
    room.join("di");
    await room.advance(6_000);
    const seen = rolesSeen(room);
    expect(seen[0]).toBe("left right all");
    expect(new Set(seen).size).toBe(1);
    await room.close();
  });
});
