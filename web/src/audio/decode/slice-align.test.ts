import { describe, expect, it } from "vitest";
import type { Slice } from "../index/sound-index/sound-index.ts";
import { alignSlice, crossfade, TAIL_FRAMES } from "./slice-align.ts";

const RATE = 8_000;
const SLICE: Slice = {
  parts: [],
  leadInFrame: 4 * RATE,
  fromFrame: 5 * RATE,
  toFrame: 10 * RATE,
};
const EXACT = { isConfirmed: true, isExact: true };
const ALIKE = { isConfirmed: true, isExact: false };
const UNCONFIRMED = { isConfirmed: false, isExact: false };

/** Numbers from −1 to before 1, always the same ones. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** A run of 11 seconds by what it holds at each coded frame. */
const runOf = (valueAt: (frame: number) => number, channels = 2): Float32Array[] =>
  Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: 11 * RATE }, (_, frame) => valueAt(frame) / (channel + 1)),
  );

const noise = (seed = 1, peak = 0.5): ((frame: number) => number) => {
  const roll = dice(seed);
  return () => peak * roll();
};
const tone =
  (periodFrames: number, peak = 0.5) =>
  (frame: number) =>
    peak * Math.sin((2 * Math.PI * (frame % periodFrames)) / periodFrames);

/** Coded frames as an engine hands them out. */
const cut = (run: readonly Float32Array[], fromFrame: number, toFrame: number) =>
  run.map((channel) => channel.slice(fromFrame, toFrame));
const tailOf = (run: readonly Float32Array[], frames = TAIL_FRAMES) =>
  cut(run, SLICE.fromFrame - frames, SLICE.fromFrame);
/** The same sound decoded once more, each sample off by up to `error`. */
function again(run: readonly Float32Array[], error: number, seed = 9): Float32Array[] {
  const roll = dice(seed);
  return run.map((channel) => channel.map((value) => value + error * roll()));
}

/** The slice decoded by an engine that drops `dropped` frames at its start and `missing` at its end. */
function decode(run: readonly Float32Array[], dropped = 0, missing = 0) {
  return cut(run, SLICE.leadInFrame + dropped, SLICE.toFrame - missing);
}

describe("a decoded slice", () => {
  const music = runOf(noise());

  it.each([0, 312, 576, 1_024, 2_112])("is placed by its end when %d frames are dropped", (dropped) => {
    const firstFrame = SLICE.leadInFrame + dropped;
    const decoded = decode(music, dropped);
    expect(alignSlice(SLICE, decoded, tailOf(music), false)).toEqual({ firstFrame, ...EXACT });
    expect(alignSlice(SLICE, decoded, null, false)).toEqual({ firstFrame, ...UNCONFIRMED });
  });

  it.each([-1, 16, 648, 960, 2_112])("is moved when its end lacks %d frames", (missing) => {
    const firstFrame = SLICE.leadInFrame + 312;
    const decoded = decode(music, 312, missing);
    expect(alignSlice(SLICE, decoded, tailOf(music), true)).toEqual({ firstFrame, ...EXACT });
  });

  it("is right with one channel, and where the numbers of channels differ", () => {
    const [left = new Float32Array()] = music;
    const firstFrame = SLICE.leadInFrame;
    expect(alignSlice(SLICE, decode([left]), tailOf([left]), false)).toEqual({ firstFrame, ...EXACT });
    expect(alignSlice(SLICE, decode([left]), tailOf(music), false)).toEqual({ firstFrame, ...EXACT });
  });

  it("is exact when it differs by dither alone, and moved all the same", () => {
    const tail = tailOf(again(music, 3.1e-5));
    const expected = { firstFrame: SLICE.leadInFrame + 100, ...EXACT };
    expect(alignSlice(SLICE, decode(again(music, 3.1e-5, 7), 100), tail, false)).toEqual(expected);
    expect(alignSlice(SLICE, decode(again(music, 3.1e-5, 7), 100, 77), tail, true)).toEqual(expected);
  });

  it("is confirmed, but not exact, where a decoder puts noise of its own", () => {
    const tail = tailOf(again(music, 0.05));
    const expected = { firstFrame: SLICE.leadInFrame, ...ALIKE };
    expect(alignSlice(SLICE, decode(again(music, 0.05, 7)), tail, false)).toEqual(expected);
    expect(alignSlice(SLICE, decode(again(music, 0.05, 7), 0, 960), tail, true)).toEqual(expected);
  });

  it("needs less to be confirmed than to be moved", () => {
    const [tail, decoded] = [tailOf(again(music, 0.2)), again(music, 0.2, 7)];
    for (const isLast of [false, true]) {
      const firstFrame = SLICE.leadInFrame + 312;
      expect(alignSlice(SLICE, decode(decoded, 312), tail, isLast)).toEqual({ firstFrame, ...ALIKE });
      expect(alignSlice(SLICE, decode(decoded, 312, 100), tail, isLast)).toEqual({
        firstFrame: firstFrame + 100,
        ...UNCONFIRMED,
      });
    }
  });

  it("stays where its end says when nothing is alike", () => {
    const other = runOf(noise(2));
    const firstFrame = SLICE.leadInFrame + 312;
    expect(alignSlice(SLICE, decode(music, 312), tailOf(other), false)).toEqual({
      firstFrame,
      ...UNCONFIRMED,
    });
    expect(alignSlice(SLICE, decode(music, 312), tailOf(other), true)).toEqual({
      firstFrame,
      ...UNCONFIRMED,
    });
  });

  it("stays in its place in a tone, which is alike in many", () => {
    for (const error of [0, 3.1e-5, 0.03]) {
      const run = runOf(tone(80));
      const [tail, decoded] = [tailOf(again(run, error)), decode(again(run, error, 7))];
      for (const isLast of [false, true]) {
        expect(alignSlice(SLICE, decoded, tail, isLast).firstFrame).toBe(SLICE.leadInFrame);
      }
    }
  });

  it("goes to the nearest place in a tone that is missing some of its end", () => {
    for (const error of [0, 3.1e-5]) {
      const run = runOf(tone(80));
      const [tail, decoded] = [tailOf(again(run, error)), decode(again(run, error, 7), 0, 90)];
      expect(alignSlice(SLICE, decoded, tail, true)).toEqual({
        firstFrame: SLICE.leadInFrame + 80,
        ...EXACT,
      });
    }
  });

  it("is moved by one frame though a low tone is alike in both places", () => {
    const run = runOf((frame) => 0.5 * Math.sin(frame / 150) + 0.3 * Math.sin(frame / 211.7));
    expect(alignSlice(SLICE, decode(run, 0, -1), tailOf(run), true)).toEqual({
      firstFrame: SLICE.leadInFrame,
      ...EXACT,
    });
  });

  it("is confirmed by silence, where it is silent too", () => {
    const silence = runOf(noise(3, 3e-5));
    const firstFrame = SLICE.leadInFrame + 312;
    expect(alignSlice(SLICE, decode(silence, 312), tailOf(silence), true)).toEqual({ firstFrame, ...EXACT });
    expect(alignSlice(SLICE, decode(music, 312), tailOf(silence), true)).toEqual({
      firstFrame,
      ...UNCONFIRMED,
    });
  });

  it("is compared by what sounds before a pause at the join", () => {
    const roll = noise(4);
    const run = runOf((frame) =>
      frame > SLICE.fromFrame - 3_000 && frame < SLICE.fromFrame + 500 ? 0 : roll(frame),
    );
    expect(alignSlice(SLICE, decode(run, 312, 960), tailOf(run), true)).toEqual({
      firstFrame: SLICE.leadInFrame + 312,
      ...EXACT,
    });
  });

  it("that is far too short is right at its start where the join says so", () => {
    const decoded = decode(music, 100, 3 * RATE);
    expect(alignSlice(SLICE, decoded, tailOf(music), false)).toEqual({
      firstFrame: SLICE.leadInFrame + 100,
      ...EXACT,
    });
  });

  it("that is shorter than its lead-in is no more than a guess by its end", () => {
    for (const frames of [0, 1, 300]) {
      const decoded = cut(music, SLICE.toFrame - frames, SLICE.toFrame);
      for (const isLast of [false, true]) {
        expect(alignSlice(SLICE, decoded, tailOf(music), isLast)).toEqual({
          firstFrame: SLICE.toFrame - frames,
          ...UNCONFIRMED,
        });
      }
    }
  });

  it("is not confirmed by a handful of samples, nor by what is no number", () => {
    expect(alignSlice(SLICE, decode(music), tailOf(music, 20), false).isConfirmed).toBe(false);
    expect(alignSlice(SLICE, decode(music), tailOf(music, 0), false).isConfirmed).toBe(false);
    const broken = music.map((channel) => channel.map(() => Number.NaN));
    expect(alignSlice(SLICE, decode(broken), tailOf(music), true).isConfirmed).toBe(false);
    expect(alignSlice(SLICE, decode(music), tailOf(broken), true).isConfirmed).toBe(false);
  });
});

