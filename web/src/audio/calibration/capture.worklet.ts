// Hands what the microphone hears to the page, in blocks, on the audio thread. Frames of its context. A file of its own,
// because the page's policy runs no script that is made of text.

import { BLOCK_FRAMES, CAPTURE } from "./capture-protocol.ts";

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

class Capture extends AudioWorkletProcessor {
  #block = new Float32Array(BLOCK_FRAMES);
  #filled = 0;

  /** Called with 128 frames, which divide a block. True: go on, also while the microphone says nothing yet. */
  process([input]: readonly (readonly Float32Array[])[]): boolean {
    const heard = input?.[0];
    if (!heard) return true;
    this.#block.set(heard, this.#filled);
    this.#filled += heard.length;
    if (this.#filled < BLOCK_FRAMES) return true;
    this.port.postMessage(this.#block, [this.#block.buffer]);
    this.#block = new Float32Array(BLOCK_FRAMES);
    this.#filled = 0;
    return true;
  }
}

registerProcessor(CAPTURE, Capture);
