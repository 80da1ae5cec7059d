// What this device says of itself to the others, and what all have said as far as a start goes by it. Pure: it reads the
// session's parts, which know no network. Milliseconds; seconds in the file.

import type { Player } from "../audio/index.ts";
import type { SyncedClock } from "../clock/index.ts";
import type { Plan, Readiness } from "../director/index.ts";
import type { FileId, UserId } from "../lib/index.ts";
import { AFTER_END_SEC } from "../protocol/constants/session.gen.ts";
import type { FileState } from "../transfer/index.ts";
import { toldTroubles, troubleWith } from "./file-troubles.ts";
import type { NotReadyReason, PeerStatus } from "./peer-message.ts";
import type { PlaybackController } from "./playback-controller.ts";
import type { Peer } from "./roster.ts";

/** What a person set or the device is, told as it stands. */
type Own = Pick<PeerStatus, "name" | "isVisible" | "speakerDelayMs" | "isClicking" | "isPhone">;

export interface StatusParts {
  readonly plan: Plan;
  readonly player: Pick<Player, "read" | "isUnlocked" | "loadedId" | "durationSec" | "decodedSec">;
  readonly controller: Pick<
    PlaybackController,
    "readyFileId" | "refusalOf" | "positionSecAt" | "troubles" | "isUnalignedAt"
  >;
  readonly clock: Pick<SyncedClock, "state" | "estimate">;
  readonly files: readonly FileState[];
}

export function readOwnStatus(own: Own, parts: StatusParts, localMs: number): PeerStatus {
  const { plan, player, controller, clock } = parts;
  const positionSec = controller.positionSecAt(localMs);
  // P39: behind what it has of the song it is silent, and off by nothing.
  const isSilent = player.decodedSec !== null && positionSec !== null && positionSec > player.decodedSec;
  const { errorMs: soundingErrorMs, uncertaintyMs } = player.read();
  const errorMs = isSilent ? null : soundingErrorMs;
  const listed = parts.files.map(({ fileId }) => fileId);
  return {
    ...own,
    readyFileId: controller.readyFileId,
    isUnable: plan.fileId !== null && controller.refusalOf(plan.fileId) !== null,
    rttMs: clock.estimate?.rttMs ?? 0,
    syncErrorMs: errorMs === null ? null : Math.round(errorMs * 1000) / 1000,
    uncertaintyMs: errorMs === null ? 0 : (uncertaintyMs ?? 0),
    notReadyReason: readNotReadyReason(parts),
    troubles: toldTroubles(controller.troubles, listed, plan.fileId),
    isUnaligned: controller.isUnalignedAt(localMs),
    isOver: isSongOver(plan, player.durationSec, positionSec),
  };
}

/** What keeps this device from sounding the chosen file, in the order in which it must be got over. */
export function readNotReadyReason({
  plan,
  player,
  controller,
  clock,
  files,
}: StatusParts): NotReadyReason | null {
  const { fileId } = plan;
  if (fileId === null || controller.readyFileId === fileId || controller.refusalOf(fileId) !== null)
    return null;
  const file = files.find((candidate) => candidate.fileId === fileId);
  if (!file?.seeded) {
    if (file?.enabled === false) return "turned-off";
    return file?.isOverBudget ? "storage-full" : "fetching";
  }
  if (!player.isUnlocked) return "sound-held";
  if (clock.state === "unsynced" || clock.state === "coarse") return "clock";
  return player.loadedId === fileId ? "clock" : "decoding"; // P27: the sound card's
}

function isSongOver(plan: Plan, durationSec: number | null, positionSec: number | null): boolean {
  if (plan.state !== "playing" || durationSec === null || positionSec === null) return false;
  return positionSec > durationSec + AFTER_END_SEC;
}

/** More is nearer to being ready: what is behind in the order of `readNotReadyReason` has been got over. */
function progressOf(notReadyReason: NotReadyReason | null, share: () => number | null): number | null {
  switch (notReadyReason) {
    case "fetching": {
      const held = share();
      return held === null ? null : 1 + held;
    }
    case "sound-held":
      return 3;
    case "clock":
      return 4;
    case "decoding":
      return 5;
    default:
      return 0;
  }
}

/**
 * P39: whether this peer has more to play of the chosen file. One that has it whole counts until it says that it is over,
 * sounding or not; one that has it short only while it sounds. What is not known of anyone counts as silent.
 */
export function isStillHeard(fileId: FileId | null, { isAway, status }: Peer): boolean {
  if (fileId === null || isAway || !status || status.isUnable || status.isOver) return false;
  if (status.syncErrorMs !== null) return true;
  return status.readyFileId === fileId && troubleWith(fileId, status.troubles) !== "short";
}

/** How everybody stands towards the chosen file, this device first; `shareOf`: how much of it somebody is seen to hold. */
export function readReadiness(
  fileId: FileId | null,
  me: UserId,
  mine: PeerStatus,
  peers: readonly Peer[],
  shareOf: (userId: UserId) => number | null = () => null,
): readonly Readiness[] {
  const all = [{ userId: me, isAway: false, status: mine }, ...peers];
  return all.map(({ userId, isAway, status }) => ({
    userId,
    isAway,
    isReady: fileId !== null && status?.readyFileId === fileId,
    isUnable: status?.isUnable === true,
    progress: progressOf(status?.notReadyReason ?? null, () => shareOf(userId)),
    rttMs: status?.rttMs ?? 0,
    speakerDelayMs: status?.speakerDelayMs ?? 0,
  }));
}
