// Amounts as people read them: waits, lengths of songs, the figures beside a plot. Pure; made once per language from its
// format and its words for units, so that a language file says only how things are called.

import type { FigurePoint } from "../../view/index.ts";
import type { Format } from "./format.ts";

export interface UnitWords {
  /** Told the count as it is written. */
  readonly hours: (count: string) => string;
  readonly minutes: (count: string) => string;
  readonly seconds: (count: string) => string;
  /** What stands where a figure is not known. */
  readonly unknown: string;
}

export type PlotFigure = Exclude<keyof FigurePoint, "atLocalMs" | "others">;
export interface PlotRange {
  readonly from: number;
  readonly to: number;
}

export interface Quantities {
  /** Rounded up, as nobody minds being done early. */
  readonly wait: (remainingSec: number) => string;
  /** `3 h 12 min`, `40 min`; downwards, so that what is promised fits. */
  readonly length: (durationSec: number) => string;
  readonly ms: (digits: number) => (value: number | null) => string;
  readonly ppm: (value: number | null) => string;
  /** With its unit. */
  readonly plotValue: (figure: PlotFigure, value: number) => string;
  /** Without it. */
  readonly plotNumber: (figure: PlotFigure, value: number) => string;
}

const SEC_PER_MIN = 60;
const MIN_PER_HOUR = 60;
const PLOT_DIGITS: Readonly<Record<PlotFigure, number>> = {
  offsetMs: 2,
  rttMs: 1,
  playbackErrorMs: 2,
  ratePpm: 0,
};
/** Rounded before it is written, so that a hair below zero is not "-0". */
const rounded = (figure: PlotFigure, value: number): number => Number(value.toFixed(PLOT_DIGITS[figure])) + 0;

export function makeQuantities(format: Format, units: UnitWords): Quantities {
  const orUnknown = <Value>(value: Value | null, say: (known: Value) => string): string =>
    value === null ? units.unknown : say(value);
  const ppm = (value: number | null) => orUnknown(value, (known) => `${format.number(known)} ppm`);
  return {
    wait: (remainingSec) =>
      remainingSec < SEC_PER_MIN
        ? units.seconds(format.number(Math.max(1, Math.ceil(remainingSec))))
        : units.minutes(format.number(Math.ceil(remainingSec / SEC_PER_MIN))),
    length: (durationSec) => {
      const minutes = Math.floor(durationSec / SEC_PER_MIN);
      const hours = Math.floor(minutes / MIN_PER_HOUR);
      const rest = units.minutes(format.number(minutes % MIN_PER_HOUR));
      return hours > 0 ? `${units.hours(format.number(hours))} ${rest}` : rest;
    },
    ms: (digits) => (value) => orUnknown(value, (known) => format.milliseconds(known, digits)),
    ppm,
    plotValue: (figure, value) =>
      figure === "ratePpm"
        ? ppm(rounded(figure, value))
        : format.milliseconds(rounded(figure, value), PLOT_DIGITS[figure]),
    plotNumber: (figure, value) => format.number(rounded(figure, value), PLOT_DIGITS[figure]),
  };
}
