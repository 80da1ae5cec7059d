// Whether something of the session may pass without the view being made anew. A tick, five a second, may while nothing that is shown
// moves by itself: all that happens brings an event of its own. Around a start all devices tell each other what they do in the same
// moment, and the views made of that would take the processor from the sound's own thread (P97).

import type { Player } from "../audio/index.ts";
import type { Clock } from "../lib/index.ts";
import type { SwarmSession } from "../session/index.ts";
import type { Status } from "../view/index.ts";

/** What is shown of it changes without an event. */
type Transfer = Pick<SwarmSession["swarm"], "files" | "links">;

/** In these the clock is known and no song is on its way: a second late is soon enough for figures. */
const STILL: readonly Status["code"][] = ["alone", "no-files", "ready-to-play", "paused"];
const LONGEST_MS = 1_000;
/** Between two views around a start. */
const STARTING_MS = 200;

export class StillView {
  #isStill = false;
  #made: readonly unknown[] = [];
  #madeLocalMs = Number.NEGATIVE_INFINITY;
  /** Something happened since then. */
  #isMissed = false;

  /** The view was made. */
  made({ code }: Status, transfer: Transfer | undefined, localMs: number): void {
    this.#isStill = STILL.includes(code);
    this.#made = [transfer?.files.value, transfer?.links.value];
    this.#madeLocalMs = localMs;
    this.#isMissed = false;
  }

  /** The view of before does. Where something happened that can wait, a later call finds that it no longer does. */
  holds(
    isTick: boolean,
    transfer: Transfer | undefined,
    { isStarting }: Pick<Player, "isStarting">,
    clock: Pick<Clock, "nowMs">,
  ): boolean {
    const lastedMs = clock.nowMs() - this.#madeLocalMs;
    this.#isMissed ||= !isTick;
    if (this.#isMissed) return isStarting && lastedMs < STARTING_MS;
    if (!this.#isStill || lastedMs >= LONGEST_MS) return false;
    const [files, links] = this.#made;
    return files === transfer?.files.value && links === transfer?.links.value;
  }
}
