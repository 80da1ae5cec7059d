// Who works on a missing piece. Of every file that is fetched, each missing piece has an owner at any moment: the store that
// opens the file or checks the piece, a neighbour that was asked, or nobody who could be asked now. Each of these ends: a
// store has a deadline, a neighbour its patience (remote-source.ts), and a pause after a refusal runs out. "neglected" is a fault
// of this program: somebody could be asked, and nobody was. Tests look for it after every event. Local ms.

import type { FileId, UserId } from "../../lib/index.ts";
import type { CoreState } from "./core.ts";
import type { KnownFile } from "./known-file.ts";
import type { Neighbour } from "./neighbour.ts";

/** A store that has not answered by now is taken to never do so. The shell gives up sooner (content.ts). */
export const STORE_PATIENCE_MS = 60_000;
/** After so many checks in a row without an answer, there is no room for the file as far as anyone can tell. */
export const MAX_UNANSWERED_CHECKS = 3;
/** A file of which nothing was asked for so long, and nothing came, is asked of whoever says to have all of it, shown or not. */
export const STALLED_AFTER_MS = 3_000;
/** A pause may have run out up to one idle tick ago. */
const NOTICED_WITHIN_MS = 1_000;

export type Duty = "held" | "opening" | "checking" | "asked" | "waiting" | "unobtainable" | "neglected";

export function dutyOf(core: CoreState, file: KnownFile, piece: number, localMs: number): Duty {
  if (file.held.has(piece)) return "held";
  if (piece >= file.hashCount) return "unobtainable"; // its owner has not read so far
  if (!file.isOpen) return file.openingSinceLocalMs === null ? "neglected" : "opening";
  if (file.checking.has(piece)) return "checking";
  const inFlight = file.inFlight.get(piece);
  if (inFlight) return isAsked(core, file, piece, inFlight.sources) ? "asked" : "neglected";
  let isObtainable = false;
  for (const neighbour of core.neighbours.values()) {
    if (!neighbour.hasSaidHello || neighbour.isBanned) continue;
    const holding = neighbour.holdings.get(file.fileId);
    if (holding?.length !== file.pieceCount || !holding.has(piece)) continue;
    isObtainable = true;
    const { source } = neighbour;
    const isBusy = source.liveCount > 0 || isReserved(core, neighbour, file);
    const isPausing = source.isRefusing(file.fileId, piece, localMs - NOTICED_WITHIN_MS);
    // Asked of it once and taken back: it owes an answer first, or its link ends (RemoteSource.isDead).
    if (!isBusy && !isPausing && !source.requestOf(file.fileId, piece)) return "neglected";
  }
  return isObtainable ? "waiting" : "unobtainable";
}

/** Missing pieces that somebody could be asked for, and nobody works on. Always empty, or this program is at fault. */
export function neglectedPieces(core: CoreState, localMs: number): { fileId: FileId; piece: number }[] {
  const neglected: { fileId: FileId; piece: number }[] = [];
  let hasRoom = true;
  for (const { source } of core.neighbours.values()) if (source.liveCount > 0) hasRoom = false;
  for (const file of core.fileCatalog.all()) {
    if (!file.manifest || !file.isEnabled || !file.isCommitted || file.isUnstorable) continue;
    for (let piece = 0; piece < file.pieceCount; piece++) {
      if (dutyOf(core, file, piece, localMs) !== "neglected") continue;
      // A phone asks for no more at once than its memory takes; what it has asked for will make room.
      if (hasRoom || file.inFlight.has(piece) || !file.isOpen) neglected.push({ fileId: file.fileId, piece });
    }
  }
  return neglected;
}

/** While the preferred file is coming in, whoever has any of it is kept free for it: it may show more at any moment. */
export function isReserved(core: CoreState, neighbour: Neighbour, file: KnownFile): boolean {
  const preferred = core.preferred && core.fileCatalog.get(core.preferred);
  if (!preferred || preferred === file) return false;
  return preferred.inFlight.size > 0 && neighbour.holdings.has(preferred.fileId);
}

function isAsked(core: CoreState, file: KnownFile, piece: number, sources: Iterable<UserId>): boolean {
  for (const peer of sources) {
    if (!core.neighbours.get(peer)?.source.requestOf(file.fileId, piece)?.isLive) return false;
  }
  return true;
}
