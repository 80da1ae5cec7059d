// From all of a file's bytes to sound at the context's rate: two channels, and at most one of the file's by itself. For songs without
// a sound index; those with one are decoded in slices (slice-decoder.ts). Throws SoundTooLong when it would not fit this device's
// memory (rules P18, P19), Undecodable when this browser gets no sound out of it (P36, P37, P38).

import {
  type Clock,
  LateError,
  SoundTooLong,
  Undecodable,
  type UndecodableReason,
  within,
} from "../../lib/index.ts";
import {
  ROUGHLY_SHORT_DECODE_SHARE,
  SHORT_DECODE_SEC,
  SHORT_DECODE_SHARE,
} from "../../protocol/constants/audio.gen.ts";
import { formatOf, type SoundFormat } from "../index/format.ts";
import type { SoundLength } from "../index/length/reading.ts";
import { readSoundLength } from "../index/length/sound-length.ts";
import type { Engine } from "../output/speaker-timestamps.ts";
import type { ChannelName, Role } from "../role.ts";
import { isChannel, partFor } from "../role-part.ts";
import { downmixWith, namesOf, placesOf } from "./downmix.ts";
import { roomSec, type SoundSize } from "./memory-budget.ts";
import { mend } from "./mend/mend.ts";
import { WEBKITGTK_CHANNELS } from "./slice-decoder.ts";
import { isSound } from "./sound-check.ts";

export interface DecodedSound {
  readonly channels: readonly Float32Array<ArrayBuffer>[];
  /** The file's, where it has more than two and their order is known. */
  readonly names: readonly ChannelName[];
  /** The channel behind left and right; null where there is none. */
  readonly isolated: ChannelName | null;
  readonly durationSec: number;
  /** How long the song is by its container: more than `durationSec` where this browser stopped early (P39). */
  readonly wholeSec: number;
}

export type Decode = (bytes: ArrayBuffer) => Promise<DecodedSound>;

/** What the whole-file decoder needs of an AudioContext. */
export type DecodingContext = Pick<BaseAudioContext, "decodeAudioData" | "sampleRate">;

export interface DecodingPlatform {
  readonly context: DecodingContext;
  readonly budgetBytes: number;
  readonly clock: Clock;
  readonly engine: Engine;
  /** That of this device: where it is a channel of the file, that comes behind left and right. */
  readonly role?: Role;
}

/** A phone decodes ten to a hundred times as fast as it plays; a busy one must not lose a song to this. */
const LIMIT_MS = 20_000;
const LIMIT_MS_PER_SEC = 250;
/** What says nothing of its length is taken for speech at 32 kbit/s. */
const SLOW_BYTES_PER_SEC = 4_000;

/** decodeAudioData resamples to the context's rate, so that file frames are context frames. */
export function wholeFileDecoder(platform: DecodingPlatform): Decode {
  const { context, budgetBytes, clock, engine, role = "all" } = platform;
  const { sampleRate } = context;
  return async (bytes) => {
    const fileBytes = bytes.byteLength; // decoding takes the bytes away
    const file = new Uint8Array(bytes);
    const refuseTooLong = (sound: Pick<SoundSize, "durationSec" | "channels">): void => {
      const fittingSec = roomSec(budgetBytes, { ...sound, fileBytes, sampleRate });
      if (sound.durationSec > fittingSec) throw new SoundTooLong(sound.durationSec, fittingSec);
    };
    const format = formatOf(file);
    const toldBefore = readSoundLength(file);
    if (toldBefore) refuseTooLong(toldBefore);
    const mended = mend(file);
    const told = toldBefore ?? readSoundLength(mended);
    if (told) refuseTooLong(told);
    const channels = told?.channels ?? format.channels;
    const refuse = (reason: UndecodableReason, cause?: unknown) =>
      new Undecodable(reason, format.name, { cause });
    // What was mended has two channels at most, whatever stood in the file.
    const isTaken = channels === null || mended !== file || WEBKITGTK_CHANNELS.includes(channels);
    if (engine === "webkitgtk" && !isTaken) throw refuse("refused");
    const limitSec = told?.durationSec ?? fileBytes / SLOW_BYTES_PER_SEC;
    let buffer: AudioBuffer;
    try {
      const answer = context.decodeAudioData(exactly(mended));
      buffer = await within(clock, LIMIT_MS + LIMIT_MS_PER_SEC * limitSec, answer);
    } catch (cause) {
      throw refuse(cause instanceof LateError ? "late" : "refused", cause);
    }
    if (buffer.length === 0) throw refuse("refused");
    // P19: the container may have said nothing, or too little; better no song than a page that ends.
    const { duration: durationSec, numberOfChannels } = buffer;
    refuseTooLong({ durationSec, channels: numberOfChannels });
    let sound: Float32Array<ArrayBuffer>[];
    const layout = layoutOf(buffer, format, engine);
    const names = namesOf(layout);
    const part = partFor(role, names);
    const isolated = isChannel(part) ? part : null;
    try {
      sound = soundOf(buffer, layout, isolated);
    } catch (cause) {
      throw refuse("failed", cause); // no memory was to be had
    }
    if (!isSound(sound)) throw refuse("noise");
    return { channels: sound, names, isolated, durationSec, wholeSec: wholeSec(durationSec, told) };
  };
}

/** decodeAudioData takes whole buffers only. */
function exactly(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer {
  const { buffer, byteLength } = bytes;
  return byteLength === buffer.byteLength ? buffer : bytes.slice().buffer;
}

function layoutOf({ numberOfChannels }: AudioBuffer, { codec, mask }: SoundFormat, engine: Engine) {
  const isVorbisRaw = engine === "firefox" || engine === "firefox-linux";
  return numberOfChannels > 2 ? placesOf(numberOfChannels, { codec, mask, isVorbisRaw }) : null;
}

function soundOf(
  buffer: AudioBuffer,
  layout: ReturnType<typeof layoutOf>,
  isolated: ChannelName | null,
): Float32Array<ArrayBuffer>[] {
  const { numberOfChannels: count, length } = buffer;
  if (count > 2) {
    return downmixWith(isolated, count, length, (index) => buffer.getChannelData(index), layout);
  }
  return Array.from({ length: count }, (_, index) => {
    const channel = new Float32Array(length);
    buffer.copyFromChannel(channel, index);
    return channel;
  });
}

function wholeSec(decodedSec: number, told: SoundLength | null): number {
  if (!told) return decodedSec;
  const share = told.isRough ? ROUGHLY_SHORT_DECODE_SHARE : SHORT_DECODE_SHARE;
  const isShort = told.durationSec - decodedSec >= Math.max(SHORT_DECODE_SEC, share * told.durationSec);
  return isShort ? told.durationSec : decodedSec;
}
