// Bytes in memory as a file that is read in ranges.

import type { Bytes } from "../../lib/index.ts";
import type { SoundFile } from "../decode/sound.ts";

export const fileOf = (bytes: Uint8Array): SoundFile => ({
  fileId: "song",
  sizeBytes: bytes.length,
  read: async (fromByte, toByte): Promise<Bytes> => new Uint8Array(bytes.slice(fromByte, toByte)),
  index: null,
  arriving: null,
  onFalseIndex: () => undefined,
  readWhole: async () => new Uint8Array(bytes).buffer,
});
