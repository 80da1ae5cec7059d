// How long the listed songs are, and how much of each can sound here now, by their sound indexes. Seconds in the song. Unfolds one
// index at a time; what a stranger published is bounded by the codec, and so is how many are kept.

import { type PlayableSong, playableSongOf } from "../audio/index.ts";
import type { Bytes, FileId } from "../lib/index.ts";
import type { FileState, Swarm } from "../transfer/index.ts";

/** More than a person looks through; each takes up to half a MB. */
const MAX_SONGS = 48;

export interface Playable {
  readonly durationSec: number;
  /** Where the sound ends that can be played without a gap from the place that was asked for on. */
  readonly playableSec: number;
}

interface Known {
  readonly index: Bytes;
  readonly song: PlayableSong | null;
}

export class PlayableSongs {
  readonly #swarm: Pick<Swarm, "indexOf" | "holds">;
  readonly #onChange: () => void;
  readonly #known = new Map<FileId, Known>();
  /** The latest answers: what was asked, and how much was held then. */
  readonly #answers = new Map<FileId, { readonly question: string; readonly playableSec: number }>();
  #isUnfolding = false;

  constructor(swarm: Pick<Swarm, "indexOf" | "holds">, onChange: () => void) {
    this.#swarm = swarm;
    this.#onChange = onChange;
  }

  /** Call it a few times a second: unfolds an index that has come, and forgets songs that are listed no more. */
  follow(files: readonly FileState[]): void {
    const first = files.slice(0, MAX_SONGS);
    for (const fileId of this.#known.keys()) {
      if (first.some((file) => file.fileId === fileId)) continue;
      this.#known.delete(fileId);
      this.#answers.delete(fileId);
    }
    if (this.#isUnfolding) return;
    for (const { fileId, sizeBytes } of first) {
      const index = this.#swarm.indexOf(fileId);
      if (index === null || this.#known.get(fileId)?.index === index) continue;
      this.#isUnfolding = true;
      void playableSongOf(index, sizeBytes).then((song) => {
        this.#isUnfolding = false;
        this.#known.set(fileId, { index, song });
        this.#answers.delete(fileId);
        this.#onChange();
      });
      return;
    }
  }

  /** Null where no index tells. */
  read({ fileId, heldBytes, seeded }: FileState, atSec: number): Playable | null {
    const song = this.#known.get(fileId)?.song;
    if (!song) return null;
    const { durationSec } = song;
    if (seeded) return { durationSec, playableSec: durationSec };
    // A tenth of a second is less than any slice; and it is asked many times a second.
    const question = `${heldBytes} ${Math.round(10 * atSec)}`;
    const answer = this.#answers.get(fileId);
    if (answer?.question === question) return { durationSec, playableSec: answer.playableSec };
    const playableSec = song.playableSec(atSec, ({ fromByte, toByte }) =>
      this.#swarm.holds(fileId, fromByte, toByte),
    );
    this.#answers.set(fileId, { question, playableSec });
    return { durationSec, playableSec };
  }
}
