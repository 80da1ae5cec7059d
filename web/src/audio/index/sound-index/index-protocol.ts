// What the page and sound-index.worker.ts say to each other: the Worker asks for bytes of the file, one range at a time, until it
// has the index or knows that there is none.

import type { Bytes } from "../../../lib/index.ts";
import type { SoundIndex } from "./sound-index.ts";

export type IndexRequest =
  | { readonly type: "index"; readonly sizeBytes: number }
  /** What was asked for; null where the file could not be read. */
  | { readonly type: "bytes"; readonly bytes: Bytes | null };

export type IndexAnswer =
  | { readonly type: "read"; readonly fromByte: number; readonly toByte: number }
  | { readonly type: "made"; readonly index: SoundIndex | null };
