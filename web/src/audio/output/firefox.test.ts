import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { FirefoxOutput, USUALLY_BELOW_MS } from "./firefox.ts";
import type { OutputSample } from "./output-clock.ts";

const FULL_MS = 40;

/** A stream whose buffer holds 40 ms right after each callback of 8 to 21 ms; the output runs evenly below it. */
class Stream {
  readonly #random: SeededRandom;
  readonly #callbacks: { atMs: number; timeSec: number }[] = [];
  #latchedSec: number | null = null;
  readonly #underruns: { readonly atMs: number; readonly byMs: number }[] = [];
  readonly #leadMs = -500;

  constructor(seed: number, toMs: number) {
    this.#random = new SeededRandom(seed);
    for (
      let atMs = 0;
      atMs < toMs;
      atMs += [8, 10.667, 18.667, 21.333][Math.floor(4 * this.#random.fraction())] ?? 8
    ) {
      this.#callbacks.push({ atMs, timeSec: (atMs + this.#leadMs + FULL_MS) / 1000 });
    }
  }

  currentTimeSec(localMs: number): number {
    return this.#callbacks.findLast((callback) => callback.atMs <= localMs)?.timeSec ?? 0;
  }

  /** What is in the buffer at the first question; the same ever after. */
  latencySec(localMs: number): number {
    this.#latchedSec ??= this.currentTimeSec(localMs) - (localMs + this.outputLeadMsAt(localMs)) / 1000;
    return this.#latchedSec;
  }

  /** A page that was held up makes good what it owes, and for a while the buffer holds more than it should. */
  burst(fromMs: number, toMs: number, byMs: number): void {
    for (const callback of this.#callbacks) {
      if (callback.atMs >= fromMs && callback.atMs < toMs) callback.timeSec += byMs / 1000;
    }
  }

  /** Nothing came for so long: from then on the output and all that is rendered are later by it. */
  underrun(atMs: number, byMs: number): void {
    for (const callback of this.#callbacks) if (callback.atMs >= atMs) callback.timeSec -= byMs / 1000;
    this.#underruns.push({ atMs, byMs });
  }

  outputLeadMsAt(localMs: number): number {
    const lost = this.#underruns.filter(({ atMs }) => localMs >= atMs);
    return this.#leadMs - lost.reduce((sum, { byMs }) => sum + byMs, 0);
  }

  unlatch(): void {
    this.#latchedSec = null;
  }
}

function poll(
  stream: Stream,
  staircase: FirefoxOutput,
  fromMs: number,
  toMs: number,
  { periodMs = 4, isSoundDue = true } = {},
): OutputSample[] {
  const samples: OutputSample[] = [];
  for (let localMs = fromMs; localMs < toMs; localMs += periodMs + 0.3 * Math.sin(localMs)) {
    const ask = (): number => stream.latencySec(localMs);
    samples.push(...staircase.poll(localMs, stream.currentTimeSec(localMs), isSoundDue, ask));
  }
  return samples;
}

const since = (fromMs: number, samples: readonly OutputSample[]) =>
  samples.filter(({ localMs }) => localMs > fromMs);

const errorMs = (stream: Stream, sample: OutputSample | undefined) =>
  sample ? sample.audioSec * 1000 - sample.localMs - stream.outputLeadMsAt(sample.localMs) : Number.NaN;

describe("the render staircase", () => {
  it.each([1, 2, 3, 4, 5])("[P14] finds the output, wherever the reading fell (%i)", (seed) => {
    const stream = new Stream(seed, 14_000);
    const samples = since(8_000, poll(stream, new FirefoxOutput(), 100 + 3 * seed, 14_000));
    expect(samples.length).toBeGreaterThan(15);
    const errors = samples.map((sample) => errorMs(stream, sample));
    expect(Math.abs(errors.reduce((sum, each) => sum + each, 0) / errors.length)).toBeLessThan(0.5);
    for (const each of errors) expect(Math.abs(each)).toBeLessThan(1.5);
  });

  it("[P14] takes a new reading when the browser has forgotten the old one", () => {
    const stream = new Stream(7, 16_000);
    const staircase = new FirefoxOutput();
    poll(stream, staircase, 100, 9_000);
    stream.unlatch();
    const samples = poll(stream, staircase, 9_000, 16_000);
    expect(Math.abs(errorMs(stream, samples.at(-1)))).toBeLessThan(1.5);
  });

  it("asks for the latency only right after a jump, so that no throttled timer latches a stale one", () => {
    const stream = new Stream(1, 20_000);
    expect(poll(stream, new FirefoxOutput(), 100, 20_000, { periodMs: 1_000 })).toEqual([]);
  });

  it("[P14] asks when sound is due, and then knows at once where the output has been", () => {
    const stream = new Stream(3, 30_000);
    const staircase = new FirefoxOutput();
    expect(poll(stream, staircase, 100, 12_000, { isSoundDue: false })).toEqual([]);
    expect(staircase.latencySec).toBeNull();
    const samples = poll(stream, staircase, 12_000, 12_200);
    expect(samples.length).toBeGreaterThan(10);
    for (const sample of samples) expect(Math.abs(errorMs(stream, sample))).toBeLessThan(1.5);
  });

  it("[P14] never asks where asking may hang the browser, and goes by what such a buffer usually holds", () => {
    const stream = new Stream(4, 40_000);
    const staircase = new FirefoxOutput({ mayAsk: false });
    const samples: OutputSample[] = [];
    for (let localMs = 100; localMs < 30_000; localMs += 4) {
      samples.push(
        ...staircase.poll(localMs, stream.currentTimeSec(localMs), localMs > 5_000, () => {
          throw new Error("asked");
        }),
      );
    }
    // This stream's buffer is 10 ms smaller than the usual one, and counts as usual.
    expect(Math.abs(errorMs(stream, samples.at(-1)) + 10)).toBeLessThan(1.5);
    expect(staircase.latencySec).toBe(USUALLY_BELOW_MS / 1000);
  });

  it("[P14] asks a stream that has stood for 20 s, though nobody waits for it", () => {
    const stream = new Stream(3, 30_000);
    expect(poll(stream, new FirefoxOutput(), 100, 30_000, { isSoundDue: false }).length).toBeGreaterThan(30);
  });

  it("[P14] goes by what such a buffer usually holds while an answer would lean, and asks when the edge has stood again", () => {
    const stream = new Stream(5, 20_000);
    stream.underrun(4_000, 150);
    const staircase = new FirefoxOutput();
    expect(poll(stream, staircase, 100, 4_500, { isSoundDue: false })).toEqual([]);
    const early = poll(stream, staircase, 4_500, 9_000);
    expect(staircase.latencySec).toBeNull();
    expect(early.length).toBeGreaterThan(10);
    for (const sample of early) expect(Math.abs(errorMs(stream, sample))).toBeLessThan(12);
    const late = since(12_000, poll(stream, staircase, 9_000, 20_000));
    for (const sample of late) expect(Math.abs(errorMs(stream, sample))).toBeLessThan(2);
  });

  it("[P14] does not ask while a burst has filled the buffer beyond its edge", () => {
    const stream = new Stream(3, 30_000);
    stream.burst(6_240, 6_420, 32);
    const samples = since(14_000, poll(stream, new FirefoxOutput(), 100, 18_000));
    expect(samples.length).toBeGreaterThan(10);
    for (const sample of samples) expect(Math.abs(errorMs(stream, sample))).toBeLessThan(1.5);
  });

  it("says nothing while the browser knows no latency", () => {
    const stream = new Stream(1, 9_000);
    const staircase = new FirefoxOutput();
    for (let localMs = 100; localMs < 9_000; localMs += 4) {
      expect(staircase.poll(localMs, stream.currentTimeSec(localMs), false, () => 0)).toEqual([]);
    }
    expect(staircase.latencySec).toBeNull();
  });
});
