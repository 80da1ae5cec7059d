// The space bar pauses and goes on, as in players everywhere, but only while nothing on the page holds the focus: a button,
// a field or a slider has a use of its own for it.

import { useEffect } from "preact/hooks";

export function useSpaceKey(press: (() => void) | null): void {
  useEffect(() => {
    if (!press) return;
    const onKeyDown = (event: KeyboardEvent) => {
      const isElsewhere =
        event.target instanceof Element && event.target.closest("button,input,select,summary,a,dialog");
      if (event.key !== " " || event.repeat || isElsewhere) return;
      event.preventDefault();
      press();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [press]);
}
