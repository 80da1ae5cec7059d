// A slice whose decode is not as long as its index says (P85): damage in the middle of it, at which engines drop what they cannot
// read, each another amount, or refuse all of it. Placed by its end, all before the damage would lie late. So it is decoded a point at
// a time: only the point that is damaged is not whole. Pure but for the decoding it is given. Coded frames of the run.

import {
  type CodedRun,
  type PointStretches,
  pointsOf,
  type Slice,
} from "../index/sound-index/sound-index.ts";
import { REACH_FRAMES } from "./slice-align.ts";

type Channels = Float32Array<ArrayBuffer>[];
/** Resolves to null for what the engine refuses. */
type DecodeStretch = (stretch: Slice) => Promise<Channels | null>;

interface ByPoints {
  /** From the slice's lead-in to its end, as long as the index says. */
  readonly channels: Channels;
  /** Whether anything is missing, or too much. */
  readonly isDamaged: boolean;
}

interface Piece {
  readonly stretch: Slice;
  readonly sound: Channels | null;
  /** How much less there is than the index says, besides what this engine always drops; null where it refuses. */
  readonly shortFrames: number | null;
}

/** Before and behind what is missing: 3 ms, so that it does not click. */
const FADE_FRAMES = 128;

const lengthOf = (sound: Channels): number => sound[0]?.length ?? 0;
const framesOf = ({ leadInFrame, toFrame }: Slice): number => toFrame - leadInFrame;

/** By so much a decode may differ from the index without damage: frames of MP3 and FLAC all have a number that is known. */
const slackFramesOf = ({ kind }: CodedRun): number =>
  kind === "mp3" || kind === "flac" || kind === "ogg-flac" ? 0 : REACH_FRAMES;

/** `droppedFrames`: what this engine drops at the start of every slice of the run, as far as it is known. */
export function isOddLength(
  run: CodedRun,
  slice: Slice,
  decodedFrames: number,
  droppedFrames: number,
): boolean {
  const isLast = slice.toFrame === run.codedFrames; // its end is cut or lengthened without damage
  const shortFrames = framesOf(slice) - decodedFrames - droppedFrames;
  return Math.abs(shortFrames) > (isLast ? REACH_FRAMES : slackFramesOf(run));
}

/** Null where not one point can be decoded. */
export async function decodeByPoints(
  run: CodedRun,
  number: number,
  decode: DecodeStretch,
): Promise<ByPoints | null> {
  const points = pointsOf(run, number);
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return null;
  const sounds: (Channels | null)[] = [];
  for (const { withLeadIn } of points) sounds.push(await decode(withLeadIn));
  const channelCount = Math.max(...sounds.map((sound) => sound?.length ?? 0));
  if (channelCount === 0) return null;
  const droppedFrames = usualDrop(points, sounds);
  const pieceOf = (stretch: Slice, sound: Channels | null): Piece => {
    const shortFrames = sound && framesOf(stretch) - lengthOf(sound) - droppedFrames;
    const isUsual = shortFrames !== null && Math.abs(shortFrames) <= slackFramesOf(run);
    return { stretch, sound, shortFrames: isUsual ? 0 : shortFrames };
  };
  const startFrame = first.alone.fromFrame;
  const channels = Array.from(
    { length: channelCount },
    () => new Float32Array(last.alone.toFrame - startFrame),
  );
  let before: number | null = 0;
  let isDamaged = false;
  for (const [at, { withLeadIn, alone }] of points.entries()) {
    let piece = pieceOf(withLeadIn, sounds[at] ?? null);
    const lacksBefore: boolean = before !== 0;
    // As short as the point before alone: then it is its lead-in that is damaged, and its own sound is whole.
    const isWhole: boolean = lacksBefore && piece.sound !== null && piece.shortFrames === before;
    if (lacksBefore && !isWhole) piece = pieceOf(alone, await decode(alone));
    const ownShort: number | null = isWhole ? 0 : piece.shortFrames;
    const isEnd = alone.toFrame === run.codedFrames;
    if (piece.sound)
      place(
        channels,
        startFrame,
        piece.stretch,
        piece.sound,
        isEnd ? 0 : (ownShort ?? 0),
        isEnd,
        droppedFrames,
      );
    isDamaged ||= ownShort !== 0 && !(isEnd && Math.abs(ownShort ?? Infinity) <= REACH_FRAMES);
    before = ownShort;
  }
  return { channels, isDamaged };
}

/** What most of them lack: an engine may drop a coder's delay from whatever it decodes. */
function usualDrop(points: readonly PointStretches[], sounds: readonly (Channels | null)[]): number {
  const counts = new Map<number, number>();
  points.forEach(({ withLeadIn }, at) => {
    const sound = sounds[at];
    if (!sound) return;
    const dropped = framesOf(withLeadIn) - lengthOf(sound);
    counts.set(dropped, (counts.get(dropped) ?? 0) + 1);
  });
  const most = Math.max(0, ...counts.values());
  const usual = [...counts].filter(([, count]) => count === most).map(([dropped]) => Math.abs(dropped));
  return Math.min(REACH_FRAMES, ...usual);
}

/**
 * Puts a point's own sound into `channels`, which begin at `startFrame`. Where some of it is missing behind a lead-in that is whole, half
 * of it lies by its beginning, half by its end; without a lead-in what is missing is most likely its start, as the end of a stream is
 * all that is wrong with the last.
 */
function place(
  channels: Channels,
  startFrame: number,
  stretch: Slice,
  sound: Channels,
  shortFrames: number,
  isEnd: boolean,
  droppedFrames: number,
): void {
  const { leadInFrame, fromFrame, toFrame } = stretch;
  const frames = toFrame - fromFrame;
  const length = lengthOf(sound);
  const at = fromFrame - startFrame;
  if (isEnd) {
    const skipped = fromFrame - leadInFrame - droppedFrames;
    copy(channels, at + Math.max(0, -skipped), sound, Math.max(0, skipped), frames);
    return;
  }
  const heldFrames = Math.max(0, Math.min(length, frames - shortFrames));
  const fitting = Math.min(heldFrames, frames);
  if (shortFrames === 0 || leadInFrame === fromFrame) {
    copy(channels, at + frames - fitting, sound, length - fitting, fitting);
    return;
  }
  const head = fitting >> 1;
  const tail = fitting - head;
  copy(channels, at, sound, length - heldFrames, head);
  copy(channels, at + frames - tail, sound, length - tail, tail);
  for (const channel of channels) {
    fade(channel, at + head - 1, -1, head);
    fade(channel, at + frames - tail, 1, tail);
  }
}

function copy(into: Channels, at: number, sound: Channels, from: number, frames: number): void {
  into.forEach((channel, side) => {
    const there = sound[Math.min(side, sound.length - 1)] as Float32Array;
    channel.set(there.subarray(from, Math.min(from + frames, from + channel.length - at)), at);
  });
}

/** Rises from silence at frame `at`, in the direction of `step`. */
function fade(channel: Float32Array, at: number, step: 1 | -1, frames: number): void {
  for (let index = 0; index < Math.min(FADE_FRAMES, frames); index++) {
    const frame = at + step * index;
    channel[frame] = (channel[frame] as number) * ((index + 0.5) / FADE_FRAMES);
  }
}
