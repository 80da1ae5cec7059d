// A part of the view that changes only when its content does. The view is made anew many times a second while the clock
// is measured; a component that reads a slice renders, and so paints, only when what it shows is different.

import { computed, type ReadonlySignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { View } from "../view/index.ts";

/** `pick` must return plain data and must not close over what changes between renders. */
export function useSlice<Part>(view: ReadonlySignal<View>, pick: (view: View) => Part): Part {
  return useMemo(() => slice(view, pick), [view]).value;
}

export function slice<Part>(view: ReadonlySignal<View>, pick: (view: View) => Part): ReadonlySignal<Part> {
  let kept: Part | undefined;
  return computed(() => {
    const fresh = pick(view.value);
    if (kept === undefined || !isSame(kept, fresh)) kept = fresh;
    return kept;
  });
}

/** Equality of plain data: numbers, strings, booleans, null, arrays and objects of those. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => isSame(Reflect.get(a, key), Reflect.get(b, key)));
}
