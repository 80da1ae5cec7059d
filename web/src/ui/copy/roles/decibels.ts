// A correction in decibels with its sign, as every language writes it. Pure.

import type { Format } from "../format.ts";

export function decibels(format: Format, valueDb: number): string {
  const sign = valueDb > 0 ? "+" : valueDb < 0 ? "−" : "";
  return format.fence(`${sign}${format.number(Math.abs(valueDb), 1)} dB`);
}
