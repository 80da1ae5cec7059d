// A page that is no part of the product: decodes a file slice by slice, joins the slices, and compares what comes out with the
// engine's own decode of the whole file and with the sound that the file was made of. Built by stitch-page.vite.ts, driven by
// tests/browsers/test_stitch.py. Everything is on `window.stitchPage`; frames are coded frames of the file's only run.

import { realClock } from "../../lib/index.ts";
import { mend } from "../decode/mend/mend.ts";
import { alignSlice, crossfade, TAIL_FRAMES } from "../decode/slice-align.ts";
import { decodeSlice, type SliceDecoderParts } from "../decode/slice-decoder.ts";
import type { ByteSource } from "../index/sound-index/file-reader.ts";
import { makeSoundIndex } from "../index/sound-index/make-index.ts";
import { type CodedRun, sliceCountOf, sliceOf } from "../index/sound-index/sound-index.ts";
import { detectEngine } from "../output/speaker-timestamps.ts";

type Channels = readonly Float32Array[];

/** One sound beside another that should be the same. */
interface Comparison {
  /** How much later a sound lies in the joined slices than in the other. */
  readonly lagFrames: number;
  readonly comparedFrames: number;
  readonly maxDifference: number;
  /** Of the other over the difference; null where there is no difference. */
  readonly snrDb: number | null;
  readonly firstDifferentFrame: number | null;
}

interface Stitched {
  readonly channels: Channels;
  readonly fromFrame: number;
  readonly toFrame: number;
  /** At the start of each slice, without what was moved. */
  readonly droppedFrames: readonly number[];
  /** By which each slice was moved from where its end would put it. */
  readonly movedFrames: readonly number[];
  /** Numbers of slices. */
  readonly unconfirmed: readonly number[];
  readonly inexact: readonly number[];
}

function sourceOf(file: Blob): ByteSource {
  return {
    sizeBytes: file.size,
    read: async (fromByte, toByte) => new Uint8Array(await file.slice(fromByte, toByte).arrayBuffer()),
  };
}

async function decodeWhole(bytes: ArrayBuffer, sampleRate: number): Promise<Float32Array[]> {
  const sound = await new OfflineAudioContext(2, 1, sampleRate).decodeAudioData(bytes);
  return Array.from({ length: sound.numberOfChannels }, (_, channel) => sound.getChannelData(channel));
}

/** As a player would: one slice after the other, each compared with the end of the one before. */
async function stitch(run: CodedRun, file: Blob): Promise<Stitched> {
  const count = sliceCountOf(run);
  const parts: SliceDecoderParts = {
    file: sourceOf(file),
    clock: realClock,
    engine: detectEngine(navigator.userAgent),
    decode: (bytes, sampleRate) => new OfflineAudioContext(2, 1, sampleRate).decodeAudioData(bytes),
    isolated: null,
  };
  const droppedFrames: number[] = [];
  const movedFrames: number[] = [];
  const unconfirmed: number[] = [];
  const inexact: number[] = [];
  let channels: Float32Array[] = [];
  let before: Float32Array[] | null = null;
  let fromFrame = 0;
  let toFrame = 0;
  for (let number = 0; number < count; number++) {
    const slice = sliceOf(run, number);
    const decoded = await decodeSlice(run, number, parts);
    const decodedFrames = decoded[0]?.length ?? 0;
    const aligned = alignSlice(slice, decoded, before, number === count - 1);
    droppedFrames.push(slice.toFrame - slice.leadInFrame - decodedFrames);
    movedFrames.push(aligned.firstFrame - (slice.toFrame - decodedFrames));
    if (before && !aligned.isConfirmed) unconfirmed.push(number);
    if (before && !aligned.isExact) inexact.push(number);
    if (number === 0) {
      channels = decoded.map(() => new Float32Array(run.codedFrames));
      fromFrame = aligned.firstFrame;
    }
    const start = crossfade(slice, decoded, aligned, before);
    toFrame = Math.min(run.codedFrames, aligned.firstFrame + decodedFrames);
    channels.forEach((channel, index) => {
      const sound = decoded[index]?.subarray(start - aligned.firstFrame, toFrame - aligned.firstFrame);
      if (sound) channel.set(sound, start);
    });
    const end = Math.min(toFrame, slice.toFrame);
    before = channels.map((channel) => channel.subarray(Math.max(0, end - TAIL_FRAMES), end));
  }
  return { channels, fromFrame, toFrame, droppedFrames, movedFrames, unconfirmed, inexact };
}

/** More than any engine or encoder delays. */
const REACH_FRAMES = 1_500;
const WINDOW_FRAMES = 2_048;

