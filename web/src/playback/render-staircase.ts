// The port of an engine that tells only its render clock, and a latency it read once: Firefox. Local ms, audio seconds. Pure.
//
// currentTime is a staircase: it jumps by a callback (8 to 21 ms) when one has been rendered, and stands in between, while the
// sound below it runs on evenly. Right after a callback the stream's buffer is full, so the upper edge of the staircase lies a
// constant delay above the port. outputLatency is that buffer's content at the moment somebody first asks for it, wherever
// between full and drained it is just then; the browser keeps the answer for as long as the device stays. Asked right at a
// jump, it therefore says how far the port is below the edge.

import type { PortSample } from "./output-line.ts";

/** A jump is fresh when the poll before it was this near: the next one is at least 8 ms away. */
const FRESH_MS = 6.5;
/** One sample per block: the highest of a dozen jumps, each seen up to a poll late. */
const BLOCK_MS = 150;
/** The edge at the reading is the highest of the jumps this long after it. */
const EDGE_MS = 2_000;
/** An edge that falls or rises by more is another one: an underrun, a new device, a stream that is still filling. */
const NEW_EDGE_MS = 4;
/** The answer is kept for good, and a stream that has just begun gives a poor one: ask when the edge stood this long, */
const STEADY_MS = 1_500;
/** or at the latest this long after the first jump: sound that is some ms off beats silence. */
const PATIENCE_MS = 6_000;

export class RenderStaircase {
  #lastPollMs = Number.NEGATIVE_INFINITY;
  #lastTimeSec = Number.NaN;
  #block: { readonly sinceMs: number; edge: { localMs: number; leadMs: number } | null } | null = null;
  #firstJumpMs: number | null = null;
  #steady: { readonly sinceMs: number; readonly leadMs: number } | null = null;
  #latencySec: number | null = null;
  #reading: { readonly localMs: number; readonly portLeadMs: number; edgeLeadMs: number } | null = null;

  /** The latency as it was read, s; null before. */
  get latencySec(): number | null {
    return this.#latencySec;
  }

  /**
   * One poll, every 4 ms or so. `readLatencySec` asks the browser and is called only right after a jump. Returns a sample of
   * the port at the end of each block; null in between, and until the latency is known.
   */
  poll(localMs: number, currentTimeSec: number, readLatencySec: () => number): PortSample | null {
    const isJump = currentTimeSec > this.#lastTimeSec;
    const isFresh = isJump && localMs - this.#lastPollMs <= FRESH_MS;
    this.#lastPollMs = localMs;
    this.#lastTimeSec = currentTimeSec;
    if (isFresh) this.#jumped(localMs, currentTimeSec * 1000 - localMs, readLatencySec);
    this.#block ??= { sinceMs: localMs, edge: null };
    if (localMs - this.#block.sinceMs < BLOCK_MS) return null;
    const { edge } = this.#block;
    this.#block = null;
    if (!edge) return null;
    if (Math.abs(edge.leadMs - (this.#steady?.leadMs ?? Number.POSITIVE_INFINITY)) > NEW_EDGE_MS) {
      this.#steady = { sinceMs: localMs, leadMs: edge.leadMs };
    }
    if (!this.#reading) return null;
    const belowEdgeMs = this.#reading.edgeLeadMs - this.#reading.portLeadMs;
    return { localMs: edge.localMs, audioSec: (edge.leadMs + edge.localMs - belowEdgeMs) / 1000 };
  }

  #jumped(localMs: number, leadMs: number, readLatencySec: () => number): void {
    this.#firstJumpMs ??= localMs;
    const isSteady = this.#steady !== null && localMs - this.#steady.sinceMs >= STEADY_MS;
    const mayAsk = this.#reading !== null || isSteady || localMs - this.#firstJumpMs >= PATIENCE_MS;
    const latencySec = mayAsk ? readLatencySec() : 0;
    if (this.#block && leadMs > (this.#block.edge?.leadMs ?? Number.NEGATIVE_INFINITY)) {
      this.#block.edge = { localMs, leadMs };
    }
    if (latencySec > 0 && latencySec !== this.#latencySec) {
      this.#latencySec = latencySec;
      this.#reading = { localMs, portLeadMs: leadMs - latencySec * 1000, edgeLeadMs: leadMs };
    }
    const reading = this.#reading;
    if (!reading || localMs - reading.localMs > EDGE_MS) return;
    if (leadMs < reading.edgeLeadMs + NEW_EDGE_MS) reading.edgeLeadMs = Math.max(reading.edgeLeadMs, leadMs);
  }
}
