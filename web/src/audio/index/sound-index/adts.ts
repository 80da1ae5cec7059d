// The sound index of AAC in ADTS. The core's rate is all that a header tells: where it is low the stream may be HE-AAC, whose
// frames decode to twice as many samples, and only decoding tells. Reads in steps.

import type { FileReader } from "./file-reader.ts";
import { adtsHeaderAt } from "./frame-headers.ts";
import { walkFrames } from "./frame-walk.ts";
import { soundEnd } from "./lead-in.ts";
import type { SoundIndex } from "./sound-index.ts";

/** Up to this core rate spectral band replication is usual, and may be there without a word in the header. */
const MAX_DOUBTFUL_RATE_HZ = 24_000;

/** Null where the channels stand among the sound, too: no slice but the first would have them. */
export async function indexAdts(reader: FileReader, startByte: number): Promise<SoundIndex | null> {
  const endByte = await soundEnd(reader, startByte);
  const stream = { headerAt: adtsHeaderAt, toldAt: () => null };
  const found = await walkFrames(reader, stream, startByte, endByte);
  if (!found || found.length === 0) return null;
  if (found.some(({ header }) => header.sampleRate <= MAX_DOUBTFUL_RATE_HZ || header.channels === 0)) {
    return null;
  }
  const runs = found.map((run) => ({
    kind: "adts" as const,
    sampleRate: run.header.sampleRate,
    channels: run.header.channels,
    prefix: new Uint8Array(0),
    pointBytes: run.points.pointBytes,
    pointFrames: run.points.pointFrames,
    endByte: run.endByte,
    codedFrames: run.codedFrames,
    primingFrames: 0,
    lengthFrames: run.codedFrames,
    packets: null,
    pcm: null,
  }));
  return { runs };
}
