// The other end of WorkerHasher: one buffer in, its SHA-256 and the buffer itself out. Keeps nothing.

import type { HashReply } from "./hash.ts";
import { sha256Of } from "./sha256.ts";

interface WorkerPort {
  onmessage: ((event: MessageEvent<{ id: number; buffer: ArrayBuffer }>) => void) | null;
  postMessage(reply: HashReply, transfer: Transferable[]): void;
}

const port = globalThis as unknown as WorkerPort;

port.onmessage = async ({ data: { id, buffer } }) => {
  const hash = await sha256Of(new Uint8Array(buffer));
  port.postMessage({ id, hash, buffer }, [buffer]);
};
