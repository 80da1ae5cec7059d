// The same samples everywhere: decoders trim the sound before a song differently, by up to 161 ms. Who adds a file publishes
// short places of its own decode and where they lie; everybody else finds them in theirs. Pure. Positions of plans are
// seconds in the anchor's decode; `offsetSec` is how much later the same sound lies in this one. Only places that are unlike all
// that surrounds them are taken, early, late and in the middle: so a decode that skips or repeats something is noticed, too.

import {
  ANCHOR_APART_SEC,
  ANCHOR_EDGE_SEC,
  ANCHOR_MAX_SPAN_SEC,
  ANCHOR_PLACE_FRAMES,
  ANCHOR_SEARCH_SEC,
  ANCHOR_STEP_SEC,
  MAX_ANCHOR_CANDIDATES,
  MAX_ANCHOR_PLACES,
  MAX_ANCHOR_RIVAL_SHARE,
  MAX_FOUND_ANCHOR_RIVAL_SHARE,
  MIN_ANCHOR_ENERGY,
  MIN_ANCHOR_SCORE,
  PLAIN_ANCHOR_RIVAL_SHARE,
  SHORT_SONG_SEC,
} from "../../protocol/constants/audio.gen.ts";

import type { FrameSource } from "../render/resample.ts";
import { findPlace } from "./anchor-search.ts";

/** A place of decoded sound, mono, scaled so that its peak is 127. */
export interface AnchorPlace {
  readonly startFrame: number;
  readonly samples: Int8Array<ArrayBuffer>;
}

export interface Anchor {
  readonly sampleRate: number;
  /** In the order of their starts; none where no place of the song is unlike its surroundings. */
  readonly places: readonly AnchorPlace[];
}

export interface AnchorMatch {
  readonly offsetSec: number;
  /** Normalised correlation at the best place, 0 to 1. */
  readonly score: number;
  /** Every place that lies within this decode was found, all at the same offset. */
  readonly isSteady: boolean;
}

/** Where places are looked for, as shares of the song, until there are three: the outer ones enclose most steps. */
const SPANS = [
  [0, 1 / 6],
  [5 / 6, 1],
  [5 / 12, 7 / 12],
  [1 / 6, 5 / 12],
  [7 / 12, 5 / 6],
] as const;
const HOP_FRAMES = ANCHOR_PLACE_FRAMES / 4;

/** What was decoded, at least around the places that are looked at; `frames` long in all. */
export interface AnchorSound {
  readonly source: FrameSource;
  readonly frames: number;
}

export interface Stretch {
  readonly from: number;
  readonly length: number;
}

/** Where an anchor's places are looked for, in frames, in this order. */
export function anchorSpans(frames: number, sampleRate: number): Stretch[] {
  const edge = Math.round(ANCHOR_EDGE_SEC * sampleRate);
  const spans = frames < SHORT_SONG_SEC * sampleRate ? ([[0, 1]] as const) : SPANS;
  return spans.map(([fromShare, toShare]) => {
    const from = Math.max(Math.floor(fromShare * frames), edge);
    const to = Math.min(Math.floor(toShare * frames), frames - edge);
    const length = Math.min(to - from, ANCHOR_MAX_SPAN_SEC * sampleRate);
    return { from: toShare === 1 ? to - length : from, length };
  });
}

export function makeAnchor(sound: AnchorSound, sampleRate: number): Anchor {
  const places: AnchorPlace[] = [];
  for (const { from, length } of anchorSpans(sound.frames, sampleRate)) {
    const place = placeWithin(sound, sampleRate, from, length);
    if (place) places.push(place);
    if (places.length === MAX_ANCHOR_PLACES) break;
  }
  return { sampleRate, places: places.sort((a, b) => a.startFrame - b.startFrame) };
}

/** What of a sound has to be there for a match, in frames. */
export function matchStretches(anchor: Anchor, sampleRate: number): Stretch[] {
  const around = Math.round(ANCHOR_SEARCH_SEC * sampleRate);
  const scale = sampleRate / anchor.sampleRate;
  return anchor.places.map(({ startFrame, samples }) => ({
    from: Math.round(startFrame * scale) - around,
    length: Math.ceil(samples.length * scale) + 2 * around,
  }));
}

/** Where this decode has the anchor's sound; null when it is nowhere to be found for sure. */
export function matchAnchor(sound: AnchorSound, sampleRate: number, anchor: Anchor): AnchorMatch | null {
  let isWhole = true;
  const found: { offsetSec: number; score: number }[] = [];
  for (const place of anchor.places) {
    const wanted = toRate(place.samples, anchor.sampleRate, sampleRate);
    const exactFrame = (place.startFrame / anchor.sampleRate) * sampleRate;
    const peak = lookAround(sound, sampleRate, Math.round(exactFrame), wanted);
    if (
      peak &&
      peak.score >= MIN_ANCHOR_SCORE &&
      peak.rivalScore <= MAX_FOUND_ANCHOR_RIVAL_SHARE * peak.score
    ) {
      const offsetSec = (peak.offsetFrames + Math.round(exactFrame) - exactFrame) / sampleRate;
      found.push({ offsetSec, score: peak.score });
    } else if (exactFrame + wanted.length <= sound.frames) isWhole = false;
  }
  const groups = found.map(({ offsetSec }) =>
    found.filter((other) => Math.abs(other.offsetSec - offsetSec) <= ANCHOR_STEP_SEC),
  );
  // Most of the song rather than its beginning; of two halves, the first.
  const group = groups.reduce((best, each) => (each.length > best.length ? each : best), []);
  if (group.length === 0) return null;
  const best = group.reduce((best, each) => (each.score > best.score ? each : best));
  return { ...best, isSteady: isWhole && group.length === found.length };
}

