import { describe, expect, it } from "vitest";
import { MediaPacedOutput } from "./webkitgtk.ts";

const POLL_MS = 20;
const DEPTH = { youngSec: 0.1, drySec: 0.063, refillSec: 0.02, fullSec: 0.12 };

/** A card off by `ppm`; its queue is refilled when it runs dry. What is found less what is true, ms, at every poll. */
function errorsMs(
  seconds: number,
  ppm: number,
  options: {
    readonly playedSec?: (playedSec: number, localMs: number) => number | null;
    readonly currentTimeSec?: (currentTimeSec: number, localMs: number) => number;
  } = {},
): number[] {
  const output = new MediaPacedOutput(DEPTH);
  const errors: number[] = [];
  let belowMs = DEPTH.youngSec * 1000;
  for (let localMs = 0; localMs < seconds * 1000; localMs += POLL_MS) {
    belowMs -= POLL_MS * ppm * 1e-6;
    if (belowMs < DEPTH.drySec * 1000) belowMs += DEPTH.refillSec * 1000;
    const jitterMs = ((localMs / POLL_MS) % 5) - 2;
    const renderMs = localMs + jitterMs - 300;
    const cardSec = (localMs * (1 + ppm * 1e-6)) / 1000;
    const { audioSec } = output.poll(
      localMs,
      options.currentTimeSec?.(renderMs / 1000, localMs) ?? renderMs / 1000,
      options.playedSec ? options.playedSec(cardSec, localMs) : cardSec,
    );
    errors.push(audioSec * 1000 - (localMs - 300 - belowMs));
  }
  return errors;
}

const worst = (errors: readonly number[]): number => Math.max(...errors.map(Math.abs));

describe("an output that goes by a card of which the render clock knows nothing", () => {
  it.each([-300, -50, 0, 50, 390])("[P34] is followed while the card is off by %d ppm", (ppm) => {
    const errors = errorsMs(50, ppm);
    expect(worst(errors.slice(2_000 / POLL_MS))).toBeLessThan(0.7); // the card's own way in the first three seconds
  });

  it("[P34] is found again when the queue has run dry and was refilled", () => {
    const errors = errorsMs(400, 390);
    const far = errors.filter((error) => Math.abs(error) > 2);
    expect(far.length * POLL_MS).toBeLessThan(5 * 7_000); // five times dry; one or two blocks each
    expect(worst(errors.slice(-1000))).toBeLessThan(2);
  });

  it("[P34] is followed over the loops, stalls and pauses of what is played", () => {
    const errors = errorsMs(50, 200, {
      playedSec: (sec, localMs) => {
        if (localMs > 30_000 && localMs < 31_000) return null;
        const playedSec = localMs < 31_000 ? sec : sec - 1;
        return playedSec > 20 ? playedSec - 19.994 : playedSec;
      },
    });
    expect(worst(errors.slice(2_000 / POLL_MS))).toBeLessThan(0.7);
  });

  it("[P34] is where young streams have it while nothing tells the card's clock", () => {
    const errors = errorsMs(4, 0, { playedSec: () => null });
    expect(worst(errors)).toBeLessThan(2.01); // the jitter of the render clock
  });

  it("[P34] is looked for anew when the sound was taken away for a while", () => {
    const errors = errorsMs(30, 0, {
      currentTimeSec: (sec, localMs) => (localMs > 10_000 ? sec - 5 : sec),
    });
    expect(worst(errors.slice(15_000 / POLL_MS).map((error) => error + 5_000))).toBeLessThan(0.5);
  });
});
