import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { RateConverter } from "../render/rate-converter.ts";
import { renderRun, wholeSource } from "../render/resample.ts";
import {
  type Anchor,
  type AnchorSound,
  makeAnchor as makeAnchorOf,
  matchAnchor as matchAnchorIn,
} from "./anchor.ts";
import { decodeAnchor, encodeAnchor } from "./anchor-annotation.ts";

const RATE = 48_000;
/** What an annotation may have; spec/constants.toml says so. */
const MAX_ANNOTATION_BYTES = 20 * 1024;

type Channels = Float32Array<ArrayBuffer>[];

const soundOf = (channels: Channels): AnchorSound => ({
  source: wholeSource(channels),
  frames: channels[0]?.length ?? 0,
});
const makeAnchor = (channels: Channels, rate: number) => makeAnchorOf(soundOf(channels), rate);
const matchAnchor = (channels: Channels, rate: number, anchor: Anchor) =>
  matchAnchorIn(soundOf(channels), rate, anchor);

/** So many seconds of noise as music is spread: more of it low than high. */
function noise(seconds: number, loudness = 0.3, seed = 4): Float32Array<ArrayBuffer> {
  const random = new SeededRandom(seed);
  let low = 0;
  return Float32Array.from({ length: seconds * RATE }, () => {
    low = 0.7 * low + random.normal();
    return 0.3 * loudness * low;
  });
}

/** A saw without overtones that fold: each period is the same to the bit. */
const saw = (seconds: number, hz = 50, loudness = 0.5) =>
  Float32Array.from({ length: seconds * RATE }, (_, frame) => loudness * (((frame * hz) / RATE) % 1) - 0.25);

const silence = (seconds: number) => new Float32Array(seconds * RATE);

const joined = (...parts: Float32Array[]): Channels => {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return [whole];
};

/** The same sound, `frames` later; a fraction of a frame is interpolated as the player does. */
const later = (channels: Channels, frames: number): Channels =>
  channels.map((channel) => {
    const run = { position: -frames, ratio: 1, ratioStep: 0 };
    return renderRun(wholeSource([channel]), run, channel.length)[0] ?? silence(0);
  });

const toRate = (channels: Channels, rate: number): Channels =>
  channels.map((channel) =>
    new RateConverter(RATE, rate).convert(channel, 0, 0, Math.floor((channel.length * rate) / RATE)),
  );

const sent = (channels: Channels, rate = RATE): Anchor => {
  const annotation = encodeAnchor(makeAnchor(channels, rate));
  expect(annotation.length).toBeLessThanOrEqual(MAX_ANNOTATION_BYTES);
  const anchor = decodeAnchor(annotation);
  if (!anchor) throw new Error("what is sent can be read");
  return anchor;
};

const startsSec = ({ places, sampleRate }: Anchor) => places.map(({ startFrame }) => startFrame / sampleRate);

