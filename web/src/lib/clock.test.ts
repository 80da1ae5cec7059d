import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { realClock } from "./clock.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the real clock", () => {
  it.each([2 ** 31 - 1, 2 ** 31, 1e15, Number.POSITIVE_INFINITY])(
    "waits for long where it is told to wait for %d ms",
    (delayMs) => {
      const task = vi.fn();
      realClock.after(delayMs, task);
      vi.advanceTimersByTime(86_400_000);
      expect(task).not.toHaveBeenCalled();
    },
  );

  it("runs a task once when its time has come, unless that was taken back", () => {
    const [task, other] = [vi.fn(), vi.fn()];
    realClock.after(10, task);
    realClock.after(10, other)();
    vi.advanceTimersByTime(100);
    expect(task).toHaveBeenCalledOnce();
    expect(other).not.toHaveBeenCalled();
  });
});
