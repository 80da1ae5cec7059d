// Where the pure cores get their time from. All values are local time: milliseconds of `performance.now()`, which is
// monotonic but stops while the device sleeps (except on Windows). Only `realClock` touches the ambient clock.

export interface Clock {
  /** Local time, ms. */
  nowMs(): number;
  /** Wall time, ms since 1970: only compared with `nowMs` to notice that the device slept. */
  wallMs(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it and may be called twice. */
  after(delayMs: number, task: () => void): () => void;
  /** Readings that differ are at least this far apart, and each may be off by as much, ms; 0 while that is not known. Absent: finer than matters. */
  resolutionMs?(): number;
}

/** Steps of 1 ms (Firefox without cross-origin isolation) are less than what people hear and the sound's own clock cares for. */
export const COARSE_FROM_MS = 5;

/** How finely a clock is told, from readings in a row. Pure. A browser that hides the exact time steps by 1 to 100 ms. */
export class ClockResolution {
  #lastMs = Number.NaN;
  #stepMs = Number.POSITIVE_INFINITY;
  #steps = 0;

  add(readingMs: number): void {
    if (readingMs > this.#lastMs) {
      this.#stepMs = Math.min(this.#stepMs, readingMs - this.#lastMs);
      this.#steps += 1;
    }
    this.#lastMs = readingMs;
  }

  /** The smallest step; 0 until several were seen, as a task that was held up leaps over some. */
  get resolutionMs(): number {
    return this.#steps < STEPS_TO_SEE ? 0 : this.#stepMs;
  }
}

const STEPS_TO_SEE = 4;
/** Some tenths of a millisecond, far more than a step of a fine clock. A coarse one is looked at again from time to time. */
const READINGS_IN_A_ROW = 2_000;
const LOOK_AGAIN_MS = 1;

const realResolution = new ClockResolution();

function lookAtResolution(): void {
  for (let reading = 0; reading < READINGS_IN_A_ROW && realResolution.resolutionMs === 0; reading++)
    realResolution.add(performance.now());
  if (realResolution.resolutionMs === 0) setTimeout(lookAtResolution, LOOK_AGAIN_MS);
}

let isLooking = false;

/** A browser takes a longer delay, some 25 days, for none at all, and some delays are what a server says. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const realClock: Clock = {
  resolutionMs() {
    if (!isLooking) {
      isLooking = true;
      lookAtResolution();
    }
    return realResolution.resolutionMs;
  },
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, task) {
    const id = setTimeout(task, Math.min(LONGEST_DELAY_MS, delayMs));
    return () => clearTimeout(id);
  },
};

/** Repeats `task` every `periodMs` until the returned function is called. A late run does not cause a burst. */
export function every(clock: Clock, periodMs: number, task: () => void): () => void {
  let isStopped = false;
  let cancel = clock.after(periodMs, run);
  function run(): void {
    if (isStopped) return;
    cancel = clock.after(periodMs, run);
    task();
  }
  return () => {
    isStopped = true;
    cancel();
  };
}
