import { encode } from "uqr";
import { describe, expect, it } from "vitest";
import { qrPath } from "./qr-path.ts";

const LINK = "https://unisono.example/#K7QF-9TXM-2B4D";
const MASKS = [0, 1, 2, 3, 4, 5, 6, 7];

/** The dark modules a path covers, read back from its rectangles. */
function darkModules({ path }: { path: string }): string[] {
  const dark: string[] = [];
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let step = 0; step < Number(width); step++) dark.push(`${Number(x) + step},${y}`);
  }
  return dark;
}

/** The same of another encoder, for each of the masks that a code may wear. */
const othersOf = (text: string): string[] =>
  MASKS.map((maskPattern) =>
    encode(text, { ecc: "M", border: 4, maskPattern })
      .data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`${x},${y}`] : [])))
      .join(" "),
  );

describe("the QR code", () => {
  it.each([1, 14, 15, 40, 100, 152, 180, 251, 300, 412, 500, 620, 666])(
    "of %i bytes is one that another encoder makes, in one of the masks",
    (length) => {
      const text = `${LINK}/${"a7-é".repeat(200)}`;
      const bytes = new TextEncoder().encode(text).slice(0, length);
      const cut = new TextDecoder().decode(bytes).replace("\ufffd", "");
      expect(othersOf(cut)).toContain(darkModules(qrPath(cut)).join(" "));
    },
  );

  it("refuses what does not fit", () => {
    expect(() => qrPath("x".repeat(667))).toThrow(RangeError);
  });

  it("keeps four quiet modules on every side", () => {
    const code = qrPath(LINK);
    const places = darkModules(code).flatMap((place) => place.split(",").map(Number));
    expect(Math.min(...places)).toBe(4);
    expect(Math.max(...places)).toBe(code.sideModules - 5);
  });
});
