// Makes the index of one file, away from the page: what a stranger's file does to its readers ends with the Worker.

import type { Bytes } from "../../../lib/index.ts";
import type { IndexAnswer, IndexRequest } from "./index-protocol.ts";
import { makeSoundIndex } from "./make-index.ts";

let take: (bytes: Bytes) => void = () => undefined;
let giveUp: () => void = () => undefined;

const answer = (message: IndexAnswer): void => self.postMessage(message);

const read = (fromByte: number, toByte: number): Promise<Bytes> =>
  new Promise((resolve, reject) => {
    take = resolve;
    giveUp = () => reject(new Error("the file cannot be read"));
    answer({ type: "read", fromByte, toByte });
  });

self.onmessage = ({ data }: MessageEvent<IndexRequest>) => {
  if (data.type === "bytes") {
    if (data.bytes) take(data.bytes);
    else giveUp();
    return;
  }
  makeSoundIndex({ sizeBytes: data.sizeBytes, read })
    .catch(() => null)
    .then((index) => answer({ type: "made", index }));
};
