// Decodes slices of a file: reads their bytes, hands them to the engine at the run's own rate (an engine that resamples shifts and
// damages a slice's edges), or unpacks plain samples itself. Two channels at most. Bytes of the file, frames at the run's rate.

import { type Clock, LateError, Undecodable, within } from "../../lib/index.ts";
import type { ByteSource } from "../index/sound-index/file-reader.ts";
import { pcmSamples } from "../index/sound-index/pcm-samples.ts";
import { type CodedRun, pointOf, type Slice, sliceOf } from "../index/sound-index/sound-index.ts";
import type { Engine } from "../output/speaker-timestamps.ts";
import { downmix, placesOf } from "./downmix.ts";
import { isSound } from "./sound-check.ts";

type Channels = Float32Array<ArrayBuffer>[];

export interface SliceDecoderParts {
  readonly file: ByteSource;
  readonly clock: Clock;
  readonly engine: Engine;
  /** Decodes what a slice's container holds, at this rate. */
  readonly decode: (bytes: ArrayBuffer, sampleRate: number) => Promise<AudioBuffer>;
}

/** WebKitGTK 2.50 decodes these; other layouts it refuses, and one of them ends the page. */
export const WEBKITGTK_CHANNELS: readonly number[] = [1, 2, 6];
/** Five seconds take a phone some tens of milliseconds. */
const DECODE_LIMIT_MS = 20_000;

/** Channels of slice `number`. Rejects Undecodable, and FileError where the file cannot be read. */
export async function decodeSlice(
  run: CodedRun,
  number: number,
  parts: SliceDecoderParts,
): Promise<Channels> {
  const bytes = await readStretch(sliceOf(run, number), parts.file);
  const channels = run.pcm
    ? pcmSamples(bytes, run.pcm, run.channels)
    : copied(await decodeCoded(bytes, run, parts));
  const sound = mixed(channels, run, parts.engine);
  if (!isSound(sound)) throw new Undecodable("noise", null);
  return sound;
}

/** Only so many of a point's samples are looked at. */
const LOOK_STEP_FRAMES = 37;

/** How loud the sound of a point is: root mean square, 0 to 1. Rejects as `decodeSlice` does; copies nothing of what was decoded. */
export async function levelOfPoint(run: CodedRun, point: number, parts: SliceDecoderParts): Promise<number> {
  const stretch = pointOf(run, point);
  const bytes = await readStretch(stretch, parts.file);
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

async function readStretch({ parts }: Slice, file: ByteSource): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = parts.map((part) =>
    "literal" in part ? part.literal : file.read(part.fromByte, part.toByte),
  );
  return joined(await Promise.all(pieces));
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

/** The Worker takes them over. */
const copied = (buffer: AudioBuffer): Channels => viewed(buffer).map((channel) => new Float32Array(channel));

function mixed(channels: Channels, run: CodedRun, engine: Engine): Channels {
  const count = channels.length;
  if (count <= 2) return channels;
  const isVorbisRaw = engine === "firefox" || engine === "firefox-linux";
  const codec = run.kind === "ogg-vorbis" ? "vorbis" : run.kind === "adts" ? "aac" : null;
  const layout = placesOf(count, { codec, mask: run.pcm?.mask ?? 0, isVorbisRaw });
  return downmix(count, channels[0]?.length ?? 0, (index) => channels[index] as Float32Array, layout);
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
