import { describe, expect, it } from "vitest";
import { OutputWatch } from "./output-watch.ts";

/** Which of these readings, 100 ms apart, were told to be another output. */
function moves(latencies: readonly (number | null)[]): number[] {
  const watch = new OutputWatch();
  return latencies.flatMap((latencyMs, index) => (watch.hasMoved(latencyMs, index * 100) ? [index] : []));
}
const settled = (latencyMs: number) => Array.from({ length: 50 }, () => latencyMs);
const second = (latencyMs: number | null) => Array.from({ length: 12 }, () => latencyMs);

describe("the output", () => {
  it("[P30] is another one when the reported latency has leapt for a second, and back as well", () => {
    expect(moves([...settled(45), ...second(220), ...second(48)])).toEqual([60, 72]);
  });

  it("[P30] is the same when the latency moves by a buffer, leaps for a moment or is not known", () => {
    expect(moves([...settled(45), ...second(61), ...second(42)])).toEqual([]);
    expect(moves([...settled(45), 220, 220, 45, ...second(45)])).toEqual([]);
    expect(moves([null, 0, ...settled(200), 0, 0, ...second(205)])).toEqual([]);
  });

  it("[P30] is the same when a stream that was taken down in silence comes up with the first sound", () => {
    expect(moves([...second(60), ...second(90), ...second(336), ...settled(336)])).toEqual([]);
  });
});
