// Whether a tick of the session, five a second, may pass without the view being made anew: nothing that is shown moves by itself
// then, and all that happens brings an event of its own. Pure; local ms.

import type { SwarmSession } from "../session/index.ts";
import type { Status } from "../view/index.ts";

/** What is shown of it changes without an event. */
type Transfer = Pick<SwarmSession["swarm"], "files" | "links">;

/** In these the clock is known and no song is on its way: a second late is soon enough for figures. */
const STILL: readonly Status["code"][] = ["alone", "no-files", "ready-to-play", "paused"];
const LONGEST_MS = 1_000;

export class StillView {
  #isStill = false;
  #made: readonly unknown[] = [];
  #madeLocalMs = Number.NEGATIVE_INFINITY;

  /** The view was made. */
  made({ code }: Status, transfer: Transfer | undefined, localMs: number): void {
    this.#isStill = STILL.includes(code);
    this.#made = [transfer?.files.value, transfer?.links.value];
    this.#madeLocalMs = localMs;
  }

  /** The view of before does. */
  holds(transfer: Transfer | undefined, localMs: number): boolean {
    if (!this.#isStill || localMs - this.#madeLocalMs >= LONGEST_MS) return false;
    const [files, links] = this.#made;
    return files === transfer?.files.value && links === transfer?.links.value;
  }
}
