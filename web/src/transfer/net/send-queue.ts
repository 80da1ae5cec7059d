// Pieces on their way into one bulk channel, cut into chunks. Refilled by the channel's own `bufferedamountlow`, never by a
// timer: above the high-water mark it stops, at half of it the browser calls. Local ms.

import type { Bytes, Clock } from "../../lib/index.ts";
import { MAX_BULK_BYTES } from "../../protocol/constants/transfer.gen.ts";
import { BULK_HEADER_BYTES, encodeChunk } from "../core/frames.ts";
import type { SendScheduler } from "./send-scheduler.ts";

/**
 * The mark is what drains in 100 ms, within these bounds: less starves a fast path, more delays `ctl` on a slow one. The least is
 * below a piece: one that vanished whole into each of eight channels would count as sent seconds before it has left.
 */
const BUFFERED_MS = 100;
export const MIN_HIGH_WATER_BYTES = 32 * 1024;
export const MAX_HIGH_WATER_BYTES = 1024 * 1024;
const RATE_SMOOTHING = 0.3;

/** The part of RTCDataChannel that the send queue needs. */
export interface BulkChannel {
  readonly bufferedAmount: number;
  bufferedAmountLowThreshold: number;
  send(frame: ArrayBuffer): void;
}

interface Item {
  readonly slot: number;
  readonly piece: number;
  readonly bytes: Bytes;
  readonly onSent: () => void;
  sentBytes: number;
}

export class SendQueue {
  readonly #channel: BulkChannel;
  readonly #clock: Clock;
  readonly #scheduler: SendScheduler;
  readonly #onBroken: () => void;
  readonly #items: Item[] = [];
  /** What its other end takes in one message, without the header. */
  maxPayloadBytes = MAX_BULK_BYTES - BULK_HEADER_BYTES;
  #highWaterBytes = MIN_HIGH_WATER_BYTES;
  #drainBytesPerSec: number | null = null;
  #filled: { readonly toBytes: number; readonly atLocalMs: number } | null = null;
  #isFilling = false;

  /** `onBroken`: the channel takes nothing any more, and what was queued is lost with it. */
  constructor(channel: BulkChannel, clock: Clock, scheduler: SendScheduler, onBroken: () => void) {
    this.#scheduler = scheduler;
    this.#onBroken = onBroken;
    this.#channel = channel;
    this.#clock = clock;
    channel.bufferedAmountLowThreshold = this.#highWaterBytes / 2;
  }

  /** Queues one piece; `onSent` is called when its last chunk is in the channel. */
  add(slot: number, piece: number, bytes: Bytes, onSent: () => void): void {
    this.#items.push({ slot, piece, bytes, onSent, sentBytes: 0 });
    this.fill();
  }

  /** For `bufferedamountlow`. */
  drained(): void {
    this.#measure();
    this.fill();
  }

  /** Sends what the channel and the scheduler have room for; called again by whichever of them had none. */
  fill(): void {
    if (this.#isFilling) return; // onSent may add the next piece: the running loop takes it
    this.#isFilling = true;
    try {
      while (this.#channel.bufferedAmount < this.#highWaterBytes && this.#sendNextChunk());
    } finally {
      this.#isFilling = false;
    }
    if (this.#items.length > 0 && this.#channel.bufferedAmount >= this.#highWaterBytes)
      this.#scheduler.recordFull();
    this.#filled = { toBytes: this.#channel.bufferedAmount, atLocalMs: this.#clock.nowMs() };
  }

  clear(): void {
    this.#scheduler.leave(this);
    this.#items.length = 0;
  }

  #sendNextChunk(): boolean {
    const [item] = this.#items;
    if (!item) return false;
    const chunkBytes = Math.min(this.maxPayloadBytes, this.#scheduler.chunkBytes);
    const end = Math.min(item.bytes.length, item.sentBytes + chunkBytes);
    if (!this.#scheduler.admits(this, end - item.sentBytes)) return false;
    const payload = item.bytes.subarray(item.sentBytes, end);
    const chunk = encodeChunk({ slot: item.slot, piece: item.piece, offsetBytes: item.sentBytes, payload });
    try {
      this.#channel.send(chunk);
    } catch {
      this.clear();
      this.#onBroken(); // the scheduler may have called: whoever comes after must not wait for a channel that is closing
      return false;
    }
    item.sentBytes = end;
    if (end === item.bytes.length) {
      this.#items.shift();
      item.onSent();
    }
    return true;
  }

  #measure(): void {
    const filled = this.#filled;
    if (!filled) return;
    const elapsedSec = (this.#clock.nowMs() - filled.atLocalMs) / 1000;
    const drainedBytes = filled.toBytes - this.#channel.bufferedAmount;
    if (elapsedSec <= 0 || drainedBytes <= 0) return;
    const sample = drainedBytes / elapsedSec;
    const former = this.#drainBytesPerSec;
    this.#drainBytesPerSec = former === null ? sample : former + RATE_SMOOTHING * (sample - former);
    const wishedBytes = (this.#drainBytesPerSec * BUFFERED_MS) / 1000;
    this.#highWaterBytes = Math.min(MAX_HIGH_WATER_BYTES, Math.max(MIN_HIGH_WATER_BYTES, wishedBytes));
    this.#channel.bufferedAmountLowThreshold = this.#highWaterBytes / 2;
  }
}
