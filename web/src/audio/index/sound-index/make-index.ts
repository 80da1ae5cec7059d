// From a file to its sound index, whatever its container: reads it once, in steps. Pure but for the reading it is given.

import { indexAdts } from "./adts.ts";
import { indexAiffOrAu } from "./aiff-au.ts";
import { type ByteSource, FileReader } from "./file-reader.ts";
import { indexFlac } from "./flac.ts";
import { soundStart } from "./lead-in.ts";
import { MAX_POINTS } from "./limits.ts";
import { indexMp3 } from "./mp3.ts";
import { mp4Index } from "./mp4.ts";
import { oggIndex } from "./ogg.ts";
import { faultOf, type SoundIndex } from "./sound-index.ts";
import { indexWav } from "./wav.ts";
import { webmIndex } from "./webm.ts";

/** Reads one container; null where the bytes at `startByte` are not of its kind, or no slice of it can be decoded alone. */
export type IndexContainer = (reader: FileReader, startByte: number) => Promise<SoundIndex | null>;

/** Each knows its own beginning; the first that answers is right. Frames without a container come last. */
const CONTAINERS: readonly IndexContainer[] = [
  indexFlac,
  indexWav,
  indexAiffOrAu,
  oggIndex,
  mp4Index,
  webmIndex,
  indexMp3,
  indexAdts,
];

/** Null where the file has to be decoded whole, or not at all. Rejects what the source does; nothing else is thrown. */
export async function makeSoundIndex(source: ByteSource): Promise<SoundIndex | null> {
  const reader = new FileReader(source);
  const startByte = await soundStart(reader);
  for (const container of CONTAINERS) {
    const index = await readOrNull(container, reader, startByte);
    const thinned = index && withFewerPoints(index);
    if (thinned && faultOf(thinned, source.sizeBytes) === null) return thinned;
  }
  return null;
}

/** Every second point of a song of eight hours, and so on. */
function withFewerPoints(index: SoundIndex): SoundIndex {
  const points = index.runs.reduce((sum, run) => sum + run.pointFrames.length, 0);
  const step = Math.ceil(points / MAX_POINTS);
  if (step === 1) return index;
  const isKept = (_: number, at: number): boolean => at % step === 0;
  return {
    runs: index.runs.map((run) => ({
      ...run,
      pointBytes: run.pointBytes.filter(isKept),
      pointFrames: run.pointFrames.filter(isKept),
    })),
  };
}

/** A header that is cut off ends in a read beyond what is there. */
async function readOrNull(container: IndexContainer, reader: FileReader, startByte: number) {
  try {
    return await container(reader, startByte);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return null;
  }
}
