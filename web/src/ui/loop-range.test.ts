import { describe, expect, it } from "vitest";
import { firstLoop, moveEnd } from "./loop-range.ts";

describe("the ends of a loop", () => {
  it.each([
    { end: 0, atSec: 12, loop: [12, 20] },
    { end: 0, atSec: -3, loop: [0, 20] },
    { end: 0, atSec: 25, loop: [19.5, 20] },
    { end: 1, atSec: 30, loop: [10, 30] },
    { end: 1, atSec: 90, loop: [10, 60] },
    { end: 1, atSec: 2, loop: [10, 10.5] },
  ] as const)("end $end moved to $atSec s of 60 gives $loop", ({ end, atSec, loop }) => {
    expect(moveEnd([10, 20], end, atSec, 60)).toEqual(loop);
  });

  it("begin where the song is, and fit into it", () => {
    expect(firstLoop(30, 60)).toEqual([30, 40]);
    expect(firstLoop(57, 60)).toEqual([50, 60]);
    expect(firstLoop(3, 4)).toEqual([0, 4]);
  });
});
