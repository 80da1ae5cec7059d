// How long a file's sound is and how many channels it has, read from its container before anything is decoded. Pure;
// looks at whole files, because Ogg, MP4 and recordings keep their length at the end. Null = the container does not say.
// A header may lie: what is read here saves a device from decoding what it cannot hold, and decoding checks again.

import { aiffLength, flacLength, wavLength } from "./chunks.ts";
import { framesLength } from "./frames.ts";
import { behindTags } from "./lead-in.ts";
import { isMp4, mp4Length } from "./mp4.ts";
import { oggLength } from "./ogg.ts";
import { isAt, type SoundLength } from "./reading.ts";
import { webmLength } from "./webm.ts";

const EBML = "\x1a\x45\xdf\xa3";

export function readSoundLength(file: Uint8Array): SoundLength | null {
  const bytes = file.subarray(behindTags(file));
  const length = readWhole(bytes);
  return length && Number.isFinite(length.durationSec) && length.durationSec > 0 ? length : null;
}

/** A header that is cut off ends in a read beyond the file: then the container does not say. */
function readWhole(bytes: Uint8Array): SoundLength | null {
  try {
    return readContainer(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return null;
  }
}

function readContainer(bytes: Uint8Array): SoundLength | null {
  if (isAt(bytes, 0, "RIFF") && isAt(bytes, 8, "WAVE")) return wavLength(bytes);
  if (isAt(bytes, 0, "FORM") && isAt(bytes, 8, "AIF")) return aiffLength(bytes);
  if (isAt(bytes, 0, "fLaC")) return flacLength(bytes, 4);
  if (isAt(bytes, 0, "OggS")) return oggLength(bytes);
  if (isAt(bytes, 0, EBML)) return webmLength(bytes);
  if (isMp4(bytes, 0)) return mp4Length(bytes);
  return framesLength(bytes);
}
