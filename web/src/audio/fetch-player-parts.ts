// Fetches what opens, decodes and renders songs: a part of the page by itself, as nobody needs it before the first song. Local ms.

import type { Clock } from "../lib/index.ts";
import type { MakePlayerParts } from "./player-parts.ts";

/** A network that fails for a moment must not leave a device silent. */
const RETRY_MS = 2_000;

export type GivePlayerParts = (clock: Clock, give: (makeParts: MakePlayerParts) => void) => () => void;

/** Tries until it is there; the returned function ends that. */
export const fetchPlayerParts: GivePlayerParts = (clock, give) => {
  let isWanted = true;
  const tryOnce = (): void => {
    if (!isWanted) return;
    import("./player-parts.ts").then(
      ({ makePlayerParts }) => isWanted && give(makePlayerParts),
      (error: unknown) => {
        console.warn(`could not load what plays: ${String(error)}`);
        clock.after(RETRY_MS, tryOnce);
      },
    );
  };
  tryOnce();
  return () => {
    isWanted = false;
  };
};