describe("the join of two slices", () => {
  const music = runOf(noise());
  const at = (frame: number, firstFrame: number, channels: readonly Float32Array[]) =>
    channels.map((channel) => channel[frame - firstFrame]);

  it("is left alone where it is exact or has nothing before it", () => {
    const decoded = decode(music, 312);
    const firstFrame = SLICE.leadInFrame + 312;
    expect(crossfade(SLICE, decoded, { firstFrame, ...EXACT }, tailOf(music))).toBe(SLICE.fromFrame);
    expect(crossfade(SLICE, decoded, { firstFrame, ...UNCONFIRMED }, null)).toBe(SLICE.fromFrame);
    expect(decoded).toEqual(decode(music, 312));
  });

  it("goes over from the old to the new in the frames before", () => {
    const [ones, zeros] = [runOf(() => 1), runOf(() => 0)];
    const decoded = decode(zeros);
    const firstFrame = SLICE.leadInFrame;
    const start = crossfade(SLICE, decoded, { firstFrame, ...ALIKE }, tailOf(ones));
    expect(start).toBe(SLICE.fromFrame - 256);
    expect(at(start - 1, firstFrame, decoded)).toEqual([0, 0]);
    expect(at(start, firstFrame, decoded)[0]).toBeCloseTo(1, 2);
    expect(at(start + 128, firstFrame, decoded)[0]).toBeCloseTo(0.5, 2);
    expect(at(start + 128, firstFrame, decoded)[1]).toBeCloseTo(0.25, 2);
    expect(at(SLICE.fromFrame - 1, firstFrame, decoded)[0]).toBeCloseTo(0, 2);
    expect(at(SLICE.fromFrame, firstFrame, decoded)).toEqual([0, 0]);
  });

  it("is shorter where less is there, and none behind the join", () => {
    const decoded = cut(music, SLICE.fromFrame - 100, SLICE.toFrame);
    const firstFrame = SLICE.fromFrame - 100;
    expect(crossfade(SLICE, decoded, { firstFrame, ...ALIKE }, tailOf(music))).toBe(firstFrame);
    const late = { firstFrame: SLICE.fromFrame + 50, ...UNCONFIRMED };
    expect(crossfade(SLICE, cut(music, late.firstFrame, SLICE.toFrame), late, tailOf(music))).toBe(
      late.firstFrame,
    );
  });
});
