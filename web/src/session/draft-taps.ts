// What a person taps on a song that its owner still reads: done as soon as it is known which file it is, as neither plan nor queue
// may name a draft. Knows no clock.

import type { FileId } from "../lib/index.ts";
import type { Swarm } from "../transfer/index.ts";

interface Tap {
  readonly draftId: FileId;
  readonly isPlay: boolean;
  readonly act: (fileId: FileId) => void;
}

/** More than anyone taps while a song is read. */
const MAX_TAPS = 16;

export class DraftTaps {
  readonly #swarm: Pick<Swarm, "files" | "finalOf">;
  #waiting: readonly Tap[] = [];

  constructor(swarm: Pick<Swarm, "files" | "finalOf">) {
    this.#swarm = swarm;
  }

  /** Plays at once or once the file is known. A later tap on another song takes the place of one that waits. */
  play(fileId: FileId, act: (fileId: FileId) => void): void {
    this.#waiting = this.#waiting.filter(({ isPlay }) => !isPlay);
    this.#take({ draftId: fileId, isPlay: true, act });
  }

  /** Likewise, in the order of the taps. */
  queue(fileId: FileId, act: (fileId: FileId) => void): void {
    this.#take({ draftId: fileId, isPlay: false, act });
  }

  /** Something about the files may have changed. */
  follow(): void {
    const taps = this.#waiting;
    this.#waiting = taps.filter(({ draftId }) => this.#isDraft(draftId));
    for (const { draftId, act } of taps) {
      if (this.#isDraft(draftId)) continue;
      const fileId = this.#swarm.finalOf(draftId);
      if (fileId !== draftId) act(fileId); // else it was withdrawn, and so is the wish
    }
  }

  #take(tap: Tap): void {
    if (this.#isDraft(tap.draftId)) this.#waiting = [...this.#waiting, tap].slice(-MAX_TAPS);
    else tap.act(this.#swarm.finalOf(tap.draftId));
  }

  #isDraft(fileId: FileId): boolean {
    return this.#swarm.files.value.some((file) => file.fileId === fileId && file.draftId === fileId);
  }
}
