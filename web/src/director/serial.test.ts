import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareSerials, nextSerial } from "./serial.ts";

const MAX = 0xffff_ffff;
/** Everywhere, and often where it turns. */
const serial = fc.oneof(
  fc.integer({ min: 0, max: MAX }),
  fc.constantFrom(0, 1, 2, 1_000_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, MAX - 1, MAX),
);

describe("[D20] a serial number", () => {
  it("always has a next one, which is later", () => {
    fc.assert(
      fc.property(serial, (each) => {
        const next = nextSerial(each);
        expect(next).toBeGreaterThanOrEqual(0);
        expect(next).toBeLessThanOrEqual(MAX);
        expect(compareSerials(next, each)).toBeGreaterThan(0);
      }),
    );
  });

  it("is later or earlier than any other, and both sides say the same", () => {
    fc.assert(
      fc.property(serial, serial, (one, other) => {
        const [there, back] = [compareSerials(one, other), compareSerials(other, one)];
        expect(Math.sign(there)).toBe(one === other ? 0 : -Math.sign(back));
        if (one !== other) expect(there).not.toBe(0);
      }),
    );
  });

  it("orders as a number does among those of any succession, over the end too", () => {
    const near = fc.integer({ min: 0, max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(serial, near, near, (from, one, other) => {
        const at = (steps: number) => (from + steps) % (MAX + 1);
        expect(Math.sign(compareSerials(at(one), at(other)))).toBe(Math.sign(one - other));
      }),
    );
  });
});
