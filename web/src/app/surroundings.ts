// How things stand around a measurement, read from the session. Local ms, global µs.

import { PlayClock } from "../timing/index.ts";
import type { Surroundings } from "./measurement.ts";
import type { SwarmSession } from "./swarm-session.ts";

export function readSurroundings(session: SwarmSession, localMs: number): Surroundings {
  const { clock, director, roster, speakerDelayMs } = session;
  const { estimate } = clock;
  return {
    localMs,
    clock: estimate && {
      clockId: estimate.clockId,
      globalUs: new PlayClock(estimate).globalUsAt(localMs),
      isLocked: clock.state === "locked",
    },
    isQuiet: director.plan.state === "stopped",
    delayMs: speakerDelayMs,
    others: roster.peers.map(({ userId, isAway, status }) => ({
      userId,
      isAway,
      delayMs: status?.speakerDelayMs ?? 0,
    })),
  };
}
