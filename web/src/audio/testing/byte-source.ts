// Bytes in memory as a file that is read in ranges.

import type { Bytes } from "../../lib/index.ts";
import type { SoundFile } from "../decode/sound.ts";

export const fileOf = (bytes: Uint8Array): SoundFile => ({
  sizeBytes: bytes.length,
  read: async (fromByte, toByte): Promise<Bytes> => new Uint8Array(bytes.slice(fromByte, toByte)),
  arriving: null,
  readWhole: async () => new Uint8Array(bytes).buffer,
});
