// Notices that the sound leaves through another output: a headset, a loudspeaker over Bluetooth, and back. Pure; local ms.
// The platform's own event tells of plugs, not of where this page's sound goes, and Safari's tells nothing without a
// microphone; the reported latency tells it everywhere (rule P30).

/** An underrun or another buffer size moves the latency by 8 to 20 ms; Bluetooth adds 100 to 250 ms. */
const MOVED_MS = 40;
/** While an output is opened its latency is reported as 0 or by leaps. */
const LASTING_MS = 1_000;
/**
 * Chromium takes the stream down after half a minute of silence; for a second or two of sound the latency is still the old one.
 */
const SETTLING_MS = 5_000;

export class OutputWatch {
  #knownMs: number | null = null;
  #movedSinceMs: number | null = null;
  #soundingSinceMs: number | null = null;

  /** Nothing sounds, so nothing is known of the output. */
  reset(): void {
    this.#knownMs = null;
    this.#movedSinceMs = null;
    this.#soundingSinceMs = null;
  }

  /** Told the reported latency a few times a second of sound; true once, when it has become another one for good. */
  hasMoved(latencyMs: number | null, localMs: number): boolean {
    if (!latencyMs) return false; // unknown, or in between
    this.#soundingSinceMs ??= localMs;
    if (localMs - this.#soundingSinceMs < SETTLING_MS) this.#knownMs = latencyMs;
    this.#knownMs ??= latencyMs;
    if (Math.abs(latencyMs - this.#knownMs) < MOVED_MS) {
      this.#movedSinceMs = null;
      return false;
    }
    this.#movedSinceMs ??= localMs;
    if (localMs - this.#movedSinceMs < LASTING_MS) return false;
    this.#knownMs = latencyMs;
    this.#movedSinceMs = null;
    return true;
  }
}
