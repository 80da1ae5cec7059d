// Whether what a decoder handed out is sound at all (rule P37): some engines decode some valid files to noise beyond all scale.
// Pure but for the samples, which are put right in place: nothing that is no number, or absurdly loud, reaches a loudspeaker.

/** Masters in float go some dB beyond full scale, and a damaged frame may ring to four times it. */
const LOUD = 4;
/** 36 dB beyond full scale: no sound, not even in a sample alone. */
const ABSURD = 64;
/** Only what is not silence counts, or a long pause would hide noise. */
const SILENT = 1e-4;
/** Of 50 samples that are not silent. Firefox 153 decodes 64-bit float as 16-bit integers with 40 of 50 beyond. */
const MAX_WILD_SHARE = 1 / 50;

/** Whether these samples are sound; those alone that are none are silenced. */
export function isSound(channels: readonly Float32Array[]): boolean {
  let counted = 0;
  let wild = 0;
  for (const channel of channels) {
    for (let frame = 0; frame < channel.length; frame++) {
      const size = Math.abs(channel[frame] as number);
      if (size <= SILENT) continue;
      counted += 1;
      if (size <= LOUD) continue;
      wild += 1; // or no number: it is not smaller than anything
      if (!(size <= ABSURD)) channel[frame] = 0;
    }
  }
  return wild <= counted * MAX_WILD_SHARE;
}
