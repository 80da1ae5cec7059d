// The soft chime of joining: two notes a fifth apart, so that a person knows that this device sounds at all. Beside the
// queue, since it belongs to no timeline. Samples at the given context's rate.

interface Note {
  readonly afterSec: number;
  readonly hz: number;
}

const NOTES: readonly Note[] = [
  { afterSec: 0, hz: 523.25 },
  { afterSec: 0.14, hz: 783.99 },
];
/** A quarter of full scale: heard across a table, and no fright on headphones. */
const LEVEL = 0.25;
const RISE_SEC = 0.012;
const FALL_SEC = 0.5;
/** How much of a note is left at its end: 80 dB down is nothing. */
const REST = 1e-4;

/** Rings once the context runs; it may still be suspended. A busy machine rings late, and whole all the same. */
export function ringChime(context: AudioContext, destination: AudioNode): void {
  const samples = chimeSamples(context.sampleRate);
  const buffer = context.createBuffer(1, samples.length, context.sampleRate);
  buffer.copyToChannel(samples, 0);
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(destination);
  source.onended = () => source.disconnect();
  source.start();
}

export function chimeSamples(sampleRate: number): Float32Array<ArrayBuffer> {
  const noteSec = RISE_SEC + FALL_SEC;
  const lengthSec = Math.max(...NOTES.map(({ afterSec }) => afterSec)) + noteSec;
  const samples = new Float32Array(Math.ceil(lengthSec * sampleRate));
  for (const { afterSec, hz } of NOTES) {
    const first = Math.round(afterSec * sampleRate);
    const frames = Math.floor(noteSec * sampleRate);
    for (let frame = 0; frame < frames; frame++) {
      const sec = frame / sampleRate;
      const envelope = sec < RISE_SEC ? sec / RISE_SEC : REST ** ((sec - RISE_SEC) / FALL_SEC);
      const tone = Math.sin(2 * Math.PI * hz * sec);
      samples[first + frame] = (samples[first + frame] ?? 0) + LEVEL * envelope * tone;
    }
  }
  return samples;
}
