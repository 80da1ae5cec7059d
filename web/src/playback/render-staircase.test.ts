import { describe, expect, it } from "vitest";
import { SeededRandom } from "../lib/testing/index.ts";
import type { PortSample } from "./output-line.ts";
import { RenderStaircase } from "./render-staircase.ts";

const FULL_MS = 40;

/** A stream whose buffer holds 40 ms right after each callback of 8 to 21 ms; the port runs evenly below it. */
class Stream {
  readonly #random: SeededRandom;
  readonly #callbacks: { atMs: number; timeSec: number }[] = [];
  #latchedSec: number | null = null;

  constructor(
    seed: number,
    toMs: number,
    readonly portLeadMs = -500,
  ) {
    this.#random = new SeededRandom(seed);
    for (
      let atMs = 0;
      atMs < toMs;
      atMs += [8, 10.667, 18.667, 21.333][Math.floor(4 * this.#random.fraction())] ?? 8
    ) {
      this.#callbacks.push({ atMs, timeSec: (atMs + portLeadMs + FULL_MS) / 1000 });
    }
  }

  currentTimeSec(localMs: number): number {
    return this.#callbacks.findLast((callback) => callback.atMs <= localMs)?.timeSec ?? 0;
  }

  /** What is in the buffer at the first question; the same ever after. */
  latencySec(localMs: number): number {
    this.#latchedSec ??= this.currentTimeSec(localMs) - (localMs + this.portLeadMs) / 1000;
    return this.#latchedSec;
  }

  unlatch(): void {
    this.#latchedSec = null;
  }
}

function poll(
  stream: Stream,
  staircase: RenderStaircase,
  fromMs: number,
  toMs: number,
  { periodMs = 4, isSoundDue = true } = {},
): PortSample[] {
  const samples: PortSample[] = [];
  for (let localMs = fromMs; localMs < toMs; localMs += periodMs + 0.3 * Math.sin(localMs)) {
    const ask = (): number => stream.latencySec(localMs);
    samples.push(...staircase.poll(localMs, stream.currentTimeSec(localMs), isSoundDue, ask));
  }
  return samples;
}

const errorMs = (stream: Stream, sample: PortSample | undefined) =>
  sample ? sample.audioSec * 1000 - sample.localMs - stream.portLeadMs : Number.NaN;

describe("the render staircase", () => {
  it.each([1, 2, 3, 4, 5])("[P14] finds the port, wherever the reading fell (%i)", (seed) => {
    const stream = new Stream(seed, 9_000);
    const samples = poll(stream, new RenderStaircase(), 100 + 3 * seed, 9_000);
    expect(samples.length).toBeGreaterThan(15);
    const errors = samples.slice(8).map((sample) => errorMs(stream, sample));
    expect(Math.abs(errors.reduce((sum, each) => sum + each, 0) / errors.length)).toBeLessThan(0.5);
    for (const each of errors) expect(Math.abs(each)).toBeLessThan(1.5);
  });

  it("[P14] takes a new reading when the browser has forgotten the old one", () => {
    const stream = new Stream(7, 12_000);
    const staircase = new RenderStaircase();
    poll(stream, staircase, 100, 5_000);
    stream.unlatch();
    const samples = poll(stream, staircase, 5_000, 12_000);
    expect(Math.abs(errorMs(stream, samples.at(-1)))).toBeLessThan(1.5);
  });

  it("asks for the latency only right after a jump, so that no throttled timer latches a stale one", () => {
    const stream = new Stream(1, 20_000);
    expect(poll(stream, new RenderStaircase(), 100, 20_000, { periodMs: 1_000 })).toEqual([]);
  });

  it("[P14] does not ask a young stream before sound is due, and then knows at once where the port has been", () => {
    const stream = new Stream(3, 30_000);
    const staircase = new RenderStaircase();
    expect(poll(stream, staircase, 100, 12_000, { isSoundDue: false })).toEqual([]);
    expect(staircase.latencySec).toBeNull();
    const samples = poll(stream, staircase, 12_000, 12_200);
    expect(samples.length).toBeGreaterThan(10);
    for (const sample of samples) expect(Math.abs(errorMs(stream, sample))).toBeLessThan(1.5);
  });

  it("[P14] asks a stream that has settled, though nobody waits for it", () => {
    const stream = new Stream(3, 30_000);
    expect(poll(stream, new RenderStaircase(), 100, 30_000, { isSoundDue: false }).length).toBeGreaterThan(
      30,
    );
  });

  it("says nothing while the browser knows no latency", () => {
    const stream = new Stream(1, 4_000);
    const staircase = new RenderStaircase();
    for (let localMs = 100; localMs < 4_000; localMs += 4) {
      expect(staircase.poll(localMs, stream.currentTimeSec(localMs), true, () => 0)).toEqual([]);
    }
    expect(staircase.latencySec).toBeNull();
  });
});
