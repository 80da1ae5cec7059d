// A length in metres, to the centimetre. Pure.

import type { Format } from "../format.ts";

/** `unit`: as the language writes it. */
export const metres = (format: Format, valueM: number, unit = "m"): string =>
  `${format.number(valueM, 2)}\u00a0${unit}`;
