import { describe, expect, it } from "vitest";
import { Bitfield } from "./bitfield.ts";
import { cellsOf, MAX_CELLS } from "./piece-map.ts";

const fieldOf = (length: number, ...pieces: number[]): Bitfield => {
  const field = new Bitfield(length);
  for (const piece of pieces) field.set(piece);
  return field;
};

describe("the picture of who has which pieces", () => {
  it("has a cell for each piece of a short file", () => {
    expect(cellsOf(fieldOf(4, 0, 3))).toEqual([1, 0, 0, 1]);
  });

  it("tells how much of each part of a long file is there", () => {
    const cells = cellsOf(fieldOf(2 * MAX_CELLS, 0, 1, 2));
    expect(cells.length).toBe(MAX_CELLS);
    expect(cells.slice(0, 3)).toEqual([1, 0.5, 0]);
  });

  it("counts every piece once, whatever the lengths", () => {
    for (const length of [1, 63, 64, 65, 100, 127, 129, 1000]) {
      const cells = cellsOf(Bitfield.full(length));
      expect(cells, `${length} pieces`).toEqual(cells.map(() => 1));
      expect(cellsOf(new Bitfield(length)).every((cell) => cell === 0)).toBe(true);
    }
  });
});
