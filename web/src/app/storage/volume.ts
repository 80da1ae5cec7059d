// This device's volume: what a person sets, what is remembered of it, and the amplitude it means. Pure. 0 to 1.

export const VOLUME_STORED_AS = "unisono.volume";

/** Ears hear ratios: half the slider is a quarter of the amplitude, 12 dB down. */
export const amplitudeOf = (volume: number): number => saneVolume(volume) ** 2;

export const saneVolume = (volume: number): number =>
  Number.isFinite(volume) ? Math.min(1, Math.max(0, volume)) : 1;

/** Full where nothing, or nothing sensible, is remembered. */
export const readVolume = (stored: string | null): number =>
  stored === null || stored.trim() === "" ? 1 : saneVolume(Number(stored));
