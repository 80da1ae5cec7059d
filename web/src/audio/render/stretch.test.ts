import { describe, expect, it } from "vitest";
import { fitTone, makeTone } from "../testing/tone.ts";
import { RateConverter } from "./rate-converter.ts";
import { type FrameSource, wholeSource } from "./resample.ts";
import { StretchedSource } from "./stretch.ts";
import { stretchedInput } from "./stretch-span.ts";

const RATE = 48_000;
const TEMPOS = [50, 70, 100, 130, 150];
/** Half a turn between two anchors, 2.73 s apart, and what the tones of a chord disturb each other by. */
const MOST_OFF_HZ = 0.02 + 0.5 / ((128 * 1024) / RATE);

const sumOf = (...sounds: readonly Float32Array[]): Float32Array =>
  (sounds[0] as Float32Array).map((_, i) => sounds.reduce((sum, each) => sum + (each[i] as number), 0));

function noise(frames: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: frames }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 0.5 * (state / 2 ** 31 - 1);
  });
}

/** Harmonics of a voice that glides, in syllables. */
function speech(frames: number, rate = RATE): Float32Array {
  let turns = 0;
  return Float32Array.from({ length: frames }, (_, i) => {
    const sec = i / rate;
    turns += (120 + 25 * Math.sin(4 * sec)) / rate;
    let sum = 0;
    for (let harmonic = 1; harmonic <= 25; harmonic++) {
      sum += (Math.exp(-(((harmonic - 5) / 4) ** 2)) + 0.03) * Math.cos(2 * Math.PI * harmonic * turns);
    }
    return 0.1 * sum * Math.sqrt(Math.max(0, Math.sin(2 * Math.PI * 2.2 * sec)));
  });
}

/** Drums over noise and a tone, in two channels that differ. */
function music(frames: number): FrameSource {
  const drums = noise(frames, 3).map((value, i) => value * Math.exp(-(i % 12_000) / 900));
  const tone = makeTone(330, RATE, frames).map((value) => 0.2 * value);
  const hiss = noise(frames, 5).map((value) => 0.02 * value);
  return wholeSource([sumOf(drums, tone, hiss), sumOf(drums, hiss)]);
}

const stretched = (source: FrameSource, tempo: number, sampleRate = RATE, offsetFrames = 0) =>
  new StretchedSource(source, { tempo, sampleRate, offsetFrames });

/** Of the part of `samples` nearest this frequency, by how its phase moves, Hz. */
function pitchOf(samples: Float32Array, hz: number): number {
  const step = 4_800;
  const phases: number[] = [];
  for (let at = 0; at + step <= samples.length; at += step) {
    let [cos, sin] = [0, 0];
    for (let i = 0; i < step; i++) {
      const angle = (2 * Math.PI * hz * (at + i)) / RATE;
      const weight = 1 - Math.cos((2 * Math.PI * i) / step);
      cos += weight * (samples[at + i] as number) * Math.cos(angle);
      sin += weight * (samples[at + i] as number) * Math.sin(angle);
    }
    const phase = Math.atan2(-sin, cos);
    const last = phases.at(-1) ?? phase;
    phases.push(phase + 2 * Math.PI * Math.round((last - phase) / (2 * Math.PI)));
  }
  const turns = ((phases.at(-1) as number) - (phases[0] as number)) / (2 * Math.PI);
  return hz + turns / (((phases.length - 1) * step) / RATE);
}

const cents = (hz: number, wantedHz: number): number => 1_200 * Math.log2(hz / wantedHz);
const rms = (samples: Float32Array): number =>
  Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
const decibels = (ratio: number): number => 20 * Math.log10(ratio);

/** Level of what differs, against what should be, dB. */
const differenceDb = (one: Float32Array, other: Float32Array): number =>
  decibels(rms(one.map((value, i) => value - (other[i] as number))) / rms(other));

