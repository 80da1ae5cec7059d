// How long a sound may be on this device. The whole file is decoded at once, so its length is a matter of memory. Pure.

/** Float samples, as the AudioContext has them. */
const SAMPLE_BYTES = 4;
/**
 * How often the sound lies in memory at the peak. Measured: an MP3 of 40 minutes, 0.92 GB of samples at 48 kHz, takes Chromium
 * 156 to 3.4 GB, of which 0.25 GB are the page's own. By its source those are the decoder's blocks at the file's rate, the same in
 * one piece, the same at the context's rate, and then, when some of that is freed, the copy that goes to the render Worker.
 */
const COPIES = 3.4;
/**
 * Browsers end a tab that takes about half of a phone's memory. The song before has to fit beside this peak: another ninth of
 * the memory, if it was as long as one can be.
 */
const SHARE_OF_DEVICE = 3 / 8;
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
