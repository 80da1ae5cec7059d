import { describe, expect, it } from "vitest";
import type { FigurePoint } from "../view/view.ts";
import { words } from "./copy/index.ts";
import { PLOT_HEIGHT, PLOT_WIDTH, plotLine, spanMs } from "./plot-line.ts";
import { fixtures } from "./testing/fixtures.ts";

/** A point a second with these playback errors. */
const seconds = (...errorsMs: (number | null)[]): FigurePoint[] =>
  errorsMs.map((playbackErrorMs, second) => ({
    atLocalMs: 70_000 + 1_000 * second,
    offsetMs: 0,
    rttMs: 5,
    playbackErrorMs,
    ratePpm: null,
    others: {},
  }));

const line = (points: readonly FigurePoint[]) =>
  plotLine(points, "playbackErrorMs", { leastRange: 0.5, hasZero: false });
const strokes = (path: string) => path.split("M").length - 1;
/** Every y on the path. */
const heights = (path: string) =>
  [...path.matchAll(/[ML][\d.-]+ ([\d.-]+)/g)].map((match) => Number(match[1]));

describe("a plotted line", () => {
  it("is nothing where nothing was measured", () => {
    expect(line([])).toEqual({ path: "", now: null, range: null, zeroY: null });
    expect(line(seconds(null, null)).path).toBe("");
  });

  it("ends at the right edge and begins a second to the left of it for every point before", () => {
    const { path, now, range } = line(seconds(0, 1, -1));
    expect(path).toMatch(new RegExp(`L${PLOT_WIDTH} `));
    expect(path).toMatch(/^M290 20h0L295 2L300 38$/);
    expect({ now, range }).toEqual({ now: -1, range: { from: -1, to: 1 } });
  });

  it("breaks where a value is missing and where the page was asleep", () => {
    expect(strokes(line(seconds(1, 1, null, 1)).path)).toBe(2);
    const [a, b] = seconds(1, 1);
    if (!a || !b) throw new Error("two points");
    expect(strokes(line([a, { ...b, atLocalMs: b.atLocalMs + 8_000 }]).path)).toBe(2);
    expect(strokes(line([a, b]).path)).toBe(1);
  });

  it("does not magnify noise", () => {
    const span = (path: string) => Math.max(...heights(path)) - Math.min(...heights(path));
    expect(span(line(seconds(0, 0.005)).path)).toBeLessThan(1);
    expect(span(line(seconds(0, 5)).path)).toBeGreaterThan(PLOT_HEIGHT * 0.8);
  });

  it("shows where zero is, if it is in the picture", () => {
    expect(line(seconds(-1, 1)).zeroY).toBe(PLOT_HEIGHT / 2);
    expect(line(seconds(20, 21)).zeroY).toBeNull();
    const withZero = plotLine(seconds(20, 21), "playbackErrorMs", { leastRange: 0.5, hasZero: true });
    expect(withZero.zeroY).toBeGreaterThan(PLOT_HEIGHT * 0.9);
  });

  it("stays in the picture, whatever the fixture of five minutes holds", () => {
    const points = fixtures.playing.details.history;
    for (const figure of ["offsetMs", "rttMs", "playbackErrorMs", "ratePpm"] as const) {
      const all = heights(plotLine(points, figure, { leastRange: 1, hasZero: figure !== "offsetMs" }).path);
      expect(all.length).toBeGreaterThan(100);
      expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...all)).toBeLessThanOrEqual(PLOT_HEIGHT);
    }
  });

  it("fills the first minute from the right, then widens", () => {
    expect(spanMs(seconds(1, 1))).toBe(60_000);
    expect(spanMs(fixtures.playing.details.history)).toBe(239_000);
  });
});

describe("the words beside a plot", () => {
  it("carry a unit and never a negative nothing", () => {
    const { value, range } = words.details.plots;
    expect(value("playbackErrorMs", -0.001)).toBe("0 ms");
    expect(value("ratePpm", -0.4)).toBe("0 ppm");
    expect(value("rttMs", 8.34)).toBe("8.3 ms");
    expect(range("playbackErrorMs", { from: -0.31, to: 0.4 }, 3)).toBe("-0.31 to 0.4 ms in the last 3 min");
  });
});
