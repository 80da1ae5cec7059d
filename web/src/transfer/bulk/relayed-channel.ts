// The plane's end of a channel that its browser does not hand over to a Worker: what is sent and what comes passes through the page's
// main thread, whole buffers at a time, none of them copied. Looks like the channel itself.

import type { BulkChannel } from "../net/send-queue.ts";
import type { RelayedEvent } from "./messages.ts";

export class RelayedChannel implements BulkChannel {
  bufferedAmountLowThreshold = 0;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onbufferedamountlow: (() => void) | null = null;
  readonly #relay: (frame: ArrayBuffer, lowThresholdBytes: number) => void;
  #sentBytes = 0;
  /** Of these, what the real channel has been given, and holds. */
  #takenBytes = 0;
  #bufferedBytes = 0;

  constructor(relay: (frame: ArrayBuffer, lowThresholdBytes: number) => void) {
    this.#relay = relay;
  }

  get bufferedAmount(): number {
    return this.#sentBytes - this.#takenBytes + this.#bufferedBytes;
  }

  send(frame: ArrayBuffer): void {
    this.#sentBytes += frame.byteLength;
    this.#relay(frame, this.bufferedAmountLowThreshold);
  }

  take(event: RelayedEvent): void {
    switch (event.type) {
      case "open":
        this.onopen?.();
        return;
      case "close":
        this.onclose?.();
        return;
      case "message":
        this.onmessage?.({ data: event.data });
        return;
      case "drained":
        this.#takenBytes = event.takenBytes;
        this.#bufferedBytes = event.bufferedBytes;
        if (this.bufferedAmount <= this.bufferedAmountLowThreshold) this.onbufferedamountlow?.();
        return;
    }
  }
}