/** How much later the sound of `there` around a frame of its own lies in `here`; with its normalised correlation. */
function findLag(here: Float32Array, there: Float32Array, thereFrame: number, nearFrames = 0) {
  let best = { lagFrames: 0, likeness: -1 };
  const wanted = there.subarray(thereFrame, thereFrame + WINDOW_FRAMES);
  for (let lagFrames = nearFrames - REACH_FRAMES; lagFrames <= nearFrames + REACH_FRAMES; lagFrames++) {
    const at = thereFrame + lagFrames;
    if (at < 0 || at + wanted.length > here.length) continue;
    let [product, hereEnergy, thereEnergy] = [0, 0, 0];
    for (let index = 0; index < wanted.length; index++) {
      const [mine, other] = [here[at + index] as number, wanted[index] as number];
      product += mine * other;
      hereEnergy += mine * mine;
      thereEnergy += other * other;
    }
    const likeness = product / Math.sqrt(hereEnergy * thereEnergy || 1);
    if (likeness > best.likeness) best = { lagFrames, likeness };
  }
  return best;
}

function compare({ channels, fromFrame, toFrame }: Stitched, whole: Channels): Comparison {
  const [left = new Float32Array()] = channels;
  const [wholeLeft = new Float32Array()] = whole;
  const { lagFrames } = findLag(left, wholeLeft, wholeLeft.length >> 1);
  const begin = Math.max(fromFrame, lagFrames);
  const end = Math.min(toFrame, wholeLeft.length + lagFrames);
  let maxDifference = channels.length === whole.length ? 0 : Number.POSITIVE_INFINITY;
  let firstDifferentFrame: number | null = null;
  let [energy, apart] = [0, 0];
  for (let frame = begin; frame < end; frame++) {
    for (let channel = 0; channel < channels.length; channel++) {
      const other = whole[channel]?.[frame - lagFrames] ?? 0;
      const difference = Math.abs((channels[channel]?.[frame] ?? 0) - other);
      energy += other * other;
      apart += difference * difference;
      if (difference > maxDifference) maxDifference = difference;
      if (difference > 0) firstDifferentFrame ??= frame;
    }
  }
  const snrDb = apart > 0 ? 10 * Math.log10(energy / apart) : null;
  return { lagFrames, comparedFrames: end - begin, maxDifference, snrDb, firstDifferentFrame };
}

/** Near its beginning, in its middle and near its end. */
function lagsBehind(song: Float32Array, original: Float32Array) {
  const last = Math.min(song.length, original.length) - WINDOW_FRAMES;
  return [0.1, 0.5, 0.9].map((share) => findLag(song, original, Math.round(share * last)));
}

async function fetchFile(address: string): Promise<Blob> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.blob();
}

/**
 * `original`: address of the left channel of the sound that the file was made of, 32-bit floats at the file's rate. Its `index` is null
 * where the file has none, `whole` where the engine does not decode the file.
 */
async function examine([address, original]: readonly [string, string]) {
  const file = await fetchFile(address);
  const index = await makeSoundIndex(sourceOf(file));
  if (!index) return { index: null };
  const [run] = index.runs;
  if (!run) return { index: null };
  const { kind, sampleRate, codedFrames, primingFrames, lengthFrames } = run;
  const facts = { runs: index.runs.length, kind, sampleRate, codedFrames, primingFrames, lengthFrames };
  let whole: Float32Array[];
  try {
    const mended = mend(new Uint8Array(await file.arrayBuffer()));
    whole = await decodeWhole(mended.slice().buffer, sampleRate);
  } catch {
    return { index: facts, whole: null };
  }
  const stitched = await stitch(run, file);
  const song = stitched.channels[0]?.subarray(primingFrames, primingFrames + lengthFrames);
  const source = new Float32Array(await (await fetchFile(original)).arrayBuffer());
  const { channels, ...joined } = stitched;
  return {
    index: facts,
    slices: sliceCountOf(run),
    channels: channels.length,
    ...joined,
    whole: { frames: whole[0]?.length ?? 0, ...compare(stitched, whole) },
    original: { frames: source.length, lags: song ? lagsBehind(song, source) : [] },
  };
}

/**
 * Of a file that is damaged: how much later than in the original its song lies at places of the original before the damage, and behind
 * it, where it may lie earlier by what is lost. Null where it has no index.
 */
async function examineDamaged([address, original, beforeSec, behindSec]: readonly [
  string,
  string,
  readonly number[],
  readonly number[],
]) {
  const file = await fetchFile(address);
  const index = await makeSoundIndex(sourceOf(file));
  const [run] = index?.runs ?? [];
  if (!run || index?.runs.length !== 1) return null;
  const source = new Float32Array(await (await fetchFile(original)).arrayBuffer());
  const { channels } = await stitch(run, file);
  const { codedFrames, primingFrames, lengthFrames, sampleRate } = run;
  const song = (channels[0] ?? new Float32Array()).subarray(primingFrames, primingFrames + lengthFrames);
  const lostFrames = source.length - lengthFrames;
  const lags = (placesSec: readonly number[], nearFrames: number) =>
    placesSec.map((sec) => findLag(song, source, Math.round(sec * sampleRate), nearFrames));
  return { codedFrames, before: lags(beforeSec, 0), behind: lags(behindSec, -lostFrames) };
}

const api = { examine, examineDamaged };

declare global {
  interface Window {
    stitchPage: typeof api;
  }
}
window.stitchPage = api;
