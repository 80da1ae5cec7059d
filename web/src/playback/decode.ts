// From a file's bytes to sound at the context's rate. One interface, so that a windowed decoder for hour-long mixes can
// stand beside this whole-file one. Throws FileError `file-not-audio` when this browser cannot decode it, SoundTooLong when
// it would not fit this device's memory (rules P18, P19).

import { FileError, SoundTooLong } from "../lib/index.ts";
import { readSoundLength } from "./length/sound-length.ts";
import { roomSec, type SoundSize } from "./memory-budget.ts";

export interface DecodedSound {
  readonly channels: readonly Float32Array<ArrayBuffer>[];
  readonly durationSec: number;
}

export type Decode = (bytes: ArrayBuffer) => Promise<DecodedSound>;

/** What the whole-file decoder needs of an AudioContext. */
export type DecodingContext = Pick<BaseAudioContext, "decodeAudioData" | "sampleRate">;

/** Two loudspeakers at most: a phone has no more, and further channels would only cost memory. */
const MAX_CHANNELS = 2;

/** decodeAudioData resamples to the context's rate, so that file frames are context frames. */
export function wholeFileDecoder(context: DecodingContext, budgetBytes: number): Decode {
  const { sampleRate } = context;
  return async (bytes) => {
    const fileBytes = bytes.byteLength; // decoding takes the bytes away
    const said = readSoundLength(new Uint8Array(bytes));
    if (said) refuseTooLong({ ...said, fileBytes, sampleRate }, budgetBytes);
    let buffer: AudioBuffer;
    try {
      buffer = await context.decodeAudioData(bytes);
    } catch (cause) {
      throw new FileError("file-not-audio", "this browser cannot decode it", { cause });
    }
    if (buffer.length === 0) throw new FileError("file-not-audio", "it holds no sound");
    // P19: the container may have said nothing, or too little; better no song than a page that ends.
    const { duration: durationSec, numberOfChannels } = buffer;
    refuseTooLong({ durationSec, channels: numberOfChannels, fileBytes, sampleRate }, budgetBytes);
    const count = Math.min(numberOfChannels, MAX_CHANNELS);
    const channels = Array.from({ length: count }, (_, index) => {
      const channel = new Float32Array(buffer.length);
      buffer.copyFromChannel(channel, index);
      return channel;
    });
    return { channels, durationSec };
  };
}

function refuseTooLong(sound: SoundSize, budgetBytes: number): void {
  const fittingSec = roomSec(budgetBytes, sound);
  if (sound.durationSec > fittingSec) throw new SoundTooLong(sound.durationSec, fittingSec);
}
