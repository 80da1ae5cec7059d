// How loud a song is along its way, to look at. Pure.

/** As many bars as a phone shows side by side. */
export const LOUDNESS_BARS = 96;

/**
 * From 0 to 1, against the loudest bar; nothing for silence. `levels` are those of equal stretches of the song (audio/render/levels.ts);
 * NaN where a stretch was not looked at, as in a long song, where a bar stands for what was seen in it.
 */
export function loudnessBars(levels: Float32Array, count = LOUDNESS_BARS): readonly number[] {
  const bars = Array.from({ length: count }, (_, bar) => {
    const from = Math.floor((bar * levels.length) / count);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * levels.length) / count));
    const seen = levels.subarray(from, to).filter((level) => !Number.isNaN(level));
    return Math.sqrt(seen.reduce((sum, level) => sum + level * level, 0) / Math.max(1, seen.length));
  });
  const loudest = bars.reduce((most, rms) => Math.max(most, rms), 0);
  return loudest > 0 ? bars.map((rms) => Math.round((100 * rms) / loudest) / 100) : [];
}
