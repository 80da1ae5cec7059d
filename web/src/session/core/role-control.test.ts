import { describe, expect, it } from "vitest";
import { Director } from "../../director/index.ts";
import type { UserId } from "../../lib/index.ts";
import { id } from "../../view/testing/plain-facts.ts";
import { PLAIN_STATUS } from "../testing/sim-member.ts";
import { RoleControl } from "./role-control.ts";
import type { RoleRequestMessage } from "./role-message.ts";
import { Roster } from "./roster.ts";

const ADA = id("a");
const BO = id("b");

function desk() {
  const director = new Director(ADA);
  const roster = new Roster();
  roster.joined(BO);
  roster.heard(BO, { ...PLAIN_STATUS, name: "bo" });
  const sent: (readonly [UserId, RoleRequestMessage])[] = [];
  const control = new RoleControl({
    ...{ me: ADA, role: "all", firstChoice: 0, director, roster },
    send: (to, message) => sent.push([to, message]),
  });
  director.attach(roster.candidates, true, 0);
  return { director, control, sent };
}

describe("roles on this device", () => {
  it("[R2] are asked of one device, and only while this one directs", () => {
    const { director, control, sent } = desk();
    control.tap({ type: "assign-role", userId: BO, role: "left" }, 0);
    control.evaluate(0);
    expect(sent).toEqual([]);
    director.takeOver(0);
    control.tap({ type: "assign-role", userId: BO, role: "left" }, 0);
    control.evaluate(0);
    expect(sent).toMatchObject([[BO, { request: { role: "left", term: director.record?.term } }]]);
    expect(control.askedOf(BO)).toBe("left");
  });

  it("[R3] are taken from nobody but whoever directs", () => {
    const { director, control } = desk();
    const request = { role: "left", choice: 0, term: 1, rev: 1 } as const;
    control.take(BO, request, 0);
    expect(control.asked).toBeNull();
    const plan = director.plan;
    director.receiveHeartbeat(BO, { record: { term: 1, userId: BO, resigned: false }, plan }, 0);
    control.take(BO, request, 0);
    expect(control.asked?.role).toBe("left");
  });

  it("[R8] that a former director asked for are past once another directs", () => {
    const { director, control } = desk();
    director.takeOver(0);
    control.tap({ type: "assign-role", userId: BO, role: "left" }, 0);
    const term = (director.record?.term ?? 0) + 1;
    director.receiveHeartbeat(BO, { record: { term, userId: BO, resigned: false }, plan: director.plan }, 0);
    control.evaluate(0);
    expect(control.askedOf(BO)).toBeNull();
  });

  it("[R8] put no question any more once another directs than who asked", () => {
    const { director, control } = desk();
    const { plan } = director;
    director.receiveHeartbeat(BO, { record: { term: 1, userId: BO, resigned: false }, plan }, 0);
    control.take(BO, { role: "left", choice: 0, term: 1, rev: 1 }, 0);
    control.evaluate(0);
    expect(control.asked?.by).toBe(BO);
    director.takeOver(0);
    control.evaluate(0);
    expect(control.asked).toBeNull();
    control.tap({ type: "allow-role" }, 0);
    expect(control.told.role).toBe("all");
  });

  it("are this device's own choice where it assigns one to itself", () => {
    const { control } = desk();
    control.tap({ type: "assign-role", userId: ADA, role: "low" }, 0);
    expect(control.told).toMatchObject({ role: "low", choice: 1 });
  });
});
