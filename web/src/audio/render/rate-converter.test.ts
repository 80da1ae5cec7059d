import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { CONVERTER_PASSBAND_HZ, CONVERTER_PASSBAND_SHARE } from "../../protocol/constants/audio.gen.ts";
import { fitTone, levelDb, makeTone } from "../testing/tone.ts";
import { RateConverter } from "./rate-converter.ts";

type Rates = readonly [fromRate: number, toRate: number];

/** Up and down, of few phases, of many, and of too many for a table of all. */
const PAIRS: readonly Rates[] = [
  [44_100, 48_000],
  [48_000, 44_100],
  [96_000, 48_000],
  [88_200, 48_000],
  [48_000, 96_000],
  [192_000, 44_100],
  [384_000, 48_000],
  [11_025, 48_000],
  [8_000, 192_000],
  [48_000, 8_000],
  [44_100, 47_999],
  [44_056, 48_000],
  [384_000, 44_100],
  [96_000, 11_025],
];
const FRAMES = 4_000;

/** Output frames from the middle of a tone that is long enough for all of them. */
function convertedTone([fromRate, toRate]: Rates, hz: number): Float32Array {
  const converter = new RateConverter(fromRate, toRate);
  const from = converter.outputFrameAt(converter.reachFrames + 1);
  const inputFrames = Math.ceil(((from + FRAMES) * fromRate) / toRate) + converter.reachFrames + 1;
  return converter.convert(makeTone(hz, fromRate, inputFrames), 0, from, from + FRAMES);
}

const noise = (frames: number, seed: number): Float32Array => {
  const random = new SeededRandom(seed);
  return Float32Array.from({ length: frames }, () => 2 * random.fraction() - 1);
};

describe("the rate converter", () => {
  it.each(PAIRS)("[P48] keeps the passband from %i to %i Hz within 0.1 dB and 100 dB clean", (...rates) => {
    const passbandHz = Math.min(CONVERTER_PASSBAND_HZ, (CONVERTER_PASSBAND_SHARE * Math.min(...rates)) / 2);
    for (const share of [0.01, 0.1, 0.5, 0.8, 0.95, 1]) {
      const hz = share * passbandHz;
      const { gainDb, snrDb } = fitTone(convertedTone(rates, hz), hz, rates[1]);
      expect(Math.abs(gainDb)).toBeLessThan(0.1);
      expect(snrDb).toBeGreaterThan(100);
    }
  });

  it.each(PAIRS.filter(([from, to]) => to < from))(
    "[P48] lets nothing fold down from %i to %i Hz",
    (...rates) => {
      const [fromRate, toRate] = rates;
      for (const share of [0, 0.01, 0.03, 0.1, 0.3, 0.6, 0.97]) {
        const hz = toRate / 2 + share * (fromRate / 2 - toRate / 2);
        expect(levelDb(convertedTone(rates, hz))).toBeLessThan(-100);
      }
    },
  );

  it.each(PAIRS)(
    "[P49] joins pieces from %i to %i Hz to the bit, however they are cut",
    (fromRate, toRate) => {
      const random = new SeededRandom(fromRate + toRate);
      const converter = new RateConverter(fromRate, toRate);
      const frames = 6_000;
      // Far behind frame 0, where nothing but whole numbers stays exact.
      for (const begin of [0, 2 ** 40 - 12_345]) {
        const reach = converter.reachFrames;
        const inputAt = (output: number) => Number((BigInt(output) * BigInt(fromRate)) / BigInt(toRate));
        const inputStart = inputAt(begin) - reach;
        const input = noise(inputAt(begin + frames) + reach + 1 - inputStart, begin % 1_000);
        const whole = converter.convert(input, inputStart, begin, begin + frames);
        const pieces: number[] = [];
        while (pieces.length < frames) {
          const from = begin + pieces.length;
          const to = Math.min(begin + frames, from + 1 + Math.floor(random.fraction() ** 3 * 4_000));
          // No more of the input than is promised to be enough.
          const cut = input.slice(
            inputAt(from) - reach - inputStart,
            inputAt(to - 1) + reach + 1 - inputStart,
          );
          pieces.push(...new RateConverter(fromRate, toRate).convert(cut, inputAt(from) - reach, from, to));
        }
        expect(Float32Array.from(pieces)).toEqual(whole);
      }
    },
  );

  it("[P49] counts frames by whole numbers", () => {
    for (const [fromRate, toRate] of PAIRS) {
      const converter = new RateConverter(fromRate, toRate);
      for (const frame of [0, 1, 2, 147, 160, 1_000_003, 2 ** 40 - 1, 2 ** 40]) {
        const wanted = (BigInt(frame) * BigInt(toRate) + BigInt(fromRate) - 1n) / BigInt(fromRate);
        expect(converter.outputFrameAt(frame)).toBe(Number(wanted));
      }
    }
  });

  it("[P48] copies between equal rates", () => {
    const converter = new RateConverter(44_100, 44_100);
    const input = noise(100, 1);
    expect(converter.reachFrames).toBe(0);
    expect(converter.outputFrameAt(77)).toBe(77);
    expect(converter.convert(input, 1_000, 1_010, 1_060)).toEqual(input.slice(10, 60));
    expect([...converter.convert(input, 1_000, 998, 1_001)]).toEqual([0, 0, input[0]]);
  });

  it("[P48] hears silence around what it is given, and returns arrays of its own", () => {
    const converter = new RateConverter(44_100, 48_000);
    const input = new Float32Array(44_100).fill(0.5);
    expect(converter.convert(input, 0, -2_000, -1_000)).toEqual(new Float32Array(1_000));
    expect(converter.convert(input, 0, 60_000, 60_333)).toEqual(new Float32Array(333));
    expect(converter.convert(input, 0, 10, 10)).toHaveLength(0);
    const piece = converter.convert(input, 0, 20_001, 20_004);
    expect(piece.buffer.byteLength).toBe(12);
    for (const value of piece) expect(value).toBeCloseTo(0.5, 6);
  });

  it("[P48] takes no rate that is none", () => {
    for (const rate of [0, -8_000, 44_100.5, Number.NaN]) {
      expect(() => new RateConverter(rate, 48_000)).toThrow(RangeError);
      expect(() => new RateConverter(48_000, rate)).toThrow(RangeError);
    }
  });
});
