// Runs stretchKey off the main thread: one request, one answer, then the Worker is ended by its owner.

import { stretchKey } from "./derive.ts";

interface Request {
  readonly canonical: string;
}

self.onmessage = (event: MessageEvent<Request>) => {
  stretchKey(event.data.canonical).then(
    (stretched) => self.postMessage({ stretched }),
    (error: unknown) => self.postMessage({ error: String(error) }),
  );
};
