// Decodes slices of a file: reads their bytes, hands them to the engine at the run's own rate (an engine that resamples shifts and
// damages a slice's edges), or unpacks plain samples itself. Two channels, and at most one of the file's by itself. Bytes of the file,
// frames at the run's rate.

import { type Clock, LateError, Undecodable, within } from "../../lib/index.ts";
import type { ByteSource } from "../index/sound-index/file-reader.ts";
import { pcmSamples } from "../index/sound-index/pcm-samples.ts";
import { readSlice } from "../index/sound-index/slice-bytes.ts";
import { type CodedRun, pointOf, type Slice, sliceOf } from "../index/sound-index/sound-index.ts";
import type { Engine } from "../output/speaker-timestamps.ts";
import type { ChannelName } from "../role.ts";
import { decodeByPoints, isOddLength } from "./damaged-slice.ts";
import { downmixWith, namesOf, type Place, placesOf } from "./downmix.ts";
import { isSound } from "./sound-check.ts";

type Channels = Float32Array<ArrayBuffer>[];

export interface SliceDecoderParts {
  readonly file: ByteSource;
  readonly clock: Clock;
  readonly engine: Engine;
  /** Decodes what a slice's container holds, at this rate. */
  readonly decode: (bytes: ArrayBuffer, sampleRate: number) => Promise<AudioBuffer>;
  /** Comes behind left and right, where the file has it. */
  readonly isolated: ChannelName | null;
}

/** WebKitGTK 2.50 decodes these; other layouts it refuses, and one of them ends the page. */
export const WEBKITGTK_CHANNELS: readonly number[] = [1, 2, 6];
/** Five seconds take a phone some tens of milliseconds. */
const DECODE_LIMIT_MS = 20_000;

/** What the engine drops at the start of whatever it decodes of a run: 0 where it was not found to be otherwise. */
const droppedFrames = new WeakMap<CodedRun, number>();

/**
 * Channels of slice `number`, with its lead-in; where some of it is damaged, as long as the index says (P85). Rejects Undecodable, and
 * FileError where the file cannot be read, and RangeError where its index lies.
 */
export async function decodeSlice(
  run: CodedRun,
  number: number,
  parts: SliceDecoderParts,
): Promise<Channels> {
  const slice = sliceOf(run, number);
  const whole = await decodeStretch(slice, run, parts).catch((error: unknown) => orRefused(error, run));
  const length = whole instanceof Undecodable ? 0 : (whole[0]?.length ?? 0);
  const isAsTold = !isOddLength(run, slice, length, droppedFrames.get(run) ?? 0);
  const sound = isAsTold && !(whole instanceof Undecodable) ? whole : await mend(run, number, whole, parts);
  if (!isSound(sound)) throw new Undecodable("noise", null);
  return sound;
}

/** What an engine refuses whole may be good but for a point of it. */
function orRefused(error: unknown, run: CodedRun): Undecodable {
  if (run.pcm || !(error instanceof Undecodable) || error.reason !== "refused") throw error;
  return error;
}

async function mend(
  run: CodedRun,
  number: number,
  whole: Channels | Undecodable,
  parts: SliceDecoderParts,
): Promise<Channels> {
  const byPoints = await decodeByPoints(run, number, (stretch) =>
    decodeStretch(stretch, run, parts).catch((error: unknown) => {
      orRefused(error, run);
      return null;
    }),
  );
  if (whole instanceof Undecodable || byPoints?.isDamaged) {
    if (!byPoints) throw whole;
    return byPoints.channels;
  }
  const { leadInFrame, toFrame } = sliceOf(run, number);
  droppedFrames.set(run, toFrame - leadInFrame - (whole[0]?.length ?? 0));
  return whole;
}

async function decodeStretch(stretch: Slice, run: CodedRun, parts: SliceDecoderParts): Promise<Channels> {
  const bytes = await readSlice(stretch, parts.file);
  return run.pcm
    ? mixed(pcmSamples(bytes, run.pcm, run.channels), run, parts)
    : mixed(viewed(await decodeCoded(bytes, run, parts)), run, parts);
}

/** Only so many of a point's samples are looked at. */
const LOOK_STEP_FRAMES = 37;

/** How loud the sound of a point is: root mean square, 0 to 1. Rejects as `decodeSlice` does; copies nothing of what was decoded. */
export async function levelOfPoint(run: CodedRun, point: number, parts: SliceDecoderParts): Promise<number> {
  const stretch = pointOf(run, point);
  const bytes = await readSlice(stretch, parts.file);
  const channels = run.pcm
    ? pcmSamples(bytes, run.pcm, run.channels)
    : viewed(await decodeCoded(bytes, run, parts));
  let [sum, count] = [0, 0];
  for (const channel of channels) {
    const from = Math.max(0, channel.length - (stretch.toFrame - stretch.fromFrame));
    for (let frame = from; frame < channel.length; frame += LOOK_STEP_FRAMES) {
      sum += Math.min(1, Math.abs(channel[frame] as number)) ** 2;
      count += 1;
    }
  }
  return count > 0 ? Math.sqrt(sum / count) : 0;
}

async function decodeCoded(
  bytes: Uint8Array<ArrayBuffer>,
  run: CodedRun,
  { clock, engine, decode }: SliceDecoderParts,
): Promise<AudioBuffer> {
  if (engine === "webkitgtk" && !WEBKITGTK_CHANNELS.includes(run.channels)) {
    throw new Undecodable("refused", null);
  }
  let buffer: AudioBuffer;
  try {
    buffer = await within(clock, DECODE_LIMIT_MS, decode(bytes.buffer, run.sampleRate));
  } catch (cause) {
    throw new Undecodable(cause instanceof LateError ? "late" : "refused", null, { cause });
  }
  if (buffer.length === 0) throw new Undecodable("refused", null);
  return buffer;
}

const viewed = (buffer: AudioBuffer): Float32Array[] =>
  Array.from({ length: buffer.numberOfChannels }, (_, index) => buffer.getChannelData(index));

/** Copies: the Worker takes them over. */
function mixed(channels: readonly Float32Array[], run: CodedRun, parts: SliceDecoderParts): Channels {
  const count = channels.length;
  if (count <= 2) return channels.map((channel) => new Float32Array(channel));
  const channelAt = (index: number) => channels[index] as Float32Array;
  const layout = layoutOf(run, count, parts.engine);
  return downmixWith(parts.isolated, count, channels[0]?.length ?? 0, channelAt, layout);
}

/** The channels of a run that a device may play by themselves; none of one or two. */
export const channelsOf = (run: CodedRun, engine: Engine): ChannelName[] =>
  run.channels > 2 ? namesOf(layoutOf(run, run.channels, engine)) : [];

function layoutOf(run: CodedRun, count: number, engine: Engine): readonly Place[] | null {
  const isVorbisRaw = engine === "firefox" || engine === "firefox-linux";
  const codec = run.kind === "ogg-vorbis" ? "vorbis" : run.kind === "adts" ? "aac" : null;
  return placesOf(count, { codec, mask: run.pcm?.mask ?? 0, isVorbisRaw });
}
