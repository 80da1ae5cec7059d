import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkWay, SEAT_WAYS } from "./seat-table.ts";
import { drawSeatsInto } from "./testing/draw-seats.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../../docs/spec/director.md"), "utf8");

describe("the table of seats", () => {
  it("is what the page shows; else run `make generate`", () => {
    expect(drawSeatsInto(PAGE)).toBe(PAGE);
    expect(drawSeatsInto(PAGE.replace("directing", "dancing"))).toBe(PAGE);
  });

  it("knows each way once, and no other", () => {
    const keys = SEAT_WAYS.map(({ from, event, to }) => `${from} ${event} ${to}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { from, event, to } of SEAT_WAYS) expect(() => checkWay(from, event, to)).not.toThrow();
    expect(() => checkWay("detached", "taken", "directing")).toThrow(RangeError);
  });
});
