// A limit for waits on what the browser promises about files: storage, hashing, reading. Such a promise may never settle, and
// whoever waits for it must not wait for ever. Local ms.

import { type Clock, FileError, LateError, within as withinLimit } from "../../lib/index.ts";

/** Rejects FileError file-unreadable when `work` has not settled after `limitMs`, and calls `onLate` before. */
export function within<T>(
  clock: Clock,
  limitMs: number,
  work: Promise<T>,
  detail: string,
  onLate: () => void = () => undefined,
): Promise<T> {
  return withinLimit(clock, limitMs, work).catch((cause: unknown) => {
    if (!(cause instanceof LateError)) throw cause;
    onLate();
    throw new FileError("file-unreadable", `${detail}: no answer`, { cause });
  });
}
