// The card's clock, for an engine that tells it nowhere else: what a media element has played. It plays zeros.

import type { MediaElementClock } from "./webkitgtk.ts";

const RATE_HZ = 4_000;
/** It loops; each loop is a leap of some ms that has to be bridged. */
const LENGTH_SEC = 600;
const HEADER_BYTES = 44;
const SILENCE = 128;
/** WebKitGTK calls one in eight of the first media elements of a page unsupported, and plays it the next time. */
const MAX_LOADS = 5;

export class MediaClock implements MediaElementClock {
  readonly #url = URL.createObjectURL(new Blob([silentWav()], { type: "audio/wav" }));
  readonly #element = new Audio(this.#url);
  #loads = 1;

  /** Inside a tap: nothing plays without one. */
  constructor() {
    this.#element.loop = true;
    this.#element.addEventListener("error", () => this.#loadAgain());
    this.#play();
  }

  /** Seconds by the card's clock, with leaps; null while it does not play. */
  get playedSec(): number | null {
    return this.#element.paused || this.#element.currentTime === 0 ? null : this.#element.currentTime;
  }

  close(): void {
    this.#loads = MAX_LOADS;
    this.#element.pause();
    URL.revokeObjectURL(this.#url);
  }

  #loadAgain(): void {
    if (this.#loads >= MAX_LOADS) return;
    this.#loads += 1;
    this.#element.load();
    this.#play();
  }

  #play(): void {
    this.#element.play().catch((error: unknown) => {
      console.info(`no clock from a media element, load ${this.#loads}: ${String(error)}`);
    });
  }
}

/** One channel, 8 bit. */
function silentWav(): ArrayBuffer {
  const bytes = RATE_HZ * LENGTH_SEC;
  const buffer = new ArrayBuffer(HEADER_BYTES + bytes);
  const view = new DataView(buffer);
  const word = (at: number, text: string): void => {
    for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
  };
  word(0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + bytes, true);
  word(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // the format's length
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, RATE_HZ, true);
  view.setUint32(28, RATE_HZ, true); // bytes per second
  view.setUint16(32, 1, true); // bytes per frame
  view.setUint16(34, 8, true); // bits
  word(36, "data");
  view.setUint32(40, bytes, true);
  new Uint8Array(buffer, HEADER_BYTES).fill(SILENCE);
  return buffer;
}
