// The soft chime of joining: two notes a fifth apart, so that a person knows that this device sounds at all. Beside the
// queue, since it belongs to no timeline. Audio seconds of the given context.

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
/** An exponential ramp never reaches nothing; 80 dB down is nothing. */
const SILENCE = LEVEL * 1e-4;
/** A context that was just unlocked renders its first blocks late. */
const AHEAD_SEC = 0.05;

/** Rings once the context runs; it may still be suspended. */
export function ringChime(context: AudioContext, destination: AudioNode): void {
  for (const { afterSec, hz } of NOTES) {
    const fromSec = context.currentTime + AHEAD_SEC + afterSec;
    const untilSec = fromSec + RISE_SEC + FALL_SEC;
    const tone = context.createOscillator();
    const envelope = context.createGain();
    tone.frequency.value = hz;
    envelope.gain.setValueAtTime(0, fromSec);
    envelope.gain.linearRampToValueAtTime(LEVEL, fromSec + RISE_SEC);
    envelope.gain.exponentialRampToValueAtTime(SILENCE, untilSec);
    tone.connect(envelope).connect(destination);
    tone.onended = () => envelope.disconnect();
    tone.start(fromSec);
    tone.stop(untilSec);
  }
}
