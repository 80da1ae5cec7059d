// A limit for waits on what the browser promises (storage, hashing, reading a file): such a promise may never settle, and
// whoever waits for it must not wait for ever. A late answer is thrown away.

import { type Clock, FileError } from "../lib/index.ts";

/** Rejects FileError file-unreadable when `work` has not settled after `limitMs`, and then calls `onLate`. */
export function within<T>(
  clock: Clock,
  limitMs: number,
  work: Promise<T>,
  detail: string,
  onLate: () => void = () => undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limitMs, () => {
      onLate();
      reject(new FileError("file-unreadable", `${detail}: no answer`));
    });
    work.then(resolve, reject).finally(cancel);
  });
}
