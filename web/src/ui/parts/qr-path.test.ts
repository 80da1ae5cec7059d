import { encode } from "uqr";
import { describe, expect, it } from "vitest";
import { qrPath } from "./qr-path.ts";

const LINK = "https://unisono.example/#K7QF-9TXM-2B4D";

/** The dark modules a path covers, read back from its rectangles. */
function darkModules({ path }: { path: string }): Set<string> {
  const dark = new Set<string>();
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let step = 0; step < Number(width); step++) dark.add(`${Number(x) + step},${y}`);
  }
  return dark;
}

describe("the QR code", () => {
  it("covers exactly the dark modules of the encoder", () => {
    const wanted = new Set<string>();
    encode(LINK, { ecc: "M", border: 4 }).data.forEach((row, y) => {
      row.forEach((isDark, x) => {
        if (isDark) wanted.add(`${x},${y}`);
      });
    });
    expect(wanted.size).toBeGreaterThan(100);
    expect(darkModules(qrPath(LINK))).toEqual(wanted);
  });

  it("keeps four quiet modules on every side", () => {
    const code = qrPath(LINK);
    const places = [...darkModules(code)].flatMap((place) => place.split(",").map(Number));
    expect(Math.min(...places)).toBe(4);
    expect(Math.max(...places)).toBe(code.sideModules - 5);
  });
});