describe("a song at another tempo", () => {
  it.each(TEMPOS)("[P80] at %i per cent has the pitch that it had, alone and in a chord", (tempo) => {
    const frames = 10 * RATE;
    const tones = [110, 440, 1_760];
    const chord = [220.3, 277.7, 331.1, 553.9];
    const left = sumOf(...tones.map((hz) => makeTone(hz, RATE, frames)));
    const right = sumOf(...chord.map((hz) => makeTone(hz, RATE, frames)));
    const source = stretched(wholeSource([left, right]), tempo);
    const [one, other] = [0, 1].map((channel) => source.read(channel, RATE, 4 * RATE)) as [
      Float32Array,
      Float32Array,
    ];
    for (const hz of [440, 1_760]) expect(Math.abs(cents(pitchOf(one, hz), hz))).toBeLessThan(1);
    for (const hz of tones) expect(Math.abs(pitchOf(one, hz) - hz)).toBeLessThan(MOST_OFF_HZ);
    for (const hz of chord) expect(Math.abs(pitchOf(other, hz) - hz)).toBeLessThan(MOST_OFF_HZ);
  });

  it.each([50, 70, 93, 150])("[P80] at %i per cent keeps a tone steady, over anchors as well", (tempo) => {
    const source = stretched(wholeSource([makeTone(441.7, RATE, 12 * RATE)]), tempo);
    const tone = source.read(0, RATE, 6 * RATE);
    // 20 ms each: a seam would show as a dip, and anything else as noise beside the tone.
    for (let at = 0; at + 960 <= tone.length; at += 960) {
      const { gainDb, snrDb } = fitTone(tone.subarray(at, at + 960), 441.7, RATE);
      expect(Math.abs(gainDb)).toBeLessThan(0.02);
      expect(snrDb).toBeGreaterThan(40);
    }
  });

  it.each([50, 70, 130, 150])("[P80] at %i per cent keeps the level of noise", (tempo) => {
    const input = noise(10 * RATE, 1);
    const output = stretched(wholeSource([input]), tempo).read(0, RATE, 5 * RATE);
    const levels = Array.from({ length: 50 }, (_, i) => rms(output.subarray(i * 4_800, (i + 1) * 4_800)));
    expect(Math.abs(decibels(rms(output) / rms(input)))).toBeLessThan(1.5);
    expect(decibels(Math.max(...levels) / Math.min(...levels))).toBeLessThan(1.5);
  });

  it("[P80] at 100 % is as it was", () => {
    const source = music(3 * RATE);
    const output = stretched(source, 100).read(0, 0, 2 * RATE);
    expect(differenceDb(output, source.read(0, 0, 2 * RATE))).toBeLessThan(-100);
  });

  it("[P80] has one direction for all channels", () => {
    const voice = speech(6 * RATE);
    const source = stretched(wholeSource([voice, voice.map((value) => -0.5 * value)]), 70);
    const left = source.read(0, 3 * RATE, RATE);
    expect(
      differenceDb(
        source.read(1, 3 * RATE, RATE),
        left.map((value) => -0.5 * value),
      ),
    ).toBeLessThan(-100);
  });

  it("[P80] in an odd number of channels has each of them", () => {
    const tones = [300, 500, 700].map((hz) => makeTone(hz, RATE, 2 * RATE));
    const source = stretched(wholeSource(tones), 80);
    for (const [channel, hz] of [300, 500, 700].entries()) {
      expect(fitTone(source.read(channel, RATE, 4_800), hz, RATE).snrDb).toBeGreaterThan(30);
    }
  });
});