/** The place of a stretch that is most unlike its surroundings, among the loudest; null when none is unlike enough. */
function placeWithin(
  sound: AnchorSound,
  sampleRate: number,
  from: number,
  length: number,
): AnchorPlace | null {
  let best: AnchorPlace | null = null;
  let bestShare = MAX_ANCHOR_RIVAL_SHARE;
  for (const startFrame of candidates(monoOf(sound, from, length), sampleRate, from)) {
    const samples = toBytes(monoOf(sound, startFrame, ANCHOR_PLACE_FRAMES));
    const peak = lookAround(sound, sampleRate, startFrame, Float64Array.from(samples));
    const share = peak && Math.abs(peak.offsetFrames) < 0.5 ? peak.rivalScore / peak.score : 1;
    if (share > bestShare) continue;
    [best, bestShare] = [{ startFrame, samples }, share];
    if (share < PLAIN_ANCHOR_RIVAL_SHARE) break;
  }
  return best;
}

/** Starts of loud places, the loudest first, by the first difference: attacks and noise fit sharply, deep tones do not. */
function candidates(mono: Float64Array, sampleRate: number, from: number): number[] {
  const hops = Math.max(0, Math.floor(mono.length / HOP_FRAMES));
  const energies = Array.from({ length: hops }, (_, hop) => differenceEnergy(mono, hop * HOP_FRAMES));
  const starts = energies.slice(3).map((energy, hop) => {
    const [first = 0, second = 0, third = 0] = energies.slice(hop, hop + 3);
    return { hop, energy: first + second + third + energy };
  });
  starts.sort((a, b) => b.energy - a.energy || a.hop - b.hop);
  const apartHops = (ANCHOR_APART_SEC * sampleRate) / HOP_FRAMES;
  const taken: number[] = [];
  for (const { hop, energy } of starts) {
    if (taken.length === MAX_ANCHOR_CANDIDATES || energy <= MIN_ANCHOR_ENERGY * ANCHOR_PLACE_FRAMES) break;
    if (taken.every((other) => Math.abs(other - hop) >= apartHops)) taken.push(hop);
  }
  return taken.map((hop) => from + hop * HOP_FRAMES);
}

function differenceEnergy(mono: Float64Array, start: number): number {
  let energy = 0;
  for (let at = Math.max(1, start); at < start + HOP_FRAMES; at++) {
    energy += ((mono[at] as number) - (mono[at - 1] as number)) ** 2;
  }
  return energy;
}

/** `wanted` within the search around `expectedFrame`; what lies beyond the sound's ends is silence. */
function lookAround(sound: AnchorSound, sampleRate: number, expectedFrame: number, wanted: Float64Array) {
  const searchFrames = Math.round(ANCHOR_SEARCH_SEC * sampleRate);
  const here = monoOf(sound, expectedFrame - searchFrames, wanted.length + 2 * searchFrames);
  const peak = findPlace(here, wanted, sampleRate);
  return peak && { ...peak, offsetFrames: peak.lag - searchFrames };
}

/** Both channels of a stereo song count, whatever their phase: places are their mean. */
function monoOf({ source }: AnchorSound, from: number, length: number): Float64Array {
  const mono = new Float64Array(Math.max(0, length));
  for (let channel = 0; channel < source.channelCount; channel++) {
    const samples = source.read(channel, from, mono.length);
    for (let at = 0; at < mono.length; at++) (mono[at] as number) += samples[at] as number;
  }
  return mono.map((sum) => sum / Math.max(1, source.channelCount));
}

function toBytes(mono: Float64Array): Int8Array<ArrayBuffer> {
  const peak = mono.reduce((highest, value) => Math.max(highest, Math.abs(value)), Number.MIN_VALUE);
  return Int8Array.from(mono, (value) => Math.floor((127 * value) / peak + 0.5));
}

/** The place at another rate, by linear interpolation: enough for finding a lag, not for listening. */
function toRate(samples: Int8Array, fromRate: number, toRate: number): Float64Array {
  const step = fromRate / toRate;
  if (step === 1) return Float64Array.from(samples);
  return Float64Array.from({ length: Math.floor((samples.length - 1) / step) }, (_, index) => {
    const whole = Math.floor(index * step);
    const low = samples[whole] ?? 0;
    return low + (index * step - whole) * ((samples[whole + 1] ?? low) - low);
  });
}
