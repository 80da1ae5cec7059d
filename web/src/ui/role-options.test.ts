import { describe, expect, it } from "vitest";
import type { Role } from "../view/index.ts";
import { id } from "../view/testing/plain-facts.ts";
import { roleOptions, spread, takenBack } from "./role-options.ts";

const PLAIN = ["all", "left", "right", "low", "without-low"];
const people = (...roles: (Role | null)[]) =>
  roles.map((role, at) => ({
    userId: id(String.fromCharCode(97 + at)),
    isAway: false,
    role,
    askedRole: null as Role | null,
    isSilent: false,
  }));

describe("the roles that can be chosen", () => {
  it("[R14] are the plain ones, the channels of the song, and the one that is chosen", () => {
    expect(roleOptions(null, "all")).toEqual(PLAIN);
    expect(roleOptions([], "low")).toEqual(PLAIN);
    expect(roleOptions(null, "centre")).toEqual([...PLAIN, "centre"]);
    const film: Role[] = ["front-left", "front-right", "centre", "lfe"];
    expect(roleOptions(film, "all")).toEqual([...PLAIN, ...film]);
    expect(roleOptions(film, "back-centre")).toEqual([...PLAIN, ...film, "back-centre"]);
    expect(roleOptions(film, "lfe")).toEqual([...PLAIN, ...film]);
  });
});

describe("a room that is spread", () => {
  it("[R13] is a pair, a pair with a bass, or sides in turn", () => {
    const rolesOf = (...roles: (Role | null)[]) => spread(people(...roles)).map(({ role }) => role);
    expect(rolesOf("all")).toEqual([]);
    expect(rolesOf("all", "low")).toEqual(["left", "right"]);
    expect(rolesOf("all", "all", "all")).toEqual(["left", "right", "low"]);
    expect(rolesOf("all", "all", "all", "all", "all")).toEqual(["left", "right", "left", "right", "left"]);
  });

  it("[R13] leaves out who is away, has no loudspeaker or was never heard of", () => {
    const [ada, bo, cy] = people("all", "all", null);
    if (!ada || !bo || !cy) throw new Error("nobody");
    const di = { ...bo, userId: id("d") };
    const ed = { ...bo, userId: id("e"), isSilent: true };
    expect(spread([ada, { ...bo, isAway: true }, cy, ed, di]).map(({ userId }) => userId)).toEqual([
      id("a"),
      id("d"),
    ]);
  });

  it("[R13] is taken back from those who have not chosen something else since", () => {
    const given = spread(people("all", "low", "all"));
    const now = people("left", "all", "centre");
    const [, bo] = now;
    if (bo) Object.assign(bo, { askedRole: "right" });
    expect(takenBack(given, now)).toEqual([
      { userId: id("a"), before: "all", role: "left" },
      { userId: id("b"), before: "low", role: "right" },
    ]);
    expect(takenBack(given, [])).toEqual([]);
  });
});
