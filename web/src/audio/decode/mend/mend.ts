// What is put right in a file before it is handed to the browser's decoder (rule P36), so that a song which one browser plays
// and another refuses plays in both. Never touches the file that is shared. Pure, but for sizes in a WAV header, which are
// corrected in the bytes given.

import { frameKindAt } from "../../index/length/frames.ts";
import { id3Bytes, soundStart } from "../../index/length/lead-in.ts";
import { aiffPcm, auPcm, isAiff, isAu } from "./aiff-au.ts";
import { toFloatWav } from "./pcm.ts";
import { isWav, mendWav } from "./wav.ts";

/** The same array where there is nothing to do. A header that is cut off or makes no sense is left to the decoder. */
export function mend(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  try {
    return mendContent(withoutLeadIn(file));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return file;
  }
}

function mendContent(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (isWav(bytes)) return mendWav(bytes);
  const pcm = isAiff(bytes) ? aiffPcm(bytes) : isAu(bytes) ? auPcm(bytes) : null;
  return (pcm && toFloatWav(bytes, pcm)) ?? bytes;
}

/** A tag before frames is what every decoder expects, and stays; before anything else it is cut, as is what is no tag. */
function withoutLeadIn(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const start = soundStart(file);
  const isUsual = start === id3Bytes(file, 0) && frameKindAt(file, start) !== null;
  return isUsual || start === 0 || start >= file.length ? file : file.subarray(start);
}
