// What the pacer answers on a modelled uplink, in vectors/pacer.trace.json: the headless peer (src/unisono/peer/pacer.py) must
// answer the same at every step (tests/peer/test_pacer.py). UNISONO_WRITE_VECTORS=1 writes them anew.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { Pacer } from "./pacer.ts";

const PATH = join(import.meta.dirname, "../../../../vectors/pacer.trace.json");
const TICK_MS = 20;
const PINGED_TICKS = 5;
const BASE_MS = 12;

interface Step {
  readonly event: string;
  readonly localMs: number;
  readonly name?: string;
  readonly value?: number | boolean;
  readonly answer?: number | boolean;
  readonly bytesPerSec: number;
  readonly chunkBytes: number;
  readonly queueMs: number | null;
}

/** An uplink whose rate changes, two links and the clock, music that comes and goes, pauses, and another network now and then. */
function run(seed: number, ticks: number): Step[] {
  const random = new SeededRandom(seed);
  const pacer = new Pacer();
  const steps: Step[] = [];
  const answers: { readonly dueMs: number; readonly name: string; readonly rttMs: number }[] = [];
  let uplinkBytesPerSec = 250_000 * (1 + 8 * random.fraction());
  let freeMs = 0;
  let isIdle = false;
  const note = (event: string, localMs: number, told: Partial<Step> = {}): void => {
    const { rateBytesPerSec, chunkBytes } = pacer;
    steps.push({
      event,
      localMs,
      ...told,
      bytesPerSec: rateBytesPerSec,
      chunkBytes,
      queueMs: pacer.queueMs(localMs),
    });
  };
  for (let tick = 0; tick < ticks; tick++) {
    // Neither on whole milliseconds nor evenly spaced, as in life.
    const localMs = 1000 + TICK_MS * tick + random.fraction();
    while (answers[0] && answers[0].dueMs <= localMs) {
      const { name, rttMs } = answers.shift() ?? { name: "", rttMs: 0 };
      pacer.recordRtt(name, rttMs, localMs);
      note("rtt", localMs, { name, value: rttMs });
    }
    if (random.fraction() < 0.004) {
      uplinkBytesPerSec = 60_000 * (1 + 30 * random.fraction() ** 2);
    }
    if (random.fraction() < 0.006) isIdle = !isIdle;
    if (random.fraction() < 0.006) {
      const isPlaying = random.fraction() < 0.5;
      pacer.setPlaying(isPlaying);
      note("playing", localMs, { value: isPlaying });
    }
    if (random.fraction() < 0.001) {
      pacer.forgetNetwork();
      note("forget-network", localMs);
    }
    if (random.fraction() < 0.002) {
      pacer.forgetPath("bo");
      note("forget-path", localMs, { name: "bo" });
    }
    if (tick % PINGED_TICKS === 0) {
      const name = (["ada", "bo", "clock"] as const)[(tick / PINGED_TICKS) % 3] ?? "ada";
      if (name !== "clock") {
        pacer.recordPing(name, localMs);
        note("ping", localMs, { name });
      }
      const queuedMs = Math.max(0, freeMs - localMs);
      const isLost = random.fraction() < 0.03;
      const rttMs = BASE_MS + queuedMs + 2 * random.fraction();
      if (!isLost) answers.push({ dueMs: localMs + rttMs, name, rttMs });
      answers.sort((one, other) => one.dueMs - other.dueMs);
    }
    for (let isAllowed = !isIdle; isAllowed; ) {
      const sizeBytes = pacer.chunkBytes;
      isAllowed = pacer.take(sizeBytes, localMs);
      note("take", localMs, { value: sizeBytes, answer: isAllowed });
      if (isAllowed) freeMs = Math.max(freeMs, localMs) + (sizeBytes / uplinkBytesPerSec) * 1000;
    }
    if (tick % 50 === 0) note("wait", localMs, { value: 9_000, answer: pacer.waitMs(9_000, localMs) });
  }
  return steps;
}

it("[V1] [S15] [S16] the pacer's answers are those of the headless peer", () => {
  const runs = [1, 2].map((seed) => run(seed, 600));
  const text = `[\n${runs.map((steps) => `[\n${steps.map((step) => JSON.stringify(step)).join(",\n")}\n]`).join(",\n")}\n]\n`;
  if (process.env.UNISONO_WRITE_VECTORS) writeFileSync(PATH, text);
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(PATH, "utf8")));
});
