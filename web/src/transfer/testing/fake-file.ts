// A file whose piece hashes follow a pattern, for the cores on the fake wire: nothing is hashed.

import type { FileId } from "../../lib/index.ts";
import { fileIdOf, type Manifest, makeManifest, pieceCountOf } from "../core/manifest.ts";

export interface FakeFile {
  readonly fileId: FileId;
  readonly manifest: Manifest;
  readonly name: string;
}

export function fakeFile(sizeBytes: number, name = "song.mp3", salt = 1): FakeFile {
  const hashes = Array.from({ length: pieceCountOf(sizeBytes) }, (_, piece) => {
    return new Uint8Array(32).map((_, index) =>
      index === 0 ? salt : index === 1 ? piece & 255 : piece >> 8,
    );
  });
  const manifest = makeManifest(sizeBytes, hashes);
  return { fileId: fileIdOf(manifest), manifest, name };
}
