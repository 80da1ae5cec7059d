import { describe, expect, it } from "vitest";
import { KeyError } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { canonicalKey, extractKey, formatKey, generateKey, isWeakKey } from "./key.ts";

describe("the swarm key", () => {
  it("[K1] is made of 12 Crockford characters in three groups", () => {
    for (let seed = 0; seed < 50; seed++) {
      expect(generateKey(new SeededRandom(seed))).toMatch(
        /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/,
      );
    }
  });

  it.each([
    "k7qf-9txm-2b4d",
    "K7QF9TXM2B4D",
    " k7qf 9txm 2b4d ",
    "K7QF–9TXM–2B4D",
    "http://x.test/#k7qf-9txm-2b4d",
    "x.test/#k7qf-9txm-2b4d",
    "localhost:8000/#k7qf-9txm-2b4d",
    "Come to the party: https://x.test/#K7QF-9TXM-2B4D\nIt starts at nine",
  ])("[K2] %s is the same key however it is typed", (typed) => {
    expect(canonicalKey(typed)).toBe("K7QF9TXM2B4D");
    expect(formatKey(typed)).toBe("K7QF-9TXM-2B4D");
  });

  it("[K3] forgives O for 0 and I or L for 1 in a generated key", () => {
    expect(canonicalKey("OIL0-1234-5678")).toBe(canonicalKey("0110-1234-5678"));
  });

  it("[K4] takes any typed key, with its own letters", () => {
    expect(canonicalKey("Rooftop Party 7")).toBe("ROOFTOPPARTY7");
    expect(canonicalKey("ﬁne")).toBe(canonicalKey("fine"));
    expect(extractKey("https://host.test/#caf%C3%A9%20noir?server=wss://x.test")).toBe("café noir");
    expect(canonicalKey("100%")).toBe("100%");
    expect(canonicalKey("Party #1")).toBe("PARTY#1");
  });

  it("[K5] refuses nothing and endlessness, in words", () => {
    expect(() => canonicalKey(" - ")).toThrow(KeyError);
    expect(() => canonicalKey("x".repeat(129))).toThrow(KeyError);
  });

  it("[K6] says which keys are weak", () => {
    expect(isWeakKey("K7QF-9TXM-2B4D")).toBe(false);
    for (const weak of ["", "1234", "party", "000000000000", "dj2026"]) expect(isWeakKey(weak)).toBe(true);
    expect(isWeakKey("four quiet herons under the old bridge")).toBe(false);
  });
});
