import { describe, expect, it } from "vitest";
import type { SyncWord } from "../view/view.ts";
import { stringPath } from "./strings.tsx";

/** Where the string leaves the picture on the right: the last y before the line to the edge. */
const endOf = (index: number, count: number, sync: SyncWord) =>
  Number(/ ([\d.]+)H/.exec(stringPath(index, count, sync))?.[1]);

describe("the strings", () => {
  it("end as one line when everyone is tight", () => {
    expect([0, 1, 2, 3].map((index) => endOf(index, 4, "tight"))).toEqual([48, 48, 48, 48]);
  });

  it("end further apart the less two people are in step", () => {
    const apart = (["tight", "good", "loose", "off", "unknown"] as const).map(
      (sync) => endOf(1, 2, sync) - endOf(0, 2, sync),
    );
    expect(apart).toEqual([...apart].sort((a, b) => a - b));
    expect(new Set(apart).size).toBe(5);
  });

  it("run straight through the middle for one person alone", () => {
    expect(stringPath(0, 1, "unknown")).toMatch(/^M0 48C.* 48H640$/);
  });
});
