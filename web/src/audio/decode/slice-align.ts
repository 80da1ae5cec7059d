// Where in its run a decoded slice lies. Engines drop samples at the start of what they decode (a pre-skip, an encoder's delay, a
// first packet), each as it likes, but hand out all of the end: so a slice is placed by its end, and then compared with the end of
// the slice before, which its lead-in repeats. Pure. Frames are coded frames of the run; the sound is at the run's own rate.

import type { Slice } from "../index/sound-index/sound-index.ts";

/** Enough of a slice's end to compare the next one with, also where the music pauses at the join. */
export const TAIL_FRAMES = 8_192;

export interface Aligned {
  /** Coded frame of the first decoded sample. */
  readonly firstFrame: number;
  /** Whether the slice before has the same sound in the same place. */
  readonly isConfirmed: boolean;
  /** Whether it has it sample for sample, but for rounding; otherwise a join clicks unless it is blended. */
  readonly isExact: boolean;
}

type Channels = readonly Float32Array[];
/** Which frames of its run a slice has. */
type Frames = Pick<Slice, "leadInFrame" | "fromFrame" | "toFrame">;

/** Compared at once: 45 ms at 44.1 kHz. */
const WINDOW_FRAMES = 2_000;
/** Less than this is like much else by chance. */
const MIN_WINDOW_FRAMES = 256;
/** The most that an engine was seen to drop or to add is Opus' pre-skip and AAC's priming of 2112. */
export const REACH_FRAMES = 2_200;
/** Firefox dithers MP3 by one step of 16 bits, 3.1e-5, and each of two decodes by its own. */
const ROUNDING = 1e-4;
/** What differs by rounding alone differs by less than this share of its energy. */
const ROUNDING_ENERGY = 0.04;
/** Other music is alike by far less: enough for another place than the end says. */
const ALIKE = 0.98;
/** AAC's noise substitution may leave no more alike than this: enough for the place that the end says, where none is better. */
const ALIKE_IN_PLACE = 0.7;
/** A periodic sound is nearly as alike one period on: then the nearest place is right. */
const AS_ALIKE = 0.01;
/** Six ms: too short to be heard as a fade, long enough not to click. */
export const BLEND_FRAMES = 256;

/** By how many frames the place may be off, the nearest first. */
const MOVES: readonly number[] = [
  0,
  ...Array.from({ length: REACH_FRAMES }, (_, index) => [-index - 1, index + 1]).flat(),
];

/**
 * `decoded`: what the engine made of the slice's parts. `before`: the last TAIL_FRAMES or so of the slice before, up to
 * `slice.fromFrame`; null where there is none. `isLast`: of its run. Engines cut or lengthen the end of a stream, so that the length
 * of the last slice proves nothing, and the best match counts even where the sound is about as alike in the expected place.
 */
export function alignSlice(
  slice: Frames,
  decoded: Channels,
  before: Channels | null,
  isLast: boolean,
): Aligned {
  const byEnd = slice.toFrame - lengthOf(decoded);
  const unconfirmed = { firstFrame: byEnd, isConfirmed: false, isExact: false };
  if (!before) return unconfirmed;
  const found = placeNear(byEnd, slice.fromFrame, decoded, before, isLast);
  if (found) return found;
  // So much is missing or too much that a part of it cannot be decoded: then its start may still be right.
  if (Math.abs(byEnd - slice.leadInFrame) <= REACH_FRAMES) return unconfirmed;
  return placeNear(slice.leadInFrame, slice.fromFrame, decoded, before, true) ?? unconfirmed;
}

/**
 * Blends the last frames before `slice.fromFrame` from `before` into `decoded`, in place, unless the join is exact. Returns the coded
 * frame that `decoded` is to be played from: instead of what was there of the slice before.
 */
export function crossfade(
  slice: Frames,
  decoded: readonly Float32Array[],
  { firstFrame, isExact }: Aligned,
  before: Channels | null,
): number {
  const start = Math.max(slice.fromFrame, firstFrame);
  if (isExact || !before) return start;
  const frames = Math.min(BLEND_FRAMES, slice.fromFrame - firstFrame, lengthOf(before));
  if (frames <= 0) return start;
  const at = slice.fromFrame - frames - firstFrame;
  for (let channel = 0; channel < decoded.length; channel++) {
    const into = decoded[channel] as Float32Array;
    // Mono before stereo was on both sides; of a third channel that was not there before, nothing can be blended.
    const tail = before[channel] ?? (channel < 2 ? before[0] : undefined);
    if (!tail) continue;
    for (let index = 0; index < frames && at + index < into.length; index++) {
      const share = (index + 0.5) / frames;
      const old = tail[tail.length - frames + index] as number;
      into[at + index] = old + share * ((into[at + index] as number) - old);
    }
  }
  return slice.fromFrame - frames;
}

