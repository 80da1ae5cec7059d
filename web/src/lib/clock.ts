// Where the pure cores get their time from. All values are local time: milliseconds of `performance.now()`, which is
// monotonic but stops while the device sleeps (except on Windows). Only `realClock` touches the ambient clock.

export interface Clock {
  /** Local time, ms. */
  nowMs(): number;
  /** Wall time, ms since 1970: only compared with `nowMs` to notice that the device slept. */
  wallMs(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it and may be called twice. */
  after(delayMs: number, task: () => void): () => void;
}

export const realClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, task) {
    const id = setTimeout(task, delayMs);
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
