// One line of the plots under Details as an SVG path, and the range it runs in. Pure. The newest point is at the right
// edge; where a second is missing or has no value, the line breaks.

import type { FigurePoint } from "../view/index.ts";

export type Figure = Exclude<keyof FigurePoint, "atLocalMs" | "others">;

export interface PlotLine {
  readonly path: string;
  readonly now: number | null;
  /** Smallest and largest value on the line; null when it has none. */
  readonly range: { readonly from: number; readonly to: number } | null;
  /** Height of the value 0, null when it lies outside of the plot. */
  readonly zeroY: number | null;
}

export const PLOT_WIDTH = 300;
export const PLOT_HEIGHT = 40;
/** Room for half a stroke, so that a line along the edge is not cut. */
const EDGE = 2;
/** A page that was throttled or asleep has no points for a while; a stroke over that would be invented. */
const BREAK_MS = 3_000;
/** The first minute fills from the right; the plot then widens with what there is. */
const MIN_SPAN_MS = 60_000;

/** Milliseconds from the left edge to the right one. */
export function spanMs(points: readonly FigurePoint[]): number {
  const ageMs = (points.at(-1)?.atLocalMs ?? 0) - (points[0]?.atLocalMs ?? 0);
  return Math.max(MIN_SPAN_MS, ageMs);
}

export interface PlotScale {
  /** The plot is at least this high: noise below it is drawn as the small thing it is instead of filling the plot. */
  readonly leastRange: number;
  /** Zero is in the picture whatever the values are. */
  readonly hasZero: boolean;
}

export function plotLine(points: readonly FigurePoint[], figure: Figure, scale: PlotScale): PlotLine {
  const newestMs = points.at(-1)?.atLocalMs ?? 0;
  const values = points.map((point) => point[figure]).filter((value) => value !== null);
  if (values.length === 0) return { path: "", now: null, range: null, zeroY: null };
  const from = Math.min(...values);
  const to = Math.max(...values);
  const bottom = scale.hasZero ? Math.min(0, from) : from;
  const top = scale.hasZero ? Math.max(0, to) : to;
  const height = Math.max(top - bottom, scale.leastRange);
  const middle = (bottom + top) / 2;
  const yOf = (value: number) =>
    tenth(PLOT_HEIGHT / 2 - ((value - middle) / height) * (PLOT_HEIGHT - 2 * EDGE));
  const perMs = PLOT_WIDTH / spanMs(points);
  let path = "";
  let drawnMs = Number.NEGATIVE_INFINITY;
  for (const { atLocalMs, [figure]: value } of points) {
    if (value === null) {
      drawnMs = Number.NEGATIVE_INFINITY;
      continue;
    }
    const place = `${tenth(PLOT_WIDTH - (newestMs - atLocalMs) * perMs)} ${yOf(value)}`;
    // "h0": a point with nothing before or behind it still leaves a dot.
    path += atLocalMs - drawnMs > BREAK_MS ? `M${place}h0` : `L${place}`;
    drawnMs = atLocalMs;
  }
  const zeroY = yOf(0);
  return {
    path,
    now: points.at(-1)?.[figure] ?? null,
    range: { from, to },
    zeroY: zeroY >= 0 && zeroY <= PLOT_HEIGHT ? zeroY : null,
  };
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
