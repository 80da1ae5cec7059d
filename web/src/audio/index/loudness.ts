// How loud a song is along its way, to look at. Pure.

/** As many bars as a phone shows side by side. */
export const LOUDNESS_BARS = 96;

/** A bar that nobody has looked at is drawn as one that is no farther away, and is a hair beside none. */
const NEAR_BARS = 4;

/** The stretches of a song that a bar stands for; one at least. */
export function stretchesOf(
  bar: number,
  stretches: number,
  count = LOUDNESS_BARS,
): [from: number, to: number] {
  const from = Math.floor((bar * stretches) / count);
  return [from, Math.max(from + 1, Math.floor(((bar + 1) * stretches) / count))];
}

/**
 * From 0 to 1, against the loudest bar; nothing for silence. `levels` are those of equal stretches of the song (audio/render/levels.ts);
 * NaN where a stretch was not looked at, as in a long song, where a bar stands for what was seen in it.
 */
export function loudnessBars(levels: Float32Array, count = LOUDNESS_BARS): readonly number[] {
  const seen = Array.from({ length: count }, (_, bar) => {
    const known = levels.subarray(...stretchesOf(bar, levels.length, count)).filter((level) => level >= 0);
    return Math.sqrt(known.reduce((sum, level) => sum + level * level, 0) / known.length);
  });
  const bars = seen.map((_, bar) => {
    for (let away = 0; away <= NEAR_BARS; away++) {
      const level = [seen[bar - away], seen[bar + away]].find((each) => each !== undefined && each >= 0);
      if (level !== undefined) return level;
    }
    return 0;
  });
  const loudest = bars.reduce((most, rms) => Math.max(most, rms), 0);
  return loudest > 0 ? bars.map((rms) => Math.round((100 * rms) / loudest) / 100) : [];
}
