// What the figures did over the last minutes: four lines of this device and one of each other one, each with its value now
// and the range it ran in, in words. Mounted only while Details is open, and drawn anew only when the history has a new
// point: once a second.

import type { ReadonlySignal } from "@preact/signals";
import type { FigurePoint, View } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { type Figure, PLOT_HEIGHT, PLOT_WIDTH, type PlotScale, plotLine, spanMs } from "../plot-line.ts";
import { useSlice } from "../slice.ts";

/** Ranges that nobody could hear or use: a tenth of the tightest word, a LAN's jitter, the servo's gentlest limit. */
const SCALES: Readonly<Record<Figure, PlotScale>> = {
  offsetMs: { leastRange: 0.5, hasZero: false },
  rttMs: { leastRange: 5, hasZero: true },
  playbackErrorMs: { leastRange: 0.5, hasZero: true },
  ratePpm: { leastRange: 100, hasZero: true },
};
/** One scale for all people, so that their lines can be compared: from early to late within what is called tight. */
const PEOPLE_SCALE: PlotScale = { leastRange: 10, hasZero: true };
const FIGURES = Object.keys(SCALES) as Figure[];
const MS_PER_MIN = 60_000;

export function Plots({ view }: { readonly view: ReadonlySignal<View> }) {
  const points = useSlice(view, ({ details }) => details.history);
  const minutes = Math.ceil(spanMs(points) / MS_PER_MIN);
  return (
    <section class="plots" aria-label={words.details.plots.title}>
      <p class="plots-title" aria-hidden="true">
        {words.details.plots.title}
      </p>
      {FIGURES.map((figure) => (
        <Plot
          key={figure}
          label={words.details.plots.figures[figure]}
          figure={figure}
          scale={SCALES[figure]}
          points={points}
          minutes={minutes}
        />
      ))}
    </section>
  );
}

/** How far each other loudspeaker was from where it should be, as its own device told it. */
export function PeoplePlots({ view }: { readonly view: ReadonlySignal<View> }) {
  const { points, others } = useSlice(view, ({ details, people }) => ({
    points: details.history,
    others: people.filter(({ isMe }) => !isMe).map(({ userId, name }) => ({ userId, name })),
  }));
  if (others.length === 0) return null;
  const minutes = Math.ceil(spanMs(points) / MS_PER_MIN);
  return (
    <section class="plots" aria-label={words.details.plots.people}>
      <p class="plots-title" aria-hidden="true">
        {words.details.plots.people}
      </p>
      {others.map(({ userId, name }) => (
        <Plot
          key={userId}
          label={name || words.people.unnamed}
          figure="playbackErrorMs"
          scale={PEOPLE_SCALE}
          points={points.map((point) => ({ ...point, playbackErrorMs: point.others[userId] ?? null }))}
          minutes={minutes}
        />
      ))}
    </section>
  );
}

interface PlotProps {
  readonly label: string;
  readonly figure: Figure;
  readonly scale: PlotScale;
  readonly points: readonly FigurePoint[];
  readonly minutes: number;
}

function Plot({ label, figure, scale, points, minutes }: PlotProps) {
  const { none, silent, value, range } = words.details.plots;
  const line = plotLine(points, figure, scale);
  const now = line.now === null ? silent : value(figure, line.now);
  const course = line.range === null ? none : range(figure, line.range, minutes);
  return (
    <div class="plot">
      <p class="plot-head">
        <span class="plot-label" dir="auto">
          {label}
        </span>
        <span>{line.range === null ? none : now}</span>
      </p>
      <svg
        viewBox={`0 0 ${PLOT_WIDTH} ${PLOT_HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${course}`}
      >
        {line.zeroY !== null && <path class="plot-zero" d={`M0 ${line.zeroY}H${PLOT_WIDTH}`} />}
        <path class="plot-line" d={line.path} />
      </svg>
      {/* Said by the picture's name already. */}
      <p class="meta" aria-hidden="true">
        {line.range !== null && course}
      </p>
    </div>
  );
}
