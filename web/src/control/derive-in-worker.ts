// Starts the stretching Worker and remembers its answer: the join screen begins as soon as the link's key is known, so
// that the tap does not wait for it.

import type { SwarmKeys } from "./derive.ts";

type Answer = { readonly keys: SwarmKeys } | { readonly error: string };

export class KeyStretcher {
  readonly #sessionSeed: Uint8Array;
  #last: { readonly canonical: string; readonly keys: Promise<SwarmKeys> } | null = null;

  constructor(sessionSeed: Uint8Array) {
    this.#sessionSeed = sessionSeed;
  }

  /** Keys of a canonical swarm key; repeated calls for the same one share the work. */
  derive(canonical: string): Promise<SwarmKeys> {
    if (this.#last?.canonical === canonical) return this.#last.keys;
    const keys = this.#run(canonical);
    this.#last = { canonical, keys };
    keys.catch(() => {
      this.#last = null; // a failed attempt, for example out of memory, may be tried again
    });
    return keys;
  }

  #run(canonical: string): Promise<SwarmKeys> {
    const worker = new Worker(new URL("./derive.worker.ts", import.meta.url), { type: "module" });
    return new Promise<SwarmKeys>((resolve, reject) => {
      worker.onmessage = (event: MessageEvent<Answer>) =>
        "keys" in event.data ? resolve(event.data.keys) : reject(new Error(event.data.error));
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage({ canonical, sessionSeed: this.#sessionSeed });
    }).finally(() => worker.terminate());
  }
}
