// Recordings of simulated rooms: loudspeakers with delays of their own, walls that echo, noise, a microphone that is late and
// whose clock is off. Every number from a seed.

import { SeededRandom } from "../../../lib/testing/index.ts";
import { makeChirp } from "../chirp.ts";
import type { Recording } from "../listen.ts";
import { timetable, timetableSec } from "../timetable.ts";

export const RATE = 48_000;

interface Room {
  readonly seed: number;
  readonly delaysMs: readonly number[];
  readonly gains?: readonly number[];
  readonly snrDb?: number;
  /** The microphone's path and the page's guess of where the timetable begins, together. */
  readonly microphoneMs?: number;
  readonly clockPpm?: number;
  readonly isBare?: boolean;
}

export const gaussian = (random: SeededRandom): number =>
  Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());

/** Straight sound, a dozen early reflections up to nine tenths as loud, and a tail that dies by 60 dB in 0.4 s. */
function echoes(random: SeededRandom): { afterSec: number; gain: number }[] {
  const early = Array.from({ length: 12 }, () => ({
    afterSec: 0.002 + 0.028 * random.fraction(),
    gain: 0.9 * random.fraction() * (random.fraction() < 0.5 ? -1 : 1),
  }));
  const late = Array.from({ length: 150 }, () => {
    const afterSec = 0.03 + 0.37 * random.fraction();
    return { afterSec, gain: 0.25 * 10 ** ((-3 * afterSec) / 0.4) * gaussian(random) };
  });
  return [{ afterSec: 0, gain: 1 }, ...early, ...late];
}

export function record(room: Room): Recording {
  const { seed, delaysMs, gains = [], snrDb = 10, microphoneMs = 0, clockPpm = 0, isBare = false } = room;
  const random = new SeededRandom(seed);
  const chirp = makeChirp(RATE);
  const leadSec = 0.5;
  const samples = new Float32Array(Math.round((timetableSec(delaysMs.length) + 2) * RATE));
  const paths = delaysMs.map(() => (isBare ? [{ afterSec: 0, gain: 1 }] : echoes(random)));
  for (const { device, startSec } of timetable(delaysMs.length)) {
    for (const { afterSec, gain } of paths[device] ?? []) {
      const atSec = startSec + (delaysMs[device] ?? 0) / 1000 + afterSec + microphoneMs / 1000;
      addAt(samples, chirp, (leadSec + atSec) * (1 + clockPpm * 1e-6) * RATE, gain * (gains[device] ?? 1));
    }
  }
  const weakest = Math.min(1, ...gains.filter((gain) => gain > 0));
  const power = (weakest ** 2 * chirp.reduce((sum, value) => sum + value * value, 0)) / chirp.length;
  const noise = Math.sqrt(power / 10 ** (snrDb / 10));
  for (let frame = 0; frame < samples.length; frame++)
    samples[frame] = (samples[frame] ?? 0) + noise * gaussian(random);
  return { samples, sampleRate: RATE, startFrame: leadSec * RATE };
}

/** Between two frames by straight lines: what that takes off the top of the band is no more than a loudspeaker does. */
function addAt(samples: Float32Array, chirp: Float32Array, atFrame: number, gain: number): void {
  const whole = Math.floor(atFrame);
  const part = atFrame - whole;
  for (let frame = 0; frame <= chirp.length; frame++) {
    const value = (1 - part) * (chirp[frame] ?? 0) + part * (chirp[frame - 1] ?? 0);
    const target = whole + frame;
    if (target >= 0 && target < samples.length) samples[target] = (samples[target] ?? 0) + gain * value;
  }
}
