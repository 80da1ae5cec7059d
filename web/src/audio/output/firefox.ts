// The output of an engine that tells only its render clock, and a latency it read once: Firefox. Local ms, audio seconds. Pure.
//
// currentTime is a staircase: it jumps by a callback (8 to 21 ms) when one has been rendered, and stands in between, while the
// sound below it runs on evenly. Right after a callback the stream's buffer is full, so the upper edge of the staircase lies a
// constant delay above the output. outputLatency is that buffer's content at the moment somebody first asks for it, wherever
// between full and drained it is just then; the browser keeps the answer for as long as the device stays. Asked while currentTime
// stands, it therefore says how far the output is below it, and so how far below the edge. In the middle of a stair, that is:
// near a jump the buffer may hold a callback (10 ms) less or more than currentTime knows of. It may be wrong for good all the
// same: PulseAudio's client library has smoothed it over five seconds, and a buffer may stand 20 ms too full until the next
// underrun, which the decoding of a song often brings. So it is asked for late: when sound is due, by then decoded, and the
// edge has stood. What is due before that goes by what such a buffer usually holds, and the edges seen until then are dated
// back.

import type { OutputSample } from "./output-clock.ts";

/** A jump is fresh when the poll before it was this near: the next one is at least 8 ms away. */
const FRESH_MS = 6.5;
/**
 * After a jump: what was rendered has been written by then, and the next callback is still some way off (one every 8 to 21 ms).
 */
const MIDDLE_MS = { from: 6, to: 13 } as const;
/** One sample per block: the highest of a dozen jumps, each seen up to a poll late. */
const BLOCK_MS = 150;
/** The edge at the reading is the highest of the jumps this long before and after it. */
const EDGE_MS = 2_000;
/** An edge that falls or rises by more is another one: an underrun, a new device, a stream that is still filling. */
const NEW_EDGE_MS = 4;
/** The answer is kept for good: ask when nothing has moved for longer than what PulseAudio looks back, */
const STEADY_MS = 6_000;
/** or, while nobody waits, for so long that nothing more is to be expected. */
const SETTLED_MS = 20_000;
/**
 * From the edge to the output until then, and where nobody may ask: the median of 24 streams of Firefox 153 on the rig's
 * PulseAudio, heard beside Chromium. They differ by 0.3 ms (standard deviation).
 */
export const USUALLY_BELOW_MS = 50.2;

interface Edge {
  readonly localMs: number;
  readonly leadMs: number;
}

export class FirefoxOutput {
  #lastPollMs = Number.NEGATIVE_INFINITY;
  #lastTimeSec = Number.NaN;
  /** When the last jump was seen, if it was fresh. */
  #jumpedLocalMs = Number.NEGATIVE_INFINITY;
  #block: { readonly sinceMs: number; edge: Edge | null } | null = null;
  /** Of the last blocks, and not told yet: nobody knew how far the output was below them. */
  #unreported: Edge[] = [];
  #steady: { readonly sinceMs: number; readonly leadMs: number } | null = null;
  #latencySec: number | null = null;
  #reading: { readonly localMs: number; readonly outputLeadMs: number; edgeLeadMs: number } | null = null;
  readonly #mayAsk: boolean;

  constructor({ mayAsk }: { readonly mayAsk: boolean } = { mayAsk: true }) {
    this.#mayAsk = mayAsk;
  }

  /** The latency as it was read, s; null before. The usual one where nobody may ask. */
  get latencySec(): number | null {
    return this.#mayAsk ? this.#latencySec : USUALLY_BELOW_MS / 1000;
  }

  /**
   * One poll, every 4 ms or so. `readLatencySec` asks the browser and is called only in the middle of a stair. Returns a sample of
   * the output at the end of each block, once the latency is known or sound is due; with the first, those of the last 2 s.
   */
  poll(
    localMs: number,
    currentTimeSec: number,
    isSoundDue: boolean,
    readLatencySec: () => number,
  ): readonly OutputSample[] {
    const isJump = currentTimeSec > this.#lastTimeSec;
    const sinceLastMs = localMs - this.#lastPollMs;
    const isFresh = isJump && sinceLastMs <= FRESH_MS;
    this.#lastPollMs = localMs;
    this.#lastTimeSec = currentTimeSec;
    const leadMs = currentTimeSec * 1000 - localMs;
    if (isFresh) this.#jumped(localMs, leadMs);
    if (isJump) this.#jumpedLocalMs = isFresh ? localMs : Number.NEGATIVE_INFINITY;
    const stoodMs = localMs - this.#jumpedLocalMs;
    const isMiddle = stoodMs >= MIDDLE_MS.from && stoodMs <= MIDDLE_MS.to;
    if (this.#mayAsk && isMiddle && this.#isTimeToAsk(localMs, leadMs + stoodMs, isSoundDue)) {
      this.#take(readLatencySec(), localMs, leadMs, stoodMs);
    }
    this.#block ??= { sinceMs: localMs, edge: null };
    if (localMs - this.#block.sinceMs < BLOCK_MS) return [];
    const { edge } = this.#block;
    this.#block = null;
    if (!edge) return [];
    if (Math.abs(edge.leadMs - (this.#steady?.leadMs ?? Number.POSITIVE_INFINITY)) > NEW_EDGE_MS) {
      this.#steady = { sinceMs: localMs, leadMs: edge.leadMs };
      this.#unreported = [];
    }
    this.#unreported = [...this.#unreported.filter((old) => localMs - old.localMs <= EDGE_MS), edge];
    const reading = this.#reading;
    if (this.#mayAsk && !reading && !isSoundDue) return [];
    const belowEdgeMs = reading ? reading.edgeLeadMs - reading.outputLeadMs : USUALLY_BELOW_MS;
    const told = this.#unreported;
    this.#unreported = [];
    return told.map((each) => ({
      localMs: each.localMs,
      audioSec: (each.leadMs + each.localMs - belowEdgeMs) / 1000,
      kind: "edge",
    }));
  }

  #jumped(localMs: number, leadMs: number): void {
    if (this.#block && leadMs > (this.#block.edge?.leadMs ?? Number.NEGATIVE_INFINITY)) {
      this.#block.edge = { localMs, leadMs };
    }
    const reading = this.#reading;
    if (!reading || localMs - reading.localMs > EDGE_MS) return;
    if (leadMs < reading.edgeLeadMs + NEW_EDGE_MS) reading.edgeLeadMs = Math.max(reading.edgeLeadMs, leadMs);
  }

  #take(latencySec: number, localMs: number, leadMs: number, stoodMs: number): void {
    if (latencySec <= 0 || latencySec === this.#latencySec) return;
    this.#latencySec = latencySec;
    const edgeLeadMs = Math.max(leadMs + stoodMs, ...this.#unreported.map((edge) => edge.leadMs));
    this.#reading = { localMs, outputLeadMs: leadMs - latencySec * 1000, edgeLeadMs };
  }

  /** `leadMs` at the jump before. */
  #isTimeToAsk(localMs: number, leadMs: number, isSoundDue: boolean): boolean {
    if (this.#reading) return true; // the browser answers as before, unless the device is another one
    const steady = this.#steady;
    // A page that was held up renders several callbacks at a stroke: a buffer fuller than ever is no edge to go by.
    const isUsual = steady !== null && Math.abs(leadMs - steady.leadMs) <= FRESH_MS;
    return isUsual && localMs - steady.sinceMs >= (isSoundDue ? STEADY_MS : SETTLED_MS);
  }
}
