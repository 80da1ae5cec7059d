// Where the output is below a render clock that goes by the system's clock and hides the card's: WebKitGTK. Local ms, audio
// seconds. Pure.
//
// What is rendered waits in GStreamer's queue until the card takes it. The card drains that queue, or fills it, by as much as its
// crystal is off the system's, and currentTime tells nothing of it. What a media element has played goes by the card, so the
// output goes along with that from where it stood below currentTime when the stream was young. A queue that has run dry is
// refilled by GStreamer at a stroke, unseen; it happens where the queue is known to end. docs/timing.md has the measurements.
//
// States: no card's clock (the output stays where a young stream has it) · young (the two clocks are compared) · paced by the
// card.

import type { OutputSample } from "./output-clock.ts";

/** The render clock jitters by 8 ms from poll to poll; only its mean over so long counts. */
const BLOCK_MS = 3_000;
/** What a media element has played loops, stalls and is paused; no crystal leaps like this between two polls. */
const LEAP_MS = 3;
const MAX_SKEW = 5e-4;
/** Another stream: the platform had taken the sound, or the page stood still. */
const NEW_STREAM_MS = 150;

/** A second hand that goes by the card: what something has played, s; null while it does not play. */
export interface MediaElementClock {
  readonly playedSec: number | null;
  close(): void;
}

/** How far the output may be below currentTime, s. */
export interface QueueDepth {
  /** In a young stream. */
  readonly youngSec: number;
  /** Less than this, and the queue has run dry; then it is refilled by `refillSec`. */
  readonly drySec: number;
  readonly refillSec: number;
  /** More is not held. */
  readonly fullSec: number;
}

export class MediaPacedOutput {
  readonly #depth: QueueDepth;
  /** Of the render clock less the card's, ms. */
  #block: { readonly sinceMs: number; sumMs: number; samples: number } | null = null;
  /** How far the output is ahead of the card's clock, ms; null while the stream is young. */
  #aheadMs: number | null = null;
  /** The card's clock without its leaps, less local time, at the last poll. */
  #card: { readonly localMs: number; readonly playedLeadMs: number; readonly leadMs: number } | null = null;

  constructor(depth: QueueDepth) {
    this.#depth = depth;
  }

  /** `playedSec`: what the media element has played; null while it does not play. */
  poll(localMs: number, currentTimeSec: number, playedSec: number | null): OutputSample {
    const renderLeadMs = currentTimeSec * 1000 - localMs;
    const cardLeadMs = this.#cardLeadMs(localMs, playedSec);
    const leadMs =
      cardLeadMs === null
        ? renderLeadMs - this.#depth.youngSec * 1000
        : cardLeadMs + this.#outputAheadMs(localMs, renderLeadMs - cardLeadMs);
    return { localMs, audioSec: (localMs + leadMs) / 1000 };
  }

  /** Stands still in local time while there is nothing to go by, and over a leap. */
  #cardLeadMs(localMs: number, playedSec: number | null): number | null {
    const last = this.#card;
    if (playedSec === null) return last?.leadMs ?? null;
    const playedLeadMs = playedSec * 1000 - localMs;
    const movedMs = last ? playedLeadMs - last.playedLeadMs : 0;
    const isLeap = last !== null && Math.abs(movedMs) > LEAP_MS + MAX_SKEW * (localMs - last.localMs);
    const leadMs = (last?.leadMs ?? playedLeadMs) + (isLeap ? 0 : movedMs);
    this.#card = { localMs, playedLeadMs, leadMs };
    return leadMs;
  }

  /** `renderAheadMs`: the render clock less the card's. */
  #outputAheadMs(localMs: number, renderAheadMs: number): number {
    const { youngSec } = this.#depth;
    const isOther =
      this.#aheadMs !== null && Math.abs(renderAheadMs - youngSec * 1000 - this.#aheadMs) > NEW_STREAM_MS;
    if (isOther) this.#aheadMs = this.#block = null;
    this.#block ??= { sinceMs: localMs, sumMs: 0, samples: 0 };
    this.#block.sumMs += renderAheadMs;
    this.#block.samples += 1;
    const meanMs = this.#block.sumMs / this.#block.samples;
    const isWhole = localMs - this.#block.sinceMs >= BLOCK_MS;
    if (isWhole) {
      this.#block = null;
      this.#aheadMs = meanMs - this.#belowSec(meanMs) * 1000;
    }
    return this.#aheadMs ?? meanMs - youngSec * 1000;
  }

  /** How far the output is below the render clock that was `renderAheadMs` ahead of the card's, on average. */
  #belowSec(renderAheadMs: number): number {
    if (this.#aheadMs === null) return this.#depth.youngSec;
    const belowSec = (renderAheadMs - this.#aheadMs) / 1000;
    const filledSec = belowSec < this.#depth.drySec ? belowSec + this.#depth.refillSec : belowSec;
    return Math.min(filledSec, this.#depth.fullSec);
  }
}