describe("where reading begins", () => {
  it.each([70, 130])("[P81] at %i per cent makes no difference, and neither does how it is cut", (tempo) => {
    const sound = music(14 * RATE);
    const [from, length] = [8 * RATE + 77, RATE];
    const through = stretched(sound, tempo);
    for (let at = 0; at < from; at += 24_000) through.read(0, at, 24_000);
    const wanted = [0, 1].map((channel) => through.read(channel, from, length));

    const entered = stretched(sound, tempo);
    expect([0, 1].map((channel) => entered.read(channel, from, length))).toEqual(wanted);

    const leaping = stretched(sound, tempo);
    for (const sec of [9.2, 2, 8.9, 5.5, 7.9]) leaping.read(1, Math.round(sec * RATE), 700);
    const pieces = new Float32Array(length);
    for (let at = 0; at < length; at += 997) {
      const count = Math.min(997, length - at);
      pieces.set(leaping.read(0, from + at, count), at);
    }
    expect(pieces).toEqual(wanted[0]);
  });

  it("[P81] nothing but the song around there is read", () => {
    const sound = music(14 * RATE);
    for (const tempo of [50, 70, 150]) {
      for (const from of [0, 3 * RATE, 6 * RATE + 5]) {
        const { fromFrame, toFrame } = stretchedInput(tempo, RATE, from, from + 4_800);
        const around: FrameSource = {
          channelCount: 2,
          read: (channel, at, length) => {
            expect(at).toBeGreaterThanOrEqual(fromFrame);
            expect(at + length).toBeLessThanOrEqual(toFrame);
            return sound.read(channel, at, length);
          },
        };
        stretched(around, tempo).read(0, from, 4_800);
      }
    }
  });

  it("[P81] sound that came later than it was read is read again", () => {
    const sound = music(8 * RATE);
    let isThere = false;
    const arriving: FrameSource = {
      channelCount: 2,
      read: (channel, at, length) => (isThere ? sound.read(channel, at, length) : new Float32Array(length)),
    };
    const source = stretched(arriving, 80);
    expect(rms(source.read(0, 4 * RATE, 4_800))).toBe(0);
    isThere = true;
    source.changed(0, 8 * RATE);
    expect(source.read(0, 4 * RATE, 4_800)).toEqual(stretched(sound, 80).read(0, 4 * RATE, 4_800));
  });

  it("[P81] a decode that begins later is taken apart at the same places", () => {
    const voice = speech(8 * RATE);
    const later = new Float32Array(voice.length + 1_105);
    later.set(voice, 1_105);
    const source = stretched(wholeSource([later]), 70, RATE, 1_105);
    const wanted = stretched(wholeSource([voice]), 70).read(0, 4 * RATE, 4_800);
    expect(source.read(0, 4 * RATE, 4_800)).toEqual(wanted);
  });
});

describe("an onset", () => {
  const PERIOD = 12_000;
  const clicks = (): Float32Array => {
    const sound = new Float32Array(8 * RATE);
    const click = noise(96, 9);
    for (let at = PERIOD; at + 96 < sound.length; at += PERIOD) {
      sound.set(
        click.map((value, i) => value * Math.exp(-i / 20)),
        at,
      );
    }
    return sound;
  };

  it.each([50, 70, 90, 130, 150])("[P82] at %i per cent is heard once, and where it should be", (tempo) => {
    const source = stretched(wholeSource([clicks()]), tempo);
    const period = Math.round((PERIOD * 100) / tempo);
    for (let number = 2; number < 12; number++) {
      const at = number * period;
      const around = source.read(0, at - period / 2, period).map(Math.abs);
      const loudest = around.reduce((most, value, i) => (value > (around[most] as number) ? i : most), 0);
      expect(Math.abs(loudest - period / 2)).toBeLessThan(0.003 * RATE);
      const besides = around.filter((_, i) => Math.abs(i - loudest) > 0.005 * RATE);
      expect(decibels(Math.max(...besides) / (around[loudest] as number))).toBeLessThan(-24);
    }
  });
});

describe("devices that differ", () => {
  it("[P83] by a rounding of their decoders sound alike", () => {
    const voice = sumOf(
      speech(10 * RATE),
      noise(10 * RATE, 4).map((value) => 0.01 * value),
    );
    const rounded = voice.map((value, i) => Math.round(value * 32_768 + (i % 3) - 1) / 32_768);
    const [one, other] = [voice, rounded].map((each) =>
      stretched(wholeSource([each]), 70).read(0, 7 * RATE, RATE),
    );
    expect(differenceDb(other as Float32Array, one as Float32Array)).toBeLessThan(-25);
  });

  it("[P83] by the rates of their contexts sound alike", () => {
    const voice = speech(10 * RATE);
    const converted = new RateConverter(RATE, 44_100).convert(voice, 0, 0, 10 * 44_100);
    const wanted = stretched(wholeSource([voice]), 70).read(0, 7 * RATE, RATE);
    const source = stretched(wholeSource([converted]), 70, 44_100);
    const [from, reach] = [7 * 44_100, 500];
    const output = source.read(0, from - reach, 44_100 + 2 * reach);
    const back = new RateConverter(44_100, RATE).convert(output, from - reach, 7 * RATE, 8 * RATE);
    expect(differenceDb(back, wanted)).toBeLessThan(-60);
  });
});
