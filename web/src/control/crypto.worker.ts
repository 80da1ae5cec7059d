// Cryptography that takes long, off the main thread: the stretching of a key, and SHA-256 of pieces. One script for both,
// because most of it is the same hash. One request, one answer; keeps nothing.

import { type HashReply, type HashRequest, sha256Of } from "../lib/index.ts";
import { type StretchedKey, stretchKey } from "./derive.ts";

export interface StretchRequest {
  readonly canonical: string;
}

export type StretchReply = { readonly stretched: StretchedKey } | { readonly error: string };

interface WorkerPort {
  onmessage: ((event: MessageEvent<StretchRequest | HashRequest>) => void) | null;
  postMessage(reply: StretchReply | HashReply, transfer?: Transferable[]): void;
}

const port = globalThis as unknown as WorkerPort;

port.onmessage = async ({ data }) => {
  if ("buffer" in data) {
    const hash = await sha256Of(new Uint8Array(data.buffer));
    port.postMessage({ ...data, hash }, [data.buffer]);
    return;
  }
  const reply = await stretchKey(data.canonical).then(
    (stretched) => ({ stretched }),
    (error: unknown) => ({ error: String(error) }),
  );
  port.postMessage(reply);
};
