import { describe, expect, it } from "vitest";
import { levelsOf } from "../render/levels.ts";
import { wholeSource } from "../render/resample.ts";
import { LOUDNESS_BARS, loudnessBars } from "./loudness.ts";

const RATE = 8_000;
const tone = (seconds: number, gainAt: (share: number) => number) =>
  Float32Array.from({ length: seconds * RATE }, (_, frame) => {
    return gainAt(frame / (seconds * RATE)) * Math.sin(frame / 5);
  });
const barsOf = (channels: Float32Array[], count = LOUDNESS_BARS) =>
  loudnessBars(levelsOf(wholeSource(channels), 0, channels[0]?.length ?? 0, RATE), count);

describe("how loud a song is along its way", () => {
  it("rises and falls with it, against its loudest place", () => {
    const bars = barsOf([tone(25, (share) => (share < 0.5 ? 0.1 : 0.4))]);
    expect(bars).toHaveLength(LOUDNESS_BARS);
    expect(bars[10]).toBeCloseTo(0.25, 1);
    expect(bars[80]).toBeCloseTo(1, 1);
    expect(Math.max(...bars)).toBe(1);
  });

  it("hears both channels", () => {
    const bars = barsOf([tone(10, (share) => (share < 0.5 ? 1 : 0)), tone(10, () => 0)]);
    expect([bars[0], bars[LOUDNESS_BARS - 1]]).toEqual([1, 0]);
  });

  it("is nothing for silence and for no sound at all", () => {
    expect(barsOf([new Float32Array(RATE)])).toEqual([]);
    expect(barsOf([])).toEqual([]);
  });

  it("is told from what was looked at, where that is not all of it", () => {
    const levels = new Float32Array(960).fill(Number.NaN);
    for (let bar = 0; bar < LOUDNESS_BARS; bar++) levels[10 * bar + 3] = bar < 48 ? 0.1 : 0.2;
    const bars = loudnessBars(levels);
    expect([bars[0], bars[47], bars[48], bars[95]]).toEqual([0.5, 0.5, 1, 1]);
  });

  it("is that of the nearest place that was looked at, and nothing where none is near", () => {
    const levels = new Float32Array(960).fill(Number.NaN);
    for (const bar of [4, 12]) levels[10 * bar] = bar / 12;
    const bars = loudnessBars(levels);
    expect([bars[0], bars[7], bars[9], bars[16], bars[17]]).toEqual([0.33, 0.33, 1, 1, 0]);
  });

  it("joins stretches that are looked at apart", () => {
    const sound = wholeSource([tone(3, (share) => share)]);
    const whole = levelsOf(sound, 0, 3 * RATE, RATE);
    const parts = [0, 9_001, 17_000].map((from, at) =>
      levelsOf(sound, from, [9_001, 17_000, 24_000][at] ?? 0, RATE),
    );
    expect(parts.flatMap((part) => [...part])).toHaveLength(whole.length);
  });
});
