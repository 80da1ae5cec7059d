// Which pieces of a file a neighbour was shown, where it was not shown all of them (seeding.ts).

import type { Bitfield } from "./bitfield.ts";

/** One on the wire, one next, one while the request travels. */
export const FIRST_ALLOWANCE = 3;

/** What one neighbour has been shown of one file. */
export class Advertisement {
  readonly ahead = new Set<number>();
  allowance = FIRST_ALLOWANCE;
  busyLocalMs: number | null = null;

  constructor(readonly shown: Bitfield) {}
}
