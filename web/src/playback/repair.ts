// When to cross over to where the sound should be instead of bending the rate towards it (rules P11, P21). Pure.

/** After an underrun or an output change the servo would take many seconds; beyond this a crossfade repairs at once. */
const STEP_REPAIR_MS = 0.5;
/** P21: what crept in unseen and stays: at 500 ppm the servo would need 16 s for 8 ms, and all that time it is heard. */
const LASTING_REPAIR_MS = 2;
/** Timestamps of a starved machine lean for some hundred ms; what lasts longer is where the loudspeaker is. */
const LASTING_MS = 1_500;

export class Repair {
  #stepsSeen = 0;
  #wrongSinceMs: number | null = null;

  /** Whether to cross over now. `steps`: how often the output line has moved to new ground. `errorMs`: null while silent. */
  isDue(steps: number, errorMs: number | null, localMs: number): boolean {
    const hasStepped = steps !== this.#stepsSeen;
    this.#stepsSeen = steps;
    const wrongMs = Math.abs(errorMs ?? 0);
    if (wrongMs < LASTING_REPAIR_MS) this.#wrongSinceMs = null;
    else this.#wrongSinceMs ??= localMs;
    const hasLasted = this.#wrongSinceMs !== null && localMs - this.#wrongSinceMs >= LASTING_MS;
    const isDue = (hasStepped && wrongMs >= STEP_REPAIR_MS) || hasLasted;
    if (isDue) this.#wrongSinceMs = null;
    return isDue;
  }
}
