import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { type LanePlace, renderLanes } from "./lane-mix.ts";
import { RateConverter } from "./rate-converter.ts";
import { type FrameSource, renderSegment, wholeSource } from "./resample.ts";
import type { Segment } from "./segment-track.ts";
import { StoredSound } from "./stored-sound.ts";

const RATE = 48_000;

const segment = (overrides: Partial<Segment>): Segment => ({
  startFrame: 0,
  frames: 4_800,
  position: 0,
  ratio: 1,
  ratioStep: 0,
  fadeFrom: null,
  isLast: false,
  ...overrides,
});

const place = (overrides: Partial<LanePlace>): LanePlace => ({
  sourceId: "",
  originFrame: 0,
  startFrame: 0,
  role: "all",
  sampleRate: 48_000,
  fadeInFrames: 0,
  fadeOutFrames: 0,
  endFrame: Number.POSITIVE_INFINITY,
  stretch: null,
  ...overrides,
});

function noise(frames: number, seed = 3): Float32Array {
  const random = new SeededRandom(seed);
  return Float32Array.from({ length: frames }, () => 0.2 * random.normal());
}

/** Sum of tones up to 18 kHz at any moment: a sound that is known between samples, at any rate. */
function tones(seed = 4) {
  const random = new SeededRandom(seed);
  const parts = Array.from({ length: 60 }, () => ({
    hz: 40 + 17_900 * random.fraction(),
    phase: 2 * Math.PI * random.fraction(),
  }));
  return (sec: number) =>
    parts.reduce((sum, { hz, phase }) => sum + 0.03 * Math.sin(2 * Math.PI * hz * sec + phase), 0);
}

/** A file's samples as slices put them into the Worker's store: converted to the output's rate, with what its filter rings. */
function stored(samples: Float32Array, fileRate: number): FrameSource {
  const converter = new RateConverter(fileRate, RATE);
  const ringing = Math.ceil((converter.reachFrames * RATE) / fileRate);
  const sound = new StoredSound();
  const toFrame = converter.outputFrameAt(samples.length) + ringing;
  sound.put(-ringing, [converter.convert(samples, 0, -ringing, toFrame)]);
  return sound;
}

const power = (samples: Float32Array): number =>
  samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length;

/** The worst difference in a stretch against the sound's power, dB. */
function worstDb(output: Float32Array, wanted: Float32Array): number {
  let worst = 0;
  for (let frame = 0; frame < output.length; frame++)
    worst = Math.max(worst, Math.abs((output[frame] as number) - (wanted[frame] as number)));
  return 20 * Math.log10(worst / Math.sqrt(power(wanted)));
}

/** By a plain transform of 100 ms. */
function energyBelow(samples: Float32Array, hz: number): number {
  let energy = 0;
  for (let bin = 1; (bin * RATE) / samples.length < hz; bin++) {
    const step = (2 * Math.PI * bin) / samples.length;
    let [real, imaginary] = [0, 0];
    for (const [at, sample] of samples.entries()) {
      real += sample * Math.cos(step * at);
      imaginary += sample * Math.sin(step * at);
    }
    energy += real ** 2 + imaginary ** 2;
  }
  return energy;
}

