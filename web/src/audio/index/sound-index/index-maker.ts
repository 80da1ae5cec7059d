// The page's side of sound-index.worker.ts: a Worker for each file, ended with it.

import { type Clock, within } from "../../../lib/index.ts";
import type { ByteSource } from "./file-reader.ts";
import type { IndexAnswer, IndexRequest } from "./index-protocol.ts";
import type { SoundIndex } from "./sound-index.ts";

/** A second for an hour of FLAC on a desktop; a phone that reads 4 GiB from its storage takes a minute. */
const LIMIT_MS = 120_000;

const makeIndexWorker = (): Worker =>
  new Worker(new URL("./sound-index.worker.ts", import.meta.url), { type: "module" });

/** Null where the file has no index, or none that could be made here. Rejects FileError where it cannot be read. */
export function indexInWorker(
  file: ByteSource,
  clock: Clock,
  makeWorker = makeIndexWorker,
): Promise<SoundIndex | null> {
  let worker: Worker;
  try {
    worker = makeWorker();
  } catch (error) {
    console.warn(`no index is made: ${String(error)}`); // a browser without module Workers
    return Promise.resolve(null);
  }
  const post = (request: IndexRequest, transfer: Transferable[] = []) =>
    worker.postMessage(request, transfer);
  const made = new Promise<SoundIndex | null>((resolve, reject) => {
    worker.onerror = () => resolve(null);
    worker.onmessage = ({ data }: MessageEvent<IndexAnswer>) => {
      if (data.type === "made") resolve(data.index);
      else {
        file.read(data.fromByte, data.toByte).then(
          // A store may hand out its own array: a copy can go to the Worker for good.
          (bytes) => post({ type: "bytes", bytes }),
          reject,
        );
      }
    };
    post({ type: "index", sizeBytes: file.sizeBytes });
  });
  return within(clock, LIMIT_MS, made)
    .catch((error: unknown) => {
      if (error instanceof Error && error.name === "LateError") return null;
      throw error;
    })
    .finally(() => worker.terminate());
}
