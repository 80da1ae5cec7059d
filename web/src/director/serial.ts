// Counters that never run out: serial numbers of 32 bits, as in RFC 1982. Whatever number somebody claims, there is a next one
// that counts as later. Pure.

const SIZE = 2 ** 32;
const HALF = SIZE / 2;

export const nextSerial = (serial: number): number => (serial + 1) % SIZE;

/**
 * Positive when `a` is later. Of two different numbers exactly one is, on every device; at just half the circle, which RFC 1982
 * leaves open, the larger one.
 */
export function compareSerials(a: number, b: number): number {
  const aheadBy = (a - b + SIZE) % SIZE;
  if (aheadBy === HALF) return a - b;
  return aheadBy < HALF ? aheadBy : aheadBy - SIZE;
}
