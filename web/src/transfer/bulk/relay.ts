// The main thread's end of a bulk channel that the browser does not hand over to a Worker: passes on what comes and what goes.

import type { RelayedEvent } from "./messages.ts";

export class Relay {
  readonly #channel: RTCDataChannel;
  readonly #tell: (event: RelayedEvent, transfer?: Transferable[]) => void;
  #takenBytes = 0;

  constructor(channel: RTCDataChannel, tell: (event: RelayedEvent, transfer?: Transferable[]) => void) {
    this.#channel = channel;
    this.#tell = tell;
    channel.binaryType = "arraybuffer";
    channel.onopen = () => tell({ type: "open" });
    channel.onclose = () => tell({ type: "close" });
    channel.onbufferedamountlow = () => this.#tellDrained();
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      tell({ type: "message", data }, data instanceof ArrayBuffer ? [data] : []);
    };
  }

  send(frame: ArrayBuffer, lowThresholdBytes: number): void {
    this.#takenBytes += frame.byteLength;
    this.#channel.bufferedAmountLowThreshold = lowThresholdBytes;
    try {
      this.#channel.send(frame);
    } catch {
      this.#tell({ type: "close" });
      return;
    }
    if (this.#channel.bufferedAmount <= lowThresholdBytes) this.#tellDrained();
  }

  close(): void {
    const channel = this.#channel;
    channel.onopen = channel.onclose = channel.onmessage = channel.onbufferedamountlow = null;
  }

  #tellDrained(): void {
    this.#tell({
      type: "drained",
      bufferedBytes: this.#channel.bufferedAmount,
      takenBytes: this.#takenBytes,
    });
  }
}
