// How far a loudspeaker may be corrected. Pure. ms.

/** A typed delay may exceed the slider, for Bluetooth loudspeakers. */
export const MAX_SPEAKER_DELAY_MS = 2_000;

export const saneDelayMs = (delayMs: number): number =>
  Number.isFinite(delayMs) ? Math.round(Math.min(MAX_SPEAKER_DELAY_MS, Math.max(0, delayMs))) : 0;
