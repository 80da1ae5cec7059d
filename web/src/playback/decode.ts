// From a file's bytes to sound at the context's rate. One interface, so that a windowed decoder for hour-long mixes can
// stand beside this whole-file one. Throws FileError `file-not-audio` when this browser cannot decode it.

import { FileError } from "../lib/index.ts";

export interface DecodedSound {
  readonly channels: readonly Float32Array<ArrayBuffer>[];
  readonly durationSec: number;
}

export type Decode = (bytes: ArrayBuffer) => Promise<DecodedSound>;

/** Two loudspeakers at most: a phone has no more, and further channels would only cost memory. */
const MAX_CHANNELS = 2;

/** decodeAudioData resamples to the context's rate, so that file frames are context frames. */
export function wholeFileDecoder(context: BaseAudioContext): Decode {
  return async (bytes) => {
    let buffer: AudioBuffer;
    try {
      buffer = await context.decodeAudioData(bytes);
    } catch (cause) {
      throw new FileError("file-not-audio", "this browser cannot decode it", { cause });
    }
    if (buffer.length === 0) throw new FileError("file-not-audio", "it holds no sound");
    const count = Math.min(buffer.numberOfChannels, MAX_CHANNELS);
    const channels = Array.from({ length: count }, (_, index) => {
      const channel = new Float32Array(buffer.length);
      buffer.copyFromChannel(channel, index);
      return channel;
    });
    return { channels, durationSec: buffer.duration };
  };
}
