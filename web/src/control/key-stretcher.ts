// Starts the stretching Worker and remembers its answer: the join screen begins as soon as the link's key is known, so
// that the tap does not wait for it.

import { PartMissing, realClock, within } from "../lib/index.ts";
import type { StretchReply } from "./crypto.worker.ts";
import type { StretchedKey } from "./derive.ts";

function openCryptoWorker(): Worker {
  return new Worker(new URL("./crypto.worker.ts", import.meta.url), { type: "module" });
}

/** A slow phone takes some seconds. A Worker that was never loaded takes for ever. */
const LIMIT_MS = 60_000;

export class KeyStretcher {
  #last: { readonly canonical: string; readonly stretched: Promise<StretchedKey> } | null = null;

  /** Of a canonical swarm key; repeated calls for the same one share the work. */
  stretch(canonical: string): Promise<StretchedKey> {
    if (this.#last?.canonical === canonical) return this.#last.stretched;
    const stretched = this.#run(canonical);
    this.#last = { canonical, stretched };
    stretched.catch(() => {
      this.#last = null; // a failed attempt, for example out of memory, may be tried again
    });
    return stretched;
  }

  async #run(canonical: string): Promise<StretchedKey> {
    const worker = openCryptoWorker();
    const stretched = new Promise<StretchedKey>((resolve, reject) => {
      worker.onmessage = (event: MessageEvent<StretchReply>) =>
        "stretched" in event.data ? resolve(event.data.stretched) : reject(new Error(event.data.error));
      // An error that says nothing is one of fetching the worker's script.
      worker.onerror = ({ message }) =>
        reject(message ? new Error(message) : new PartMissing("the key's worker did not arrive"));
      worker.postMessage({ canonical });
    });
    return within(realClock, LIMIT_MS, stretched).finally(() => worker.terminate());
  }
}
