import { describe, expect, it } from "vitest";
import { FLAT_TRIM, isRole, parseTrim } from "./role.ts";

describe("a role and a trim from outside", () => {
  it("[R1] is a role only if it is spelled like one", () => {
    expect(["all", "without-low", "back-centre"].every(isRole)).toBe(true);
    expect(["", "Left", 3, null, undefined, {}].some(isRole)).toBe(false);
  });

  it("[R12] is held within 6 dB, and what makes no sense is flat", () => {
    expect(parseTrim({ gainDb: -7, bassDb: 6.5, trebleDb: 1.5 })).toEqual({
      gainDb: -6,
      bassDb: 6,
      trebleDb: 1.5,
    });
    for (const value of [null, undefined, 7, "flat", [], { gainDb: "3", bassDb: Number.NaN }])
      expect(parseTrim(value)).toEqual(FLAT_TRIM);
  });
});
