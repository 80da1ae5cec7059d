// When to cross over to where the sound should be instead of bending the rate towards it (rules P11, P21, P26). Pure.

/** After an underrun or an output change the servo would take long; beyond this a crossfade repairs at once. */
const STEP_REPAIR_MS = 0.5;
/** P21: what crept in unseen and stays is heard for as long as the servo needs. */
const LASTING_REPAIR_MS = 2;
/** Timestamps of a starved machine lean for some hundred ms; what lasts longer is where the loudspeaker is. */
const LASTING_MS = 1_500;
/** P26: how sure an error must be. A crossfade to a place that is not true either takes a second one to mend it. */
const SURE_SHARE = 0.5;
/** P26: after a step the true place may be told this late; whatever comes later is left to the servo, which nobody hears. */
const STEP_WAIT_MS = 3_000;

export class Repair {
  #stepsSeen = 0;
  #steppedMs: number | null = null;
  #wrongSinceMs: number | null = null;

  /**
   * Whether to cross over now. `steps`: how often the output clock has followed a step. `errorMs`: null while silent. `uncertaintyMs`:
   * of that error.
   */
  isDue(steps: number, errorMs: number | null, uncertaintyMs: number, localMs: number): boolean {
    if (steps !== this.#stepsSeen) this.#steppedMs = localMs;
    this.#stepsSeen = steps;
    const wrongMs = Math.abs(errorMs ?? 0);
    if (wrongMs < LASTING_REPAIR_MS) this.#wrongSinceMs = null;
    else this.#wrongSinceMs ??= localMs;
    const hasLasted = this.#wrongSinceMs !== null && localMs - this.#wrongSinceMs >= LASTING_MS;
    const isStep = this.#steppedMs !== null && wrongMs >= STEP_REPAIR_MS;
    const isSure = uncertaintyMs <= SURE_SHARE * wrongMs;
    const isDue = isSure && (isStep || hasLasted);
    const isOver =
      isSure || uncertaintyMs < STEP_REPAIR_MS || localMs - (this.#steppedMs ?? localMs) >= STEP_WAIT_MS;
    if (isDue || isOver) this.#steppedMs = null;
    if (isDue) this.#wrongSinceMs = null;
    return isDue;
  }
}
