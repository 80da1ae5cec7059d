import { describe, expect, it } from "vitest";
import { FigureHistory, type Figures, HISTORY_MS } from "./figure-history.ts";

const figures = (overrides: Partial<Figures> = {}): Figures => ({
  clockId: "north",
  offsetMs: -50_000,
  rttMs: 8,
  playbackErrorMs: 0.1,
  ratePpm: -20,
  ...overrides,
});

describe("the history of the figures", () => {
  it("keeps one point a second, however often it is told", () => {
    const history = new FigureHistory();
    for (let localMs = 0; localMs < 10_000; localMs += 200) history.record(localMs, figures());
    expect(history.points.map((point) => point.atLocalMs)).toEqual(
      [...Array(10).keys()].map((s) => s * 1_000),
    );
  });

  it("says when it has a new point, with what the others told of theirs", () => {
    const history = new FigureHistory();
    expect(history.record(0, figures({ others: { bo: 1.5 } }))).toBe(true);
    expect(history.record(500, figures({ others: { bo: 9 } }))).toBe(false);
    expect(history.record(1_000, figures())).toBe(true);
    expect(history.points.map((point) => point.others)).toEqual([{ bo: 1.5 }, {}]);
  });

  it("is the same array until there is a new point", () => {
    const history = new FigureHistory();
    history.record(0, figures());
    const before = history.points;
    history.record(500, figures({ rttMs: 90 }));
    expect(history.points).toBe(before);
    history.record(1_000, figures());
    expect(history.points).not.toBe(before);
  });

  it("forgets what is older than five minutes, also over a pause", () => {
    const history = new FigureHistory();
    for (let localMs = 0; localMs <= 2 * HISTORY_MS; localMs += 1_000) history.record(localMs, figures());
    expect(history.points).toHaveLength(HISTORY_MS / 1_000 + 1);
    history.record(10 * HISTORY_MS, figures());
    expect(history.points).toHaveLength(1);
  });

  it("tells the offset against its first value", () => {
    const history = new FigureHistory();
    [-50_000, -49_999.5, -50_000.25].forEach((offsetMs, index) => {
      history.record(1_000 * index, figures({ offsetMs }));
    });
    expect(history.points.map((point) => point.offsetMs)).toEqual([0, 0.5, -0.25]);
  });

  it("begins a new line with another server's clock, and has none before the first probe", () => {
    const history = new FigureHistory();
    history.record(0, figures({ clockId: null, offsetMs: null }));
    history.record(1_000, figures());
    history.record(2_000, figures({ clockId: "south", offsetMs: 7_000 }));
    history.record(3_000, figures({ clockId: "south", offsetMs: 7_000.5 }));
    expect(history.points.map((point) => point.offsetMs)).toEqual([null, 0, null, 0.5]);
  });

  it("starts afresh after a clear", () => {
    const history = new FigureHistory();
    history.record(0, figures());
    history.clear();
    history.record(100, figures({ offsetMs: 3 }));
    expect(history.points.map((point) => point.offsetMs)).toEqual([0]);
  });
});