describe("lanes that are added up", () => {
  it("[P78] are the sound alone, bit for bit, where there is one", () => {
    const source = wholeSource([noise(10_000), noise(10_000, 5)]);
    for (const overrides of [
      { position: 100 },
      { position: 1_000.37, ratio: 1.0002, ratioStep: 1e-9 },
      {
        position: 7_000,
        isLast: true,
        fadeFrom: { run: { position: 50, ratio: 1, ratioStep: 0 }, frames: 960 },
      },
    ]) {
      const lanes = [{ place: place({}), source }];
      expect(renderLanes(segment(overrides), lanes, lanes)).toEqual(
        renderSegment(source, segment(overrides)),
      );
    }
  });

  it.each([
    [1, 20_000],
    [1.000_07, 20_000.41],
  ])(
    "[P78] join three files of one rate as if they had never been cut, at ratio %d from %d on",
    (ratio, position) => {
      const whole = noise(60_000);
      const cuts = [0, 22_111, 41_003, 60_000];
      const lanes = [0, 1, 2].map((at) => ({
        place: place({ originFrame: cuts[at] as number, startFrame: cuts[at] as number }),
        source: wholeSource([whole.slice(cuts[at], cuts[at + 1])]),
      }));
      const run = segment({ position, ratio, frames: 24_000 });
      const [uncut] = renderSegment(wholeSource([whole]), run);
      const [joined] = renderLanes(run, lanes, []);
      expect(worstDb(joined as Float32Array, uncut as Float32Array)).toBeLessThan(-120);
    },
  );

  it("[P78] join files at 44.1 kHz, converted apart, as if the uncut one had been converted", () => {
    const sound = tones();
    const whole = Float32Array.from({ length: 60_000 }, (_, frame) => sound(frame / 44_100));
    const cuts = [0, 22_111, 41_003, 60_000];
    const lanes = [0, 1, 2].map((at) => {
      const originFrame = ((cuts[at] as number) * RATE) / 44_100;
      const source = stored(whole.slice(cuts[at], cuts[at + 1]), 44_100);
      return { place: place({ originFrame, startFrame: originFrame }), source };
    });
    const run = segment({ position: 20_000.3, ratio: 1.000_05, frames: 30_000 });
    const [wanted] = renderLanes(run, [{ place: place({}), source: stored(whole, 44_100) }], []);
    const [joined] = renderLanes(run, lanes, []);
    expect(worstDb(joined as Float32Array, wanted as Float32Array)).toBeLessThan(-90);
  });

  it("[P78] join 44.1, 48 and 44.1 kHz with no sample missing or doubled", () => {
    const sound = tones();
    const [firstSec, secondSec] = [30_001 / 44_100, 1];
    const pieces = [
      { rate: 44_100, startSec: 0, frames: 30_001 },
      { rate: 48_000, startSec: firstSec, frames: 48_000 },
      { rate: 44_100, startSec: firstSec + secondSec, frames: 30_000 },
    ];
    const lanes = pieces.map(({ rate, startSec, frames }) => {
      const samples = Float32Array.from({ length: frames }, (_, frame) => sound(startSec + frame / rate));
      const originFrame = startSec * RATE;
      return { place: place({ originFrame, startFrame: originFrame }), source: stored(samples, rate) };
    });
    for (const { startSec } of pieces.slice(1)) {
      const position = startSec * RATE - 2_400.3;
      const [joined = new Float32Array()] = renderLanes(segment({ position }), lanes, []);
      const wanted = Float32Array.from(joined, (_, frame) => sound((position + frame) / RATE));
      const error = joined.map((value, frame) => value - (wanted[frame] as number));
      // Filters of two rates do not ring alike: for 2 ms that leaves what is beyond hearing, and little below.
      expect(worstDb(joined.subarray(0, 2_300), wanted.subarray(0, 2_300))).toBeLessThan(-90);
      expect(worstDb(joined.subarray(2_500), wanted.subarray(2_500))).toBeLessThan(-90);
      expect(10 * Math.log10(energyBelow(error, 16_000) / energyBelow(wanted, 16_000))).toBeLessThan(-60);
    }
  });

  it("[P79] cross over at one power, by the sample", () => {
    const fadeFrames = 24_000;
    const one = {
      source: wholeSource([noise(96_000, 1)]),
      place: place({ fadeOutFrames: fadeFrames, endFrame: 72_000 }),
    };
    const other = {
      source: wholeSource([noise(96_000, 2)]),
      place: place({ originFrame: 48_000, startFrame: 48_000, fadeInFrames: fadeFrames }),
    };
    const [mixed = new Float32Array()] = renderLanes(
      segment({ position: 40_000.5, frames: 40_000 }),
      [one, other],
      [],
    );
    for (let from = 0; from < 40_000; from += 4_000) {
      const db = 10 * Math.log10(power(mixed.subarray(from, from + 4_000)) / 0.04);
      expect(Math.abs(db)).toBeLessThan(0.5);
    }
    const [before] = renderLanes(segment({ position: 40_000 }), [one, other], []);
    expect(before).toEqual(renderSegment(one.source, segment({ position: 40_000 }))[0]);
  });

  it("sounds on both sides in mono beside stereo", () => {
    const mono = noise(4_800);
    const stereo = [noise(4_800, 7), noise(4_800, 8)];
    const lanes = [mono ? [mono] : [], stereo].map((channels) => ({
      place: place({}),
      source: wholeSource(channels),
    }));
    const [left, right] = renderLanes(segment({}), lanes, []);
    expect(left).toEqual(mono.map((value, at) => value + (stereo[0]?.[at] as number)));
    expect(right).toEqual(mono.map((value, at) => value + (stereo[1]?.[at] as number)));
  });

  it("is silent where nothing lies", () => {
    expect(renderLanes(segment({ frames: 3 }), [], [])).toEqual([new Float32Array(3)]);
  });
});
