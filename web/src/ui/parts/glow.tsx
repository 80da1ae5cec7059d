// The rim of the screen, as bright as the song is loud at this loudspeaker: many phones together are one lamp. It rises and
// falls in a third of a second, so that nothing flashes, and is there only for who turns it on.

import { useEffect, useRef } from "preact/hooks";
import type { Actions } from "../../view/index.ts";

/** Of what is still missing, with every picture of a screen that shows sixty a second. */
const APPROACH = 0.06;

export function Glow({ actions }: { readonly actions: Pick<Actions, "level"> }) {
  const rim = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let shown = 0;
    let next = 0;
    const draw = (): void => {
      shown += APPROACH * (actions.level() - shown);
      rim.current?.style.setProperty("opacity", shown.toFixed(3));
      next = requestAnimationFrame(draw);
    };
    draw();
    return () => cancelAnimationFrame(next);
  }, [actions]);
  return <div ref={rim} class="glow" aria-hidden="true" />;
}
