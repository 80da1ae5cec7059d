import { describe, expect, it } from "vitest";
import { VirtualClock } from "./testing/index.ts";
import { LateError, within } from "./within.ts";

const never = new Promise<never>(() => undefined);

describe("a limit for what the platform promises", () => {
  it("hands on what comes in time, and what fails", async () => {
    const clock = new VirtualClock();
    await expect(within(clock, 1_000, Promise.resolve(5))).resolves.toBe(5);
    await expect(within(clock, 1_000, Promise.reject(new RangeError("full")))).rejects.toThrow("full");
  });

  it("ends a wait that would never end", async () => {
    const clock = new VirtualClock();
    const waiting = within(clock, 3_500, never);
    const outcome = expect(waiting).rejects.toBeInstanceOf(LateError);
    clock.advance(3_500);
    clock.advance(1_000);
    await outcome;
  });

  it("throws away what comes late", async () => {
    const clock = new VirtualClock();
    let answer = (_: string): void => undefined;
    const late: string[] = [];
    const promised = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const waiting = within(clock, 1_000, promised, (value) => late.push(value));
    const outcome = expect(waiting).rejects.toBeInstanceOf(LateError);
    clock.advance(2_000);
    await outcome;
    answer("a sound");
    await promised;
    expect(late).toEqual(["a sound"]);
  });
});
