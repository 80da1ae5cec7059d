// How things stand around a calibration or the measurement of a distance, read from the session. Local ms, global µs.

import { PlaybackClock, type SyncedClock } from "../clock/index.ts";
import type { Director } from "../director/index.ts";
import type { CalibrationContext } from "./core/calibration-core.ts";
import type { Roster } from "./core/roster.ts";

interface Session {
  readonly clock: SyncedClock;
  readonly director: Director;
  readonly roster: Roster;
  readonly speakerDelayMs: number;
}

/** `other`: of what chirps, neither begins while the other sounds. */
export function readCalibrationContext(
  session: Session,
  localMs: number,
  other: { readonly tones: unknown },
): CalibrationContext {
  const { clock, director, roster, speakerDelayMs } = session;
  const { estimate } = clock;
  return {
    localMs,
    clock: estimate && {
      clockId: estimate.clockId,
      globalUs: new PlaybackClock(estimate).globalUsAt(localMs),
      isLocked: clock.state === "locked",
    },
    isQuiet: director.plan.state === "stopped" && other.tones === null,
    delayMs: speakerDelayMs,
    others: roster.peers.map(({ userId, isAway, status }) => ({
      userId,
      isAway,
      delayMs: status?.speakerDelayMs ?? 0,
    })),
  };
}
