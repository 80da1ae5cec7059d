// Where the programme is at a local moment, in the clock in which its plan is written: that of the server, or, where the server is
// another by now, the one by which the loudspeaker still plays. Pure; local ms, global µs.

import type { SyncedClock } from "../../clock/index.ts";
import { currentAt, type Plan, type Queue, type Stretch } from "../../director/index.ts";
import type { PlaybackProgress } from "./playback-target.ts";

export interface ClockParts {
  readonly clock: Pick<SyncedClock, "estimate" | "globalUsAt">;
  readonly controller: Pick<PlaybackProgress, "soundingAt">;
}

/** Null where neither is known here. */
export function planUsAt(
  { clockId }: Plan,
  { clock, controller }: ClockParts,
  localMs: number,
): number | null {
  if (clock.estimate?.clockId === clockId) return clock.globalUsAt(localMs);
  const sounding = controller.soundingAt(localMs);
  return sounding?.clockId === clockId ? sounding.globalUs : null;
}

/** What plays now, before its start what will; null while nothing plays, all is over, or the clock is not known here. */
export function stretchNow(plan: Plan, queue: Queue, parts: ClockParts, localMs: number): Stretch | null {
  if (plan.state !== "playing") return null;
  const planUs = planUsAt(plan, parts, localMs);
  return planUs === null ? null : currentAt(plan, queue, planUs);
}

/** The plan as its director would write it on now: of what plays, in the same clock. */
export function planNow(plan: Plan, queue: Queue, parts: ClockParts, localMs: number): Plan {
  const stretch = stretchNow(plan, queue, parts, localMs);
  if (!stretch || (stretch.entryId === plan.entryId && stretch.lap === 0)) return plan;
  const { entryId, fileId, startUs: globalStartUs, positionUs } = stretch;
  const loopUs = entryId === plan.entryId ? plan.loopUs : null;
  return { ...plan, entryId, fileId, globalStartUs, positionUs, loopUs };
}

/** µs in the song; before the stretch begins, where it begins. */
export const positionUsIn = (stretch: Stretch, planUs: number): number =>
  stretch.positionUs + (Math.max(0, planUs - stretch.startUs) * stretch.tempo) / 100;
