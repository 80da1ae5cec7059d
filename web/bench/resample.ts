// What conversion between sample rates and the segment renderer leave of tones, and what they cost, beside the kernel of 32 taps
// that did both before (decision 0038). Prints one JSON line; see bench/resample.py. Costs are ms of CPU for a minute of stereo.

import { RateConverter } from "../src/audio/render/rate-converter.ts";
import { renderRun, wholeSource } from "../src/audio/render/resample.ts";
import { fitTone, levelDb, makeTone } from "../src/audio/testing/tone.ts";
import { renderBefore } from "./resample-before.ts";

type Rates = readonly [fromRate: number, toRate: number];

const PAIRS: readonly Rates[] = [
  [44_100, 48_000],
  [48_000, 44_100],
  [96_000, 48_000],
  [192_000, 44_100],
  [44_100, 47_999],
];
/**
 * A little off the round figures: of 20 kHz at 48 kHz there are but three different samples, whose rounding errors are again a
 * tone of 20 kHz, so that none would be left to count.
 */
const TONES_HZ = [997, 9_973, 18_997, 19_997];
const FRAMES = 24_000;
/** As in bench/fidelity.py: the 5th percentile of windows this long. */
const WINDOW = 2_400;
const BENT = 1.0005;
const COST_SEC = 10;
const RUNS = 8;

const quantile = (values: number[], share: number): number =>
  values.sort((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? Number.NaN;

/** From the middle of a tone, so that no edge counts. */
function converted([fromRate, toRate]: Rates, hz: number): Float32Array {
  const converter = new RateConverter(fromRate, toRate);
  const from = converter.outputFrameAt(converter.reachFrames + 1);
  const frames = Math.ceil(((from + FRAMES) * fromRate) / toRate) + converter.reachFrames + 1;
  return converter.convert(makeTone(hz, fromRate, frames), 0, from, from + FRAMES);
}

function conversion(rates: Rates): Record<string, unknown> {
  const [fromRate, toRate] = rates;
  const lowerHalf = Math.min(fromRate, toRate) / 2;
  const gainsDb = Array.from({ length: 100 }, (_, i) => {
    const hz = ((i + 1) / 100) * 20_000;
    return fitTone(converted(rates, hz), hz, toRate).gainDb;
  });
  const snrDb = TONES_HZ.map((hz) => fitTone(converted(rates, hz), hz, toRate).snrDb);
  // Above the lower half nothing may be left of a tone; where the rate goes up, images count in the signal to noise.
  const above = Array.from(
    { length: 40 },
    (_, i) => lowerHalf + ((i + 0.5) / 40) * (fromRate / 2 - lowerHalf),
  );
  const stopbandDb = toRate < fromRate ? Math.max(...above.map((hz) => levelDb(converted(rates, hz)))) : null;
  return { fromRate, toRate, rippleDb: Math.max(...gainsDb.map(Math.abs)), snrDb, stopbandDb };
}

/** `render` of a tone at a rate that is bent by 500 ppm: what the best tone in each window leaves. */
function rendering(rate: number, render: (tone: Float32Array) => Float32Array): Record<string, unknown> {
  const fits = TONES_HZ.map((hz) => {
    const output = render(makeTone(hz, rate, Math.ceil(FRAMES * BENT) + 3_000));
    return Array.from({ length: FRAMES / WINDOW }, (_, window) =>
      fitTone(output.subarray(window * WINDOW, (window + 1) * WINDOW), hz * BENT, rate),
    );
  });
  return {
    rate,
    rippleDb: Math.max(...fits.flat().map(({ gainDb }) => Math.abs(gainDb))),
    snrDb: fits.map((each) =>
      quantile(
        each.map(({ snrDb }) => snrDb),
        0.5,
      ),
    ),
    p5Db: fits.map((each) =>
      quantile(
        each.map(({ snrDb }) => snrDb),
        0.05,
      ),
    ),
  };
}

const RUN = { position: 1_000.37, ratio: BENT, ratioStep: 0 };
const renderNow = (tone: Float32Array): Float32Array =>
  renderRun(wholeSource([tone]), RUN, FRAMES)[0] ?? new Float32Array(0);

/** The best of some runs, each of `COST_SEC` of stereo, for a minute. */
function costMs(work: () => void): number {
  const runs = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...runs) * (60 / COST_SEC);
}

function costs(): Record<string, number> {
  const stereo = (rate: number) => [997, 1_499].map((hz) => makeTone(hz, rate, COST_SEC * rate));
  const sound = stereo(48_000);
  const source = wholeSource(sound);
  // Half a second each, as segments are.
  const segments = Array.from({ length: 2 * COST_SEC }, (_, i) => ({
    ...RUN,
    position: i * 24_000 + 0.37,
    ratio: 1.00005,
  }));
  const found: Record<string, number> = {
    "renderer before": costMs(() => {
      for (const run of segments)
        for (const channel of sound) renderBefore(channel, run, new Float32Array(24_000));
    }),
    renderer: costMs(() => {
      for (const run of segments) renderRun(source, run, 24_000);
    }),
  };
  for (const rates of PAIRS) {
    const converter = new RateConverter(...rates);
    const channels = stereo(rates[0]);
    found[`${rates[0]} to ${rates[1]}`] = costMs(() => {
      for (const channel of channels) converter.convert(channel, 0, 0, COST_SEC * rates[1]);
    });
  }
  return found;
}

const before = (tone: Float32Array) => {
  const output = new Float32Array(FRAMES);
  renderBefore(tone, RUN, output);
  return output;
};
console.log(
  JSON.stringify({
    tonesHz: TONES_HZ,
    conversions: PAIRS.map(conversion),
    renderer: {
      "48 kHz": rendering(48_000, renderNow),
      "44.1 kHz": rendering(44_100, renderNow),
      "before, 48 kHz": rendering(48_000, before),
      "before, 44.1 kHz": rendering(44_100, before),
    },
    cpuMsPerMinute: costs(),
  }),
);
