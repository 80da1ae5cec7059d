import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkTransition, ROLE_TRANSITIONS } from "./role-transitions.ts";
import { drawRolesInto } from "./testing/draw-roles.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../../docs/spec/director.md"), "utf8");

describe("the table of role transitions", () => {
  it("is what the page shows; else run `make generate`", () => {
    expect(drawRolesInto(PAGE)).toBe(PAGE);
    expect(drawRolesInto(PAGE.replace("directing", "dancing"))).toBe(PAGE);
  });

  it("knows each way once, and no other", () => {
    const keys = ROLE_TRANSITIONS.map(({ from, event, to }) => `${from} ${event} ${to}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { from, event, to } of ROLE_TRANSITIONS)
      expect(() => checkTransition(from, event, to)).not.toThrow();
    expect(() => checkTransition("detached", "taken over", "directing")).toThrow(RangeError);
  });
});
