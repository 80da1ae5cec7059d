// What a page leaves for the page that a reload brings: which files it knew, whose they are, which were switched off. The pieces
// themselves are in the store and are checked anew; this is what the store does not know. Text, for a tab's session storage.

import * as v from "valibot";
import { type Bytes, type FileId, fromBase64Url, isFileId, toBase64Url } from "../../lib/index.ts";
import { cleanFileName } from "./file-name.ts";
import { encodeHashes, type Manifest, parseManifest } from "./manifest.ts";

export interface KeptFile {
  readonly fileId: FileId;
  readonly manifest: Manifest;
  readonly name: string;
  readonly isMine: boolean;
  readonly isEnabled: boolean;
  readonly annotation: Bytes | null;
  readonly index: Bytes | null;
}

/** A tab's storage takes some five million: indexes of others' files beyond this come again from those who have them. */
const MAX_INDEX_CHARS = 1_000_000;

const resumeStateSchema = v.array(
  v.object({
    fileId: v.custom<FileId>((value) => typeof value === "string" && isFileId(value)),
    sizeBytes: v.number(),
    sha256: v.string(),
    name: v.string(),
    isMine: v.boolean(),
    isEnabled: v.boolean(),
    annotation: v.nullable(v.string()),
    index: v.nullable(v.string()),
  }),
);

export function encodeResumeState(files: readonly KeptFile[]): string {
  let indexChars = 0;
  const indexText = ({ isMine, index }: KeptFile): string | null => {
    const text = index && toBase64Url(index);
    indexChars += isMine ? 0 : (text?.length ?? 0);
    return isMine || indexChars <= MAX_INDEX_CHARS ? text : null;
  };
  return JSON.stringify(
    files.map((file) => {
      const { fileId, manifest, name, isMine, isEnabled, annotation } = file;
      return {
        fileId,
        sizeBytes: manifest.sizeBytes,
        sha256: encodeHashes(manifest),
        name,
        isMine,
        isEnabled,
        annotation: annotation && toBase64Url(annotation),
        index: indexText(file),
      };
    }),
  );
}

/** Throws on anything that `encodeResumeState` did not make. */
export function decodeResumeState(text: string): KeptFile[] {
  return v.parse(resumeStateSchema, JSON.parse(text)).map((kept) => ({
    fileId: kept.fileId,
    manifest: parseManifest(kept.fileId, kept.sizeBytes, kept.sha256),
    name: cleanFileName(kept.name),
    isMine: kept.isMine,
    isEnabled: kept.isEnabled,
    annotation: kept.annotation === null ? null : fromBase64Url(kept.annotation),
    index: kept.index === null ? null : fromBase64Url(kept.index),
  }));
}
