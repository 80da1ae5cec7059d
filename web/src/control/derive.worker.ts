// Runs deriveKeys off the main thread: one request, one answer, then the Worker is ended by its owner.

import { deriveKeys } from "./derive.ts";

interface Request {
  readonly canonical: string;
  readonly sessionSeed: Uint8Array;
}

self.onmessage = (event: MessageEvent<Request>) => {
  deriveKeys(event.data.canonical, event.data.sessionSeed).then(
    (keys) => self.postMessage({ keys }),
    (error: unknown) => self.postMessage({ error: String(error) }),
  );
};
