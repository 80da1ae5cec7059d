// A limit for what the platform promises and may never keep. Only time in which this page ran counts: a device that slept,
// or a hidden page whose timers were held back, has not been waiting. Local ms.

import { type Clock, every } from "./clock.ts";

const LOOK_MS = 1_000;
/** A look that comes later than this was held back, and counts no more. */
const MAX_LOOK_MS = 5_000;

export class LateError extends Error {
  constructor(limitMs: number) {
    super(`no answer within ${limitMs} ms`);
    this.name = "LateError";
  }
}

/** What was promised; throws LateError after `limitMs`. `throwAway` is given what comes later than that. */
export function within<Value>(
  clock: Clock,
  limitMs: number,
  promised: Promise<Value>,
  throwAway: (late: Value) => void = () => undefined,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    let waitedMs = 0;
    let lookedMs = clock.nowMs();
    const stop = every(clock, Math.min(LOOK_MS, limitMs), () => {
      const nowMs = clock.nowMs();
      waitedMs += Math.min(MAX_LOOK_MS, nowMs - lookedMs);
      lookedMs = nowMs;
      if (waitedMs < limitMs) return;
      isLate = true;
      stop();
      reject(new LateError(limitMs));
    });
    promised.then(
      (value) => {
        stop();
        if (isLate) throwAway(value);
        else resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error); // without effect when it is late
      },
    );
  });
}
