import { beforeEach, describe, expect, it } from "vitest";
import { REQUEST_KEPT_MS, REQUEST_PERIOD_MS } from "../../protocol/constants/director.gen.ts";
import { id } from "../../view/testing/plain-facts.ts";
import { OwnRole } from "./own-role.ts";
import { RoleAssignments } from "./role-assignments.ts";
import type { RoleRequest, ToldRole } from "./role-message.ts";

const ADA = id("a");
const BO = id("b");
const RECORD = { term: 3, userId: ADA, resigned: false };

/** Ada directs; bo's device, and what of it she has heard. */
let assignments: RoleAssignments;
let bo: OwnRole;
let heard: ToldRole | null;

const due = (localMs: number): readonly RoleRequest[] =>
  assignments.due(RECORD, () => heard, localMs).map(([, request]) => request);
const deliver = (requests: readonly RoleRequest[]): void => {
  for (const request of requests) bo.take(request, ADA, 0);
};

beforeEach(() => {
  assignments = new RoleAssignments(ADA);
  bo = new OwnRole("all", 7);
  heard = bo.told;
});

describe("a role that the director assigns", () => {
  it("[R2] is asked at once, and again until the device's status answers", () => {
    assignments.assign(BO, "left", bo.told, 0);
    expect(due(0)).toMatchObject([{ role: "left", choice: 7, term: 3 }]);
    expect(due(REQUEST_PERIOD_MS - 1)).toEqual([]);
    const again = due(REQUEST_PERIOD_MS);
    expect(again).toHaveLength(1);
    deliver(again);
    heard = bo.told;
    expect(due(2 * REQUEST_PERIOD_MS)).toEqual([]);
    expect(assignments.askedOf(BO)).toBe("left"); // its person thinks about it
    bo.allow();
    heard = bo.told;
    expect(due(3 * REQUEST_PERIOD_MS)).toEqual([]);
    expect(assignments.askedOf(BO)).toBeNull();
  });

  it("[R2] is given up after a minute without an answer, or when the device is gone", () => {
    assignments.assign(BO, "left", bo.told, 0);
    due(0);
    expect(due(REQUEST_KEPT_MS)).toEqual([]);
    expect(assignments.askedOf(BO)).toBeNull();
    assignments.assign(BO, "left", bo.told, REQUEST_KEPT_MS);
    heard = null;
    expect(due(REQUEST_KEPT_MS)).toEqual([]);
    expect(assignments.askedOf(BO)).toBeNull();
  });

  it("[R4] takes the place of the one before, also of those before a reload", () => {
    bo.allow();
    assignments.assign(BO, "left", bo.told, 0);
    assignments.assign(BO, "right", bo.told, 0);
    deliver(due(0));
    expect(bo.told.role).toBe("right");
    assignments = new RoleAssignments(ADA);
    assignments.assign(BO, "low", bo.told, 0);
    deliver(due(0));
    expect(bo.told.role).toBe("low");
  });

  it("[R5] is dropped when the device's person has chosen since", () => {
    bo.allow();
    assignments.assign(BO, "left", bo.told, 0);
    const requests = due(0);
    bo.choose("right");
    deliver(requests);
    expect(bo.told.role).toBe("right");
    heard = bo.told;
    expect(due(REQUEST_PERIOD_MS)).toEqual([]);
    expect(assignments.askedOf(BO)).toBeNull();
  });
});
