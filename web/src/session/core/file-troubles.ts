// What this device cannot do with the files that are listed, told to the others in a few bytes each, so that whoever runs
// the music sees before Play who will be silent (rule P40). Pure.

import type { FileId } from "../../lib/index.ts";
import {
  FILE_PREFIX_BYTES,
  type FileTrouble,
  MAX_TOLD_TROUBLES,
} from "../../protocol/constants/session.gen.ts";

export type { FileTrouble };

/** As it is told: of the file's id the first eight bytes, which nobody mistakes among a few songs. */
export interface ToldTrouble {
  readonly filePrefix: string;
  readonly trouble: FileTrouble;
}

const prefixOf = (fileId: FileId): string => fileId.slice(0, 2 * FILE_PREFIX_BYTES);

/** The chosen file first, then as they are listed. */
export function toldTroubles(
  troubles: ReadonlyMap<FileId, FileTrouble>,
  listed: readonly FileId[],
  chosen: FileId | null,
): readonly ToldTrouble[] {
  const inOrder = [...listed].sort((a, b) => Number(b === chosen) - Number(a === chosen));
  const told = inOrder.flatMap((fileId) => {
    const trouble = troubles.get(fileId);
    return trouble ? [{ filePrefix: prefixOf(fileId), trouble }] : [];
  });
  return told.slice(0, MAX_TOLD_TROUBLES);
}

export function troubleWith(fileId: FileId, told: readonly ToldTrouble[] | undefined): FileTrouble | null {
  return told?.find(({ filePrefix }) => filePrefix === prefixOf(fileId))?.trouble ?? null;
}
