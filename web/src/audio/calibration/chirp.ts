// The sound that is measured: a chirp from 1 to 6 kHz, which the smallest loudspeaker plays, the cheapest microphone hears and
// nothing in a room resembles. Pure.

export const CHIRP_SEC = 0.15;
const FROM_HZ = 1_000;
const TO_HZ = 6_000;
const LEVEL = 0.5;

/** One channel. Rises and falls as a Hann window does, so that its correlation with itself has no side lobes to mistake. */
export function makeChirp(sampleRate: number): Float32Array<ArrayBuffer> {
  const frames = Math.round(CHIRP_SEC * sampleRate);
  const chirp = new Float32Array(frames);
  for (let frame = 0; frame < frames; frame++) {
    const sec = frame / sampleRate;
    const phase = 2 * Math.PI * (FROM_HZ + ((TO_HZ - FROM_HZ) * sec) / (2 * CHIRP_SEC)) * sec;
    chirp[frame] = LEVEL * Math.sin(phase) * Math.sin((Math.PI * frame) / frames) ** 2;
  }
  return chirp;
}
