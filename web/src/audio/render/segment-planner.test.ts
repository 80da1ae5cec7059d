import { describe, expect, it } from "vitest";
import { OutputClock } from "../output/output-clock.ts";
import { SegmentPlanner, type Timeline } from "./segment-planner.ts";
import { correctionPpm } from "./servo.ts";

const RATE = 48_000;

/** An output that is `aheadMs` ahead of local time, exactly. */
function lineAt(aheadMs: number, skewPpm = 0, untilLocalMs = 5_000): OutputClock {
  const line = new OutputClock();
  for (let localMs = 1_000; localMs <= untilLocalMs; localMs += 10) {
    line.add({ localMs, audioSec: (localMs + aheadMs + localMs * skewPpm * 1e-6) / 1_000 });
  }
  return line;
}

const songFrom =
  (startLocalMs: number): Timeline =>
  (localMs) =>
    (localMs - startLocalMs) / 1_000;

describe("the segment planner", () => {
  it("[P1] starts a song at its exact frame with its first sample", () => {
    const planner = new SegmentPlanner(RATE, lineAt(0));
    const segment = planner.begin(5 * RATE, songFrom(6_000));
    expect(Math.abs((segment?.startFrame ?? 0) - 6 * RATE)).toBeLessThanOrEqual(1);
    expect(Math.abs(segment?.position ?? 9)).toBeLessThan(1);
    expect(segment?.fadeFrom).toBeNull();
  });

  it("[TR6] goes on from a place at its exact frame, with a fade", () => {
    const planner = new SegmentPlanner(RATE, lineAt(0));
    const fromMinute: Timeline = (localMs) => 60 + (localMs - 6_000) / 1_000;
    const segment = planner.begin(5 * RATE, fromMinute, 60);
    expect(Math.abs((segment?.startFrame ?? 0) - 6 * RATE)).toBeLessThanOrEqual(1);
    expect(Math.abs((segment?.position ?? 0) - 60 * RATE)).toBeLessThan(1);
    expect(segment?.fadeFrom?.run).toBeNull();
    const late = planner.begin(7 * RATE, fromMinute, 60);
    expect(late?.startFrame).toBe(7 * RATE);
    expect(Math.abs((late?.position ?? 0) - 61 * RATE)).toBeLessThan(1);
  });

  it("[P7] enters mid-song at the right sample with a short fade", () => {
    const planner = new SegmentPlanner(RATE, lineAt(0));
    const segment = planner.begin(10 * RATE, songFrom(2_000));
    expect(segment?.startFrame).toBe(10 * RATE);
    expect(Math.abs((segment?.position ?? 0) - 8 * RATE)).toBeLessThan(1);
    expect(segment?.fadeFrom?.run).toBeNull();
  });

  it("[P2] joins segments without a gap or a jump", () => {
    const planner = new SegmentPlanner(RATE, lineAt(0, 80));
    planner.begin(6 * RATE, songFrom(2_000));
    for (let i = 0; i < 50; i++) planner.next(songFrom(2_000));
    planner.track.segments.forEach((segment, index, all) => {
      const before = all[index - 1];
      if (!before) return;
      expect(segment.startFrame).toBe(before.startFrame + before.frames);
      expect(segment.position).toBeCloseTo(before.position + before.frames * before.ratio, 6);
    });
  });

  it("[P3] feeds both clocks' skews forward, so that nothing is left for the servo", () => {
    const planner = new SegmentPlanner(RATE, lineAt(0, 200, 25_000));
    const drifting: Timeline = (localMs) => ((localMs - 2_000) * (1 + 60e-6)) / 1_000;
    planner.begin(26 * RATE, drifting);
    for (let i = 0; i < 5; i++) planner.next(drifting);
    const last = planner.track.segments.at(-1);
    expect(((last?.ratio ?? 0) - 1) * 1e6).toBeCloseTo(60 - 200, -1); // within 5 ppm: the skew's prior still weighs a little
    expect(Math.abs(planner.ratePpm)).toBeLessThan(1);
  });

  it("[P4] works an error of 1 ms off within seconds, without ever bending the rate by more than 1000 ppm", () => {
    const planner = new SegmentPlanner(RATE, lineAt(0));
    planner.begin(6 * RATE, songFrom(2_000));
    for (let i = 0; i < 60; i++) {
      planner.next(songFrom(2_001));
      expect(Math.abs(planner.ratePpm)).toBeLessThanOrEqual(1_000);
    }
    const frame = planner.track.endFrame ?? 0;
    const errorFrames =
      (planner.track.positionAt(frame) ?? 0) - (planner.idealPosition(frame, songFrom(2_001)) ?? 0);
    expect(Math.abs(errorFrames / RATE) * 1_000).toBeLessThan(0.05);
  });

  it("[P5] limits the bend by what ears forgive", () => {
    expect(correctionPpm(1.5)).toBe(-1_000);
    expect(correctionPpm(-7)).toBe(1_000);
    expect(correctionPpm(24.5)).toBe(-2_000);
  });

  it("[P26] does not follow a line that is further from certain than the error", () => {
    expect(correctionPpm(4, 5)).toBe(0);
    expect(correctionPpm(12, 5)).toBe(-2_000);
    expect(correctionPpm(0.8, 0.9)).toBe(-100); // it may be noise, and is followed slowly
    expect(correctionPpm(0.05, 0.06)).toBeCloseTo(-20, 6);
  });

  it("[P4] lets an error decay in 2.5 s, at an entry and ever after, and what is beyond 0.1 ms in 0.5 s", () => {
    expect(correctionPpm(0.1)).toBeCloseTo(-40, 6);
    expect(correctionPpm(0.5)).toBeCloseTo(-(100 + 800), 6);
    expect(correctionPpm(0.5, 0.3)).toBeCloseTo(-(100 + 400), 6);
    const planner = new SegmentPlanner(RATE, lineAt(0));
    planner.begin(6 * RATE, songFrom(2_000));
    for (let i = 0; i < 100; i++) planner.next(songFrom(2_000));
    planner.next(songFrom(2_000.08));
    expect(planner.ratePpm).toBeCloseTo(-32, 3);
    for (let i = 0; i < 15; i++) planner.next(songFrom(2_000.08));
    expect(planner.ratePpm).toBeGreaterThan(-3);
  });

  it("[P2] [P13] goes on from where and as fast as the sound was, and changes its rate evenly", () => {
    const planner = new SegmentPlanner(RATE, lineAt(0));
    planner.begin(6 * RATE, songFrom(2_000));
    for (const startMs of [2_000, 2_001, 2_001, 1_999.5]) planner.next(songFrom(startMs));
    const { segments } = planner.track;
    expect(segments.some(({ ratioStep }) => ratioStep !== 0)).toBe(true);
    for (const [index, { position, ratio }] of segments.slice(1).entries()) {
      const before = segments[index];
      if (!before) throw new Error("a segment before");
      const { frames } = before;
      const passed = frames * (before.ratio + (frames * before.ratioStep) / 2);
      expect(position).toBeCloseTo(before.position + passed, 6);
      expect(ratio).toBeCloseTo(before.ratio + frames * before.ratioStep, 12);
    }
  });

  it("[P6] crosses over when the song is far from where it should be", () => {
    const planner = new SegmentPlanner(RATE, lineAt(0));
    planner.begin(6 * RATE, songFrom(2_000));
    const segment = planner.next(songFrom(1_900));
    expect(segment?.fadeFrom?.run?.position).toBeCloseTo(
      (planner.track.segments[0]?.position ?? 0) + RATE / 2,
      3,
    );
    expect(planner.rejoins).toBe(1);
  });

  it("[P8] a changed speaker delay cuts in at the asked frame and keeps the rest", () => {
    const planner = new SegmentPlanner(RATE, lineAt(0));
    planner.begin(6 * RATE, songFrom(2_000));
    planner.next(songFrom(2_000));
    const cutFrame = 6 * RATE + 1_234;
    const segment = planner.redirect(cutFrame, songFrom(1_880));
    expect(segment?.startFrame).toBe(cutFrame);
    expect(Math.abs((segment?.position ?? 0) - (cutFrame + (120 - 2_000) * (RATE / 1_000)))).toBeLessThan(1);
    expect(planner.track.segments).toHaveLength(2);
  });

  it("[P20] plans 60 to 120 s ahead while the page is hidden, without gap or jump, and 1.5 s while it is visible", () => {
    const planner = new SegmentPlanner(RATE, lineAt(0, 80));
    const first = planner.begin(6 * RATE, songFrom(2_000));
    const visible = planner.fill(6 * RATE, false, songFrom(2_000));
    expect((planner.track.endFrame ?? 0) / RATE - 6).toBeCloseTo(1.5, 6);
    const hidden = planner.fill(6 * RATE, true, songFrom(2_000));
    expect((planner.track.endFrame ?? 0) / RATE - 6).toBeGreaterThanOrEqual(60);
    expect((planner.track.endFrame ?? 0) / RATE - 6).toBeLessThanOrEqual(120);
    expect(planner.track.segments).toEqual([first, ...visible, ...hidden]);
    expect(hidden.every((segment) => segment.fadeFrom === null)).toBe(true);
    expect(planner.fill(6 * RATE, true, songFrom(2_000))).toEqual([]);
  });

  it("[P20] is where it should be at the end of a hidden minute, with both clocks' skews", () => {
    const line = lineAt(0, 200, 30_000);
    const planner = new SegmentPlanner(RATE, line);
    const drifting: Timeline = (localMs) => ((localMs - 2_000) * (1 + 60e-6)) / 1_000;
    planner.begin(31 * RATE, drifting);
    planner.fill(31 * RATE, true, drifting);
    // The card goes on as it did while nobody planned.
    for (let localMs = 30_010; localMs <= 90_000; localMs += 10) {
      line.add({ localMs, audioSec: (localMs * (1 + 200e-6)) / 1_000 });
    }
    expect(Math.abs(planner.errorMsAt(90_000, drifting) ?? 9)).toBeLessThan(1);
  });

  it("[P20] goes on without a jump when the page is seen again", () => {
    const planner = new SegmentPlanner(RATE, lineAt(0));
    planner.begin(6 * RATE, songFrom(2_000));
    planner.fill(6 * RATE, true, songFrom(2_000));
    const cutFrame = 30 * RATE + 777;
    const before = planner.track.positionAt(cutFrame);
    const segment = planner.replan(cutFrame, songFrom(2_000));
    expect(segment).toMatchObject({ startFrame: cutFrame, position: before, fadeFrom: null });
    planner.fill(30 * RATE, false, songFrom(2_000));
    expect((planner.track.endFrame ?? 0) / RATE).toBeLessThan(32.1);
    expect(planner.rejoins).toBe(0);
  });

  it("says how far ahead of the plan the output is", () => {
    const planner = new SegmentPlanner(RATE, lineAt(0));
    planner.begin(4 * RATE, songFrom(2_000));
    expect(planner.errorMsAt(4_200, songFrom(2_000))).toBeCloseTo(0, 1);
    expect(planner.errorMsAt(4_200, songFrom(2_003))).toBeCloseTo(3, 1);
  });
});
