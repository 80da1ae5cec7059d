// How loud a song is along its way, to look at. Pure.

/** As many bars as a phone shows side by side. */
export const LOUDNESS_BARS = 96;
/** Fine enough to follow a drum, for a lamp that glows with the song. */
export const LEVELS_PER_SEC = 20;
/**
 * A bar of a long song has millions of samples, and all of them tell no more than so many that lie evenly among them. The
 * Worker is done before the first segment is asked of it: 3 ms for a song of any length on a desktop.
 */
const SAMPLES_PER_BAR = 1_500;

/** From 0 to 1, against the loudest bar; nothing for silence. */
export function loudnessOf(channels: readonly Float32Array[], count = LOUDNESS_BARS): readonly number[] {
  const frames = channels[0]?.length ?? 0;
  const bars = Array.from({ length: count }, (_, bar) => {
    const from = Math.floor((bar * frames) / count);
    const to = Math.floor(((bar + 1) * frames) / count);
    return Math.sqrt(meanSquare(channels, from, to));
  });
  const loudest = bars.reduce((most, rms) => Math.max(most, rms), 0);
  return loudest > 0 ? bars.map((rms) => Math.round((100 * rms) / loudest) / 100) : [];
}

function meanSquare(channels: readonly Float32Array[], from: number, to: number): number {
  const step = Math.max(1, Math.floor((to - from) / SAMPLES_PER_BAR));
  let [sum, count] = [0, 0];
  for (const channel of channels) {
    for (let frame = from; frame < to; frame += step) {
      sum += (channel[frame] ?? 0) ** 2;
      count += 1;
    }
  }
  return count > 0 ? sum / count : 0;
}
