import { describe, expect, it } from "vitest";
import { LOUDNESS_BARS, loudnessOf } from "./loudness.ts";

const tone = (frames: number, gainAt: (share: number) => number) =>
  Float32Array.from({ length: frames }, (_, frame) => gainAt(frame / frames) * Math.sin(frame / 5));

describe("how loud a song is along its way", () => {
  it("rises and falls with it, against its loudest place", () => {
    const bars = loudnessOf([tone(200_000, (share) => (share < 0.5 ? 0.1 : 0.4))]);
    expect(bars).toHaveLength(LOUDNESS_BARS);
    expect(bars[10]).toBeCloseTo(0.25, 1);
    expect(bars[80]).toBeCloseTo(1, 1);
    expect(Math.max(...bars)).toBe(1);
  });

  it("is told as finely as wanted", () => {
    const bars = loudnessOf([tone(48_000, (share) => (share < 0.25 ? 1 : 0))], 20);
    expect(bars).toHaveLength(20);
    expect(bars.filter((bar) => bar > 0.5)).toHaveLength(5);
  });

  it("hears both channels", () => {
    const bars = loudnessOf([tone(50_000, (share) => (share < 0.5 ? 1 : 0)), tone(50_000, () => 0)]);
    expect([bars[0], bars[LOUDNESS_BARS - 1]]).toEqual([1, 0]);
  });

  it("is nothing for silence, for less than a frame a bar, and for no sound at all", () => {
    expect(loudnessOf([new Float32Array(1_000)])).toEqual([]);
    expect(loudnessOf([])).toEqual([]);
    expect(loudnessOf([new Float32Array(3).fill(1)]).filter((bar) => bar > 0)).toHaveLength(3);
  });
});