describe("the anchor", () => {
  const here = [noise(12), noise(12, 0.3, 5)];
  const anchor = sent(here);

  it("[P43] has places early, in the middle and late", () => {
    const [early = 9, middle = 0, late = 0] = startsSec(anchor);
    expect(early).toBeLessThan(2);
    expect(middle).toBeGreaterThan(5);
    expect(middle).toBeLessThan(7);
    expect(late).toBeGreaterThan(10);
  });

  it.each([0, 1, 1024, -1105, 2112, 7728, 0.39 * RATE, -0.39 * RATE])(
    "[P43] finds a decode that is %s frames late, to 0.001 ms",
    (frames) => {
      const match = matchAnchor(later(here, frames), RATE, anchor);
      expect(Math.abs((match?.offsetSec ?? 9) * RATE - frames) / RATE).toBeLessThan(1e-6);
      expect(match?.isSteady).toBe(true);
    },
  );

  it.each([23.4, -0.5, 4464.25])("[P43] finds a decode that is %s frames late, to 0.02 ms", (frames) => {
    const match = matchAnchor(later(here, frames), RATE, anchor);
    expect(Math.abs((match?.offsetSec ?? 9) - frames / RATE)).toBeLessThan(2e-5);
  });

  it.each([8_000, 22_050, 44_100, 96_000, 192_000])("[P43] finds its places at a rate of %s", (rate) => {
    const match = matchAnchor(later(toRate(here, rate), rate / 100), rate, anchor);
    expect(Math.abs((match?.offsetSec ?? 9) - 0.01)).toBeLessThan(3e-5);
    expect(match?.isSteady).toBe(true);
  });

  it("[P43] of a decode at 8 kHz is found at 48 kHz", () => {
    const match = matchAnchor(later(here, 7_728), RATE, sent(toRate(here, 8_000), 8_000));
    expect(Math.abs((match?.offsetSec ?? 9) - 0.161)).toBeLessThan(5e-5);
  });

  it("[P43] of a stereo decode is found in a mono one, and at any loudness", () => {
    const mono = here[0]?.map((value, at) => (value + (here[1]?.[at] ?? 0)) / 2) ?? silence(0);
    for (const factor of [1, 0.001]) {
      const match = matchAnchor([mono.map((value) => factor * value)], RATE, anchor);
      expect(match?.offsetSec).toBeCloseTo(0, 6);
    }
  });

  it("[P43] is made of a very quiet song, too, and not of none", () => {
    const quiet = joined(noise(8, 0.0005));
    expect(matchAnchor(later(quiet, 300), RATE, sent(quiet))?.offsetSec).toBeCloseTo(300 / RATE, 6);
    expect(sent(joined(silence(8))).places).toEqual([]);
    expect(sent(joined(noise(0.1))).places).toEqual([]);
    expect(matchAnchor(quiet, RATE, sent(joined(silence(8))))).toBeNull();
  });

  it("[P43] lies behind a minute of silence, where the music is", () => {
    const song = joined(silence(65), noise(20));
    const late = sent(song);
    expect(late.places.length).toBeGreaterThan(0);
    expect(Math.min(...startsSec(late))).toBeGreaterThan(64.9);
    expect(matchAnchor(later(song, 1114), RATE, late)?.offsetSec).toBeCloseTo(1114 / RATE, 6);
  });

  it("[P44] lies where the song is unlike its surroundings, not in a louder steady tone", () => {
    const song = joined(saw(30), noise(10, 0.1));
    const unique = sent(song);
    expect(Math.min(...startsSec(unique))).toBeGreaterThan(29);
    for (const frames of [0, 1920, -1080])
      expect(matchAnchor(later(song, frames), RATE, unique)?.offsetSec).toBeCloseTo(frames / RATE, 6);
  });

  it("[P44] lies beside what repeats every 0.3 s", () => {
    const loop = noise(0.3);
    const song = joined(...Array.from({ length: 40 }, () => loop), noise(6, 0.05, 9));
    expect(matchAnchor(later(song, 960), RATE, sent(song))?.offsetSec).toBeCloseTo(0.02, 6);
  });

  it("[P44] has no place where a tone or a loop is the whole song, and then nothing is found", () => {
    for (const song of [joined(saw(20)), joined(...Array.from({ length: 40 }, () => noise(0.3)))]) {
      const none = sent(song);
      expect(none.places).toEqual([]);
      expect(matchAnchor(song, RATE, none)).toBeNull();
    }
  });

  it("[P44] does not take a place that is there twice in another decode", () => {
    const start = anchor.places[0]?.startFrame ?? 0;
    const twice = here.map((channel) => {
      const copy = channel.slice();
      copy.copyWithin(start + 7_000, start, start + 6_144);
      return copy;
    });
    expect(matchAnchor(twice, RATE, { ...anchor, places: anchor.places.slice(0, 1) })).toBeNull();
  });

  it("[P45] tells of a step in the middle, and goes by the greater part", () => {
    const cut = (fromSec: number, frames: number): Channels =>
      here.map((channel) => {
        const less = new Float32Array(channel.length - frames);
        less.set(channel.subarray(0, fromSec * RATE));
        less.set(channel.subarray(fromSec * RATE + frames), fromSec * RATE);
        return less;
      });
    for (const frames of [1_253, 10_032]) {
      const early = matchAnchor(cut(4, frames), RATE, anchor);
      expect(early?.isSteady).toBe(false);
      expect(early?.offsetSec).toBeCloseTo(-frames / RATE, 6);
      const late = matchAnchor(cut(8, frames), RATE, anchor);
      expect(late?.isSteady).toBe(false);
      expect(late?.offsetSec).toBeCloseTo(0, 6);
    }
    expect(matchAnchor(cut(4, RATE), RATE, anchor)).toMatchObject({ isSteady: false }); // too far to be found
  });

  it("[P45] asks nothing of what a shorter decode does not have", () => {
    const short = here.map((channel) => channel.slice(0, 8 * RATE));
    expect(matchAnchor(later(short, 48), RATE, anchor)).toMatchObject({ isSteady: true });
  });

  it("[P17] corrects nothing where the sound is another, or too far away", () => {
    expect(matchAnchor([noise(12, 0.3, 77)], RATE, anchor)).toBeNull();
    expect(matchAnchor(later(here, 0.45 * RATE), RATE, anchor)).toBeNull();
    expect(matchAnchor([silence(12)], RATE, anchor)).toBeNull();
    expect(matchAnchor([], RATE, anchor)).toBeNull();
  });
});

describe("an anchor from the wire", () => {
  const anchor = makeAnchor([noise(12)], RATE);

  it("is as it was sent", () => {
    expect(anchor.places).toHaveLength(3);
    expect(decodeAnchor(encodeAnchor(anchor))).toEqual(anchor);
  });

  it("[P47] is refused where it is longer, at a rate no card has, or out of order", () => {
    const annotation = encodeAnchor(anchor);
    expect(decodeAnchor(new Uint8Array(0))).toBeNull();
    expect(decodeAnchor(new Uint8Array(100))).toBeNull();
    expect(decodeAnchor(annotation.subarray(1))).toBeNull();
    expect(decodeAnchor(new Uint8Array(4 + 4 * (4 + 6144)))).toBeNull();
    expect(decodeAnchor(new Uint8Array(annotation.length))).toBeNull();
    for (const sampleRate of [7_999, 384_001, 0xffffffff]) {
      expect(decodeAnchor(encodeAnchor({ ...anchor, sampleRate }))).toBeNull();
    }
    expect(decodeAnchor(encodeAnchor({ ...anchor, places: anchor.places.toReversed() }))).toBeNull();
  });

  it("[P47] with places anywhere and samples of any kind ends in no match", () => {
    const [samples = new Int8Array()] = anchor.places.map((place) => place.samples);
    const wild = [0, 0x7fffffff, 0xffffffff].map((startFrame) => ({ startFrame, samples }));
    expect(matchAnchor([noise(4, 0.3, 6)], RATE, { sampleRate: RATE, places: wild })).toBeNull();
    const empty = [{ startFrame: 48_000, samples: new Int8Array(6144) }];
    expect(matchAnchor([noise(4)], RATE, { sampleRate: RATE, places: empty })).toBeNull();
  });
});
