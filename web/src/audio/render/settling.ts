// Whether it is known where the loudspeaker is, well enough for a start (rule P27). Pure; told the time.

/** A start on a line that is further from certain than this would be heard, and mended while it is heard. */
const SETTLED_MS = 1;
/** A stream that stumbles again and again never settles; by then it starts as it is. */
const LIMIT_MS = 4_000;

export class Settling {
  /** Since when it has not been known. */
  #unsettledMs: number | null = null;

  /** `uncertaintyMs`: null while there is no line at all. Whether it has just become known. */
  watch(uncertaintyMs: number | null, localMs: number): boolean {
    const wasUnsettled = this.#unsettledMs !== null;
    const isSettled = uncertaintyMs !== null && uncertaintyMs <= SETTLED_MS;
    this.#unsettledMs = isSettled ? null : (this.#unsettledMs ?? localMs);
    return isSettled && wasUnsettled;
  }

  /** It is known, or that has been waited for long enough. */
  isOverAt(localMs: number): boolean {
    return this.#unsettledMs === null || localMs - this.#unsettledMs >= LIMIT_MS;
  }
}
