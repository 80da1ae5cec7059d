// Cryptography that takes long, off the main thread: the stretching of a key. One request, one answer; keeps nothing.

import { type StretchedKey, stretchKey } from "./derive.ts";

export interface StretchRequest {
  readonly canonical: string;
}

export type StretchReply = { readonly stretched: StretchedKey } | { readonly error: string };

interface WorkerPort {
  onmessage: ((event: MessageEvent<StretchRequest>) => void) | null;
  postMessage(reply: StretchReply): void;
}

const port = globalThis as unknown as WorkerPort;

port.onmessage = async ({ data }) => {
  const reply = await stretchKey(data.canonical).then(
    (stretched) => ({ stretched }),
    (error: unknown) => ({ error: String(error) }),
  );
  port.postMessage(reply);
};
