// Who has which parts of each file: one strip a person, as high as much of that part is there. The percent beside it says
// the same in figures. Mounted only while Details is open.

import type { ReadonlySignal } from "@preact/signals";
import type { View } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { useSlice } from "../slice.ts";

const HEIGHT = 10;
/** Of the height, so that a part of which nothing is there is still seen to be a part. */
const FLOOR = 0.08;

export function PieceMaps({ view }: { readonly view: ReadonlySignal<View> }) {
  const files = useSlice(view, ({ details }) => details.pieces);
  if (files.length === 0) return null;
  const { title, share } = words.details.pieces;
  return (
    <section class="plots" aria-label={title}>
      <p class="plots-title" aria-hidden="true">
        {title}
      </p>
      {files.map(({ fileId, name, holders }) => (
        <div key={fileId} class="plot">
          <p dir="auto" class="piece-file">
            {name}
          </p>
          {holders.map((holder) => (
            <div key={holder.userId} class="pieces">
              <p class="plot-head">
                <span class="plot-label" dir="auto">
                  {holder.name || words.people.unnamed}
                </span>
                <span>{share(holder.share)}</span>
              </p>
              <svg
                viewBox={`0 0 ${holder.cells.length} ${HEIGHT}`}
                preserveAspectRatio="none"
                aria-hidden="true"
              >
                <path d={strip(holder.cells)} />
              </svg>
            </div>
          ))}
        </div>
      ))}
    </section>
  );
}

/** One bar a cell, from the floor up. */
function strip(cells: readonly number[]): string {
  return cells
    .map((share, index) => {
      const height = Math.round(HEIGHT * Math.max(FLOOR, share) * 10) / 10;
      return `M${index} ${HEIGHT}v-${height}h1v${height}z`;
    })
    .join("");
}