/** Two stretches that should be the same: `frames` of the tail from `tailAt` on, which are coded frame `codedFrame` and on. */
interface Window {
  readonly decoded: Channels;
  readonly before: Channels;
  readonly tailAt: number;
  readonly codedFrame: number;
  readonly frames: number;
  readonly isSilent: boolean;
}

function placeNear(
  place: number,
  joinFrame: number,
  decoded: Channels,
  before: Channels,
  isBestWanted: boolean,
): Aligned | null {
  const window = windowOf(joinFrame, decoded, before);
  const length = lengthOf(decoded);
  const fits = (move: number): boolean => {
    const at = window.codedFrame - place - move;
    return at >= 0 && at + window.frames <= length;
  };
  const moves = MOVES.filter(fits);
  if (window.frames < MIN_WINDOW_FRAMES || moves.length === 0) return null;
  // Silence is alike everywhere: it is not asked for sameness to the bit, which its dither may have anywhere.
  for (const tolerance of window.isSilent ? [ROUNDING] : [0, ROUNDING]) {
    const same = moves.find((move) => isSame(window, place + move, tolerance));
    if (same !== undefined) return { firstFrame: place + same, isConfirmed: true, isExact: true };
  }
  if (window.isSilent) return null;
  if (!isBestWanted && fits(0) && likeness(window, place) >= ALIKE) {
    return { firstFrame: place, isConfirmed: true, isExact: false };
  }
  const alike = mostAlike(window, place, moves);
  return alike === null ? null : { firstFrame: place + alike, isConfirmed: true, isExact: false };
}

/** The last frames of the tail that are no silence; of a silent tail the last ones. */
function windowOf(joinFrame: number, decoded: Channels, before: Channels): Window {
  const length = lengthOf(before);
  let loudEnd = length;
  while (loudEnd > 0 && before.every((channel) => isQuiet(channel[loudEnd - 1] as number))) loudEnd--;
  const isSilent = loudEnd === 0;
  const end = isSilent ? length : Math.max(loudEnd, Math.min(length, WINDOW_FRAMES));
  const tailAt = Math.max(0, end - WINDOW_FRAMES);
  return { decoded, before, tailAt, codedFrame: joinFrame - length + tailAt, frames: end - tailAt, isSilent };
}

const isQuiet = (value: number): boolean => Math.abs(value) < ROUNDING;

const lengthOf = (channels: Channels): number => channels[0]?.length ?? 0;

/** From the end backwards: a window ends in sound, so that what differs shows at once. */
function isSame({ decoded, before, ...window }: Window, firstFrame: number, tolerance: number): boolean {
  const at = window.codedFrame - firstFrame;
  let energy = 0;
  let apart = 0;
  for (let channel = 0; channel < Math.min(decoded.length, before.length); channel++) {
    const here = decoded[channel] as Float32Array;
    const there = before[channel] as Float32Array;
    for (let index = window.frames - 1; index >= 0; index--) {
      const wanted = there[window.tailAt + index] as number;
      const difference = (here[at + index] as number) - wanted;
      if (!(Math.abs(difference) <= tolerance)) return false;
      energy += wanted * wanted;
      apart += difference * difference;
    }
  }
  return window.isSilent || apart <= ROUNDING_ENERGY * energy;
}

/** Normalised correlation of all channels together, 1 for the same. */
function likeness({ decoded, before, ...window }: Window, firstFrame: number): number {
  const at = window.codedFrame - firstFrame;
  let product = 0;
  let hereEnergy = 0;
  let thereEnergy = 0;
  for (let channel = 0; channel < Math.min(decoded.length, before.length); channel++) {
    const here = decoded[channel] as Float32Array;
    const there = before[channel] as Float32Array;
    for (let index = 0; index < window.frames; index++) {
      const mine = here[at + index] as number;
      const wanted = there[window.tailAt + index] as number;
      product += mine * wanted;
      hereEnergy += mine * mine;
      thereEnergy += wanted * wanted;
    }
  }
  const energy = Math.sqrt(hereEnergy * thereEnergy);
  return energy > 0 ? product / energy : 0;
}

/** The nearest of the moves that are about as alike as the best one, each the best of its surroundings; null where none is. */
function mostAlike(window: Window, place: number, moves: readonly number[]): number | null {
  const scores = new Map(moves.map((move) => [move, likeness(window, place + move)]));
  const scoreOf = (move: number): number => scores.get(move) ?? Number.NEGATIVE_INFINITY;
  const enough = Math.max(...scores.values()) - AS_ALIKE;
  const isTop = (move: number) => scoreOf(move) >= Math.max(scoreOf(move - 1), scoreOf(move + 1));
  const top = moves.find((move) => scoreOf(move) >= Math.max(ALIKE, enough) && isTop(move));
  if (top !== undefined) return top;
  return scoreOf(0) >= Math.max(ALIKE_IN_PLACE, enough) ? 0 : null;
}
