import { describe, expect, it } from "vitest";
import type { EntryId } from "../lib/index.ts";
import { beforeAt, dropPlace, firstToCome } from "./queue-order.ts";

const entry = (name: string, more = {}) => ({
  entryId: name as EntryId,
  isCurrent: false,
  isOver: false,
  ...more,
});
const ENTRIES = [
  entry("over", { isOver: true }),
  entry("current", { isCurrent: true }),
  entry("a"),
  entry("b"),
  entry("c"),
];

describe("the place of an entry in the queue", () => {
  it("is behind what is over and what plays", () => {
    expect(firstToCome(ENTRIES)).toBe(2);
    expect(firstToCome(ENTRIES.slice(2))).toBe(0);
    expect(firstToCome(ENTRIES.slice(0, 2))).toBe(2);
  });

  it.each([
    { from: 3, to: 2, before: "a", what: "one up" },
    { from: 2, to: 3, before: "c", what: "one down" },
    { from: 2, to: 4, before: null, what: "to the end" },
    { from: 4, to: 2, before: "a", what: "to the front" },
    { from: 2, to: 1, before: undefined, what: "never before what plays" },
    { from: 4, to: 5, before: undefined, what: "never behind the end" },
    { from: 3, to: 3, before: undefined, what: "its own, which is no move" },
  ])("$what", ({ from, to, before }) => {
    expect(beforeAt(ENTRIES, from, to)).toBe(before);
  });

  it("follows the middle of the row that is dragged", () => {
    const middles = [20, 60, 100, 140];
    expect(dropPlace(middles, 1, 60)).toBe(1);
    expect(dropPlace(middles, 1, 99)).toBe(1);
    expect(dropPlace(middles, 1, 101)).toBe(2);
    expect(dropPlace(middles, 1, 500)).toBe(3);
    expect(dropPlace(middles, 3, -5)).toBe(0);
  });
});
