import { beforeEach, describe, expect, it } from "vitest";
import { ROLE_QUIET_MS } from "../../protocol/constants/session.gen.ts";
import { id } from "../../view/testing/plain-facts.ts";
import { OwnRole } from "./own-role.ts";

const ADA = id("a");
const BO = id("b");
let own: OwnRole;

const ask = (
  role: "left" | "right" | "all",
  rev: number,
  { term = 1, by = ADA, choice = 7, localMs = 0 } = {},
) => own.take({ role, choice, term, rev }, by, localMs);

beforeEach(() => {
  own = new OwnRole("all", 7);
});

describe("what this device plays", () => {
  it("[R6] waits for a tap the first time somebody asks for it, and for none afterwards", () => {
    ask("left", 1);
    expect(own.asked).toMatchObject({ role: "left", by: ADA });
    expect(own.told).toMatchObject({ role: "all", hasConsented: false, answer: { code: "asking" } });
    own.allow();
    expect(own.asked).toBeNull();
    expect(own.told).toMatchObject({ role: "left", hasConsented: true, answer: { code: "taken" } });
    ask("right", 1, { term: 2, by: BO });
    expect(own.told.role).toBe("right");
  });

  it("[R6] needs no tap to stay as it is, which also takes a question back", () => {
    ask("left", 1);
    ask("all", 2);
    expect(own.asked).toBeNull();
    expect(own.told).toMatchObject({ role: "all", hasConsented: false, answer: { code: "taken" } });
  });

  it("[R4] is what was asked last, however often and in whatever order it comes", () => {
    own.allow();
    ask("left", 1);
    ask("right", 2);
    const { told } = own;
    ask("left", 1);
    ask("right", 2);
    expect(own.told).toBe(told);
    ask("left", 1, { term: 2, by: BO });
    expect(own.told.role).toBe("left");
    ask("right", 9);
    expect(own.told.role).toBe("left");
  });

  it("[R5] is what its person chose, whatever was asked before they did", () => {
    own.allow();
    ask("left", 1);
    own.choose("right");
    ask("left", 2);
    expect(own.told).toMatchObject({ role: "right", choice: 8, answer: null });
    ask("left", 2, { choice: 8 });
    expect(own.told.role).toBe("left");
  });

  it("[R5] takes a question back when its person chooses meanwhile", () => {
    ask("left", 1);
    own.choose("right");
    expect(own.asked).toBeNull();
    own.allow();
    expect(own.told.role).toBe("right");
  });

  it("[R7] is not asked for again within a minute of Not now", () => {
    ask("left", 1);
    own.decline(0);
    expect(own.asked).toBeNull();
    expect(own.told).toMatchObject({ role: "all", answer: { code: "declined", stamp: { rev: 1 } } });
    ask("right", 2, { localMs: ROLE_QUIET_MS - 1 });
    expect(own.told).toMatchObject({ role: "all", answer: { code: "declined", stamp: { rev: 2 } } });
    ask("right", 3, { localMs: ROLE_QUIET_MS });
    expect(own.asked?.role).toBe("right");
  });
});
