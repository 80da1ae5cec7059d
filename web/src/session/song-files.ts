// Files of the swarm as the player opens them: whole, or on their way while their sound index is here before them. Bytes of the file,
// seconds in the song.

import type { ArrivingFile, ByteRange, SoundFile } from "../audio/index.ts";
import { type FileId, remember } from "../lib/index.ts";
import { MAX_FILE_TROUBLES } from "../protocol/constants/session.gen.ts";
import { MAX_URGENT_PIECES } from "../protocol/constants/transfer.gen.ts";
import { type FileState, pieceLengthOf, type Swarm } from "../transfer/index.ts";

export class SongFiles {
  readonly #swarm: Pick<Swarm, "files" | "readBytes" | "indexOf" | "holds" | "setUrgent">;
  readonly #onFalseIndex: (fileId: FileId) => void;
  /** Songs that this device cannot play in parts. */
  readonly #waitForWhole = new Set<FileId>();

  constructor(
    swarm: Pick<Swarm, "files" | "readBytes" | "indexOf" | "holds" | "setUrgent">,
    onFalseIndex: (fileId: FileId) => void,
  ) {
    this.#swarm = swarm;
    this.#onFalseIndex = onFalseIndex;
  }

  /** This device cannot play the song before its file is whole. */
  playsWhole(fileId: FileId): boolean {
    return this.#waitForWhole.has(fileId);
  }

  /** Null while too little of it is here. */
  fileOf(fileId: FileId): SoundFile | null {
    const file = this.#find(fileId);
    const arriving = file && !file.seeded ? this.#arriving(file) : null;
    if (!file || (!file.seeded && !arriving)) return null;
    const { sizeBytes } = file;
    const read = (fromByte: number, toByte: number) => this.#swarm.readBytes(fileId, fromByte, toByte);
    return {
      fileId,
      sizeBytes,
      read,
      readWhole: async () => (await read(0, sizeBytes)).buffer,
      index: this.#swarm.indexOf(fileId),
      arriving,
      onFalseIndex: () => this.#onFalseIndex(fileId),
    };
  }

  #find(fileId: FileId): FileState | undefined {
    return this.#swarm.files.value.find((candidate) => candidate.fileId === fileId);
  }

  /** A song can begin while its file is on its way: where its index came before it. */
  #arriving({ fileId, sizeBytes, enabled }: FileState): ArrivingFile | null {
    const swarm = this.#swarm;
    if (!swarm.indexOf(fileId) || !enabled || this.#waitForWhole.has(fileId)) return null;
    return {
      holds: ({ fromByte, toByte }) => swarm.holds(fileId, fromByte, toByte),
      want: (ranges) => swarm.setUrgent(fileId, piecesOf(ranges, sizeBytes)),
      arrivesWithin: (sec) => {
        const file = this.#find(fileId);
        return file?.seeded === true || (file?.remainingSec ?? Infinity) <= sec;
      },
      giveUp: () => remember(this.#waitForWhole, fileId, MAX_FILE_TROUBLES),
    };
  }
}

/** The pieces that hold these ranges, each once, in their order. */
function piecesOf(ranges: readonly ByteRange[], sizeBytes: number): number[] {
  const pieceLength = pieceLengthOf(sizeBytes);
  const pieces = new Set<number>();
  for (const { fromByte, toByte } of ranges) {
    for (let piece = Math.floor(fromByte / pieceLength); piece * pieceLength < toByte; piece++)
      pieces.add(piece);
  }
  return [...pieces].slice(0, MAX_URGENT_PIECES);
}
