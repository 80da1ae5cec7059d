// What a second of stereo at another tempo costs, ms of CPU in V8, and how long it takes to enter in the middle of a song. Prints one
// JSON line; see bench/tempo.py.

import { wholeSource } from "../src/audio/render/resample.ts";
import { StretchedSource } from "../src/audio/render/stretch.ts";

const SOUND_SEC = 60;
const COST_SEC = 20;
/** Half a second, as segments are. */
const SEGMENT_SEC = 0.5;
const RUNS = 5;

/** Chords and noise with a drum four times a second: nothing of it is cheap. */
function music(rate: number, side: number): Float32Array {
  let state = 7 + side;
  return Float32Array.from({ length: SOUND_SEC * rate }, (_, i) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const sec = i / rate;
    const drum = Math.exp(-40 * (sec % 0.25));
    const chord = [220, 277.2, 329.6].reduce((sum, hz) => sum + Math.sin(2 * Math.PI * hz * sec), 0);
    return 0.1 * chord + (0.02 + 0.3 * drum) * (state / 2 ** 31 - 1);
  });
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function read(source: StretchedSource, rate: number, fromSec: number, toSec: number): void {
  for (let sec = fromSec; sec < toSec; sec += SEGMENT_SEC) {
    for (const channel of [0, 1]) source.read(channel, Math.round(sec * rate), SEGMENT_SEC * rate);
  }
}

function costs(rate: number, tempo: number): { perSecondMs: number; entryMs: number } {
  const sound = wholeSource([music(rate, 0), music(rate, 1)]);
  const perSecond: number[] = [];
  const entry: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const source = new StretchedSource(sound, { tempo, sampleRate: rate, offsetFrames: 0 });
    // In the middle between two anchors: neither the cheapest place nor the dearest.
    entry.push(cpuMs(() => read(source, rate, 9.5, 10)));
    perSecond.push(cpuMs(() => read(source, rate, 10, 10 + COST_SEC)) / COST_SEC);
  }
  return { perSecondMs: median(perSecond.slice(1)), entryMs: median(entry.slice(1)) };
}

console.log(
  JSON.stringify(
    [48_000, 44_100].flatMap((rate) =>
      [50, 70, 130, 150].map((tempo) => ({ rate, tempo, ...costs(rate, tempo) })),
    ),
  ),
);
