// Where an entry of the queue can be put. Pure; places are indexes into the list as it is shown.

import type { EntryId } from "../lib/index.ts";
import type { QueueEntryView } from "../view/index.ts";

type Placed = Pick<QueueEntryView, "entryId" | "isCurrent" | "isOver">;

/** The first entry that is still to come; as many as there are when none is. */
export function firstToCome(entries: readonly Placed[]): number {
  let first = 0;
  entries.forEach(({ isCurrent, isOver }, index) => {
    if (isCurrent || isOver) first = index + 1;
  });
  return first;
}

/** Before which entry the one at `from` goes to end up at `to`: null for the end, undefined where that is no move. */
export function beforeAt(entries: readonly Placed[], from: number, to: number): EntryId | null | undefined {
  const isMove = from !== to && to >= firstToCome(entries) && to < entries.length;
  if (!isMove) return undefined;
  return entries.filter((_, index) => index !== from)[to]?.entryId ?? null;
}

/** Where an entry that is dragged would end up: after all others whose middles lie above its own. Px, from any one edge. */
export function dropPlace(middlesPx: readonly number[], from: number, middlePx: number): number {
  return middlesPx.filter((each, index) => index !== from && each < middlePx).length;
}
