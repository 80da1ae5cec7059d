// How long a sound may be on this device. The whole file is decoded at once, so its length is a matter of memory. Pure.

/** Float samples, as the AudioContext has them. */
const SAMPLE_BYTES = 4;
/**
 * decodeAudioData's buffer and the copy that goes to the render Worker exist at the same time for a moment; so do, inside
 * of the browser, the sound at the file's own rate and at the context's.
 */
const COPIES = 2;
/**
 * Chosen, not measured: browsers end a tab that takes about half of a phone's memory, and the song before, its pieces and
 * the page itself have to fit as well.
 */
const SHARE_OF_DEVICE = 1 / 4;
const GIBIBYTE = 2 ** 30;
/** Only Chromium on https tells how much memory there is; a phone in use has 4 GiB or more, a computer 8. */
const USUAL_PHONE_GIB = 4;
const USUAL_COMPUTER_GIB = 8;
/** From here on it is the tab's memory that ends, not the device's. */
const MAX_GIB = 8;
/** What a container does not say is taken to be stereo. */
const USUAL_CHANNELS = 2;

export interface DeviceHints {
  /** `navigator.deviceMemory`. */
  readonly memoryGib: number | undefined;
  readonly isPhone: boolean;
}

/** What one decode may take at its peak, bytes. */
export function soundBudgetBytes({ memoryGib, isPhone }: DeviceHints): number {
  const usualGib = isPhone ? USUAL_PHONE_GIB : USUAL_COMPUTER_GIB;
  return SHARE_OF_DEVICE * GIBIBYTE * Math.min(MAX_GIB, memoryGib ?? usualGib);
}

export interface SoundSize {
  readonly durationSec: number;
  readonly channels: number | null;
  readonly fileBytes: number;
  readonly sampleRate: number;
}

/** How much of such a sound `budgetBytes` hold; it fits when that is at least its duration. The file itself counts too. */
export function roomSec(budgetBytes: number, sound: SoundSize): number {
  const frameBytes = (sound.channels ?? USUAL_CHANNELS) * SAMPLE_BYTES * COPIES;
  const bytesPerSec = sound.sampleRate * frameBytes + sound.fileBytes / sound.durationSec;
  return budgetBytes / bytesPerSec;
}
