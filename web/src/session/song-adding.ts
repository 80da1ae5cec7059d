// Offering a song of one's own: what is plainly no sound is refused before anyone fetches it, and a piece of this device's
// decode is published beside it, by which the others line theirs up. Local ms.

import { encodeAnchor, isPlainlyNotAudio, type Player } from "../audio/index.ts";
import { type Clock, FileError, type FileId, within } from "../lib/index.ts";
import { MAX_INDEX_BYTES } from "../protocol/constants/transfer.gen.ts";
import type { Swarm } from "../transfer/index.ts";
import type { PlaybackController } from "./playback-controller.ts";
import type { TagCache } from "./tag-cache.ts";

/** What the longest of the signatures of formats needs. */
const HEAD_BYTES = 64;
/** As long as reading the rest of it may take at a time (transfer/store/content.ts). */
const READ_MS = 60_000;

export interface SongAddingParts {
  readonly clock: Clock;
  readonly swarm: Pick<Swarm, "addFile" | "setAnnotation" | "setIndex">;
  readonly controller: Pick<PlaybackController, "measured" | "published" | "refuse">;
  readonly player: Pick<Player, "anchorOf">;
  readonly songs: Pick<TagCache, "remember">;
  readonly onChange: () => void;
}

/** Offers a file. Rejects FileError. */
export async function addSong(file: File, parts: SongAddingParts): Promise<FileId> {
  const head = new Uint8Array(await readHead(file, parts.clock));
  if (isPlainlyNotAudio(head)) throw new FileError("file-not-audio", "something else");
  const fileId = await parts.swarm.addFile(file);
  // P40: others may well decode what this browser cannot; they play it without a common anchor.
  publishAnchor(fileId, file, parts).catch((error: unknown) => parts.controller.refuse(fileId, error));
  return fileId;
}

async function publishAnchor(fileId: FileId, file: File, parts: SongAddingParts): Promise<void> {
  const { clock, swarm, controller, player, songs, onChange } = parts;
  const read = async (fromByte: number, toByte: number) =>
    new Uint8Array(await within(clock, READ_MS, file.slice(fromByte, toByte).arrayBuffer()));
  const content = {
    fileId,
    sizeBytes: file.size,
    read,
    readWhole: async () => (await read(0, file.size)).buffer,
    index: null,
    arriving: null,
    onFalseIndex: () => undefined, // it is made here
  };
  songs.remember(fileId, content);
  const { anchor, durationSec, wholeSec } = await player.anchorOf(content, (index) => {
    if (index.length <= MAX_INDEX_BYTES) swarm.setIndex(fileId, index); // else the others wait for the whole file
  });
  controller.measured(fileId, durationSec, wholeSec);
  onChange();
  if (!anchor) return;
  const annotation = encodeAnchor(anchor);
  controller.published(fileId, annotation);
  swarm.setAnnotation(fileId, annotation);
}

/** Chromium says of a file that has gone that it is empty, and only a read of it fails. One of a cloud may never be read (S32). */
async function readHead(file: File, clock: Clock): Promise<ArrayBuffer> {
  try {
    return await within(clock, READ_MS, (file.size === 0 ? file : file.slice(0, HEAD_BYTES)).arrayBuffer());
  } catch (cause) {
    throw new FileError("file-unreadable", file.name, { cause });
  }
}
