// How far a loudspeaker may be corrected. Pure. ms.

import { MAX_SPEAKER_DELAY_MS } from "../../protocol/constants/session.gen.ts";

export const saneDelayMs = (delayMs: number): number =>
  Number.isFinite(delayMs) ? Math.round(Math.min(MAX_SPEAKER_DELAY_MS, Math.max(0, delayMs))) : 0;
