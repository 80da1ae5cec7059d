// Whether this device can sound the chosen file, the first reason why not, and the same of everybody else by their last status.
// Pure.

import type { Player } from "../../audio/index.ts";
import type { SyncedClock } from "../../clock/index.ts";
import type { Plan, Readiness } from "../../director/index.ts";
import type { FileId, UserId } from "../../lib/index.ts";
import type { FileState } from "../../transfer/index.ts";
import type { NotReadyReason, PeerStatus } from "./peer-message.ts";
import type { PlaybackProgress } from "./playback-target.ts";
import type { Peer } from "./roster.ts";

export interface ReadinessParts {
  readonly plan: Plan;
  readonly player: Pick<Player, "isUnlocked" | "isSettled" | "isLoaded">;
  readonly controller: Pick<PlaybackProgress, "refusalOf">;
  readonly clock: Pick<SyncedClock, "state">;
  readonly files: readonly FileState[];
}

/**
 * The chosen file, if this device could sound it right now; before a start also in step (P27). A director may start a song at
 * once that was paused, so what is said while nothing plays must hold for a start.
 */
export function readReadyFileId({ plan, player, clock }: Omit<ReadinessParts, "controller" | "files">) {
  const isSettled = plan.state === "playing" || player.isSettled;
  const isTimeKnown = clock.state !== "unsynced" && clock.state !== "coarse";
  return plan.fileId !== null && player.isLoaded(plan.fileId) && player.isUnlocked && isSettled && isTimeKnown
    ? plan.fileId
    : null;
}

/** What keeps this device from sounding the chosen file, in the order in which it must be got over. */
export function readNotReadyReason(parts: ReadinessParts): NotReadyReason | null {
  const { plan, player, controller, clock, files } = parts;
  const { fileId } = plan;
  if (fileId === null || readReadyFileId(parts) === fileId || controller.refusalOf(fileId) !== null)
    return null;
  const file = files.find((candidate) => candidate.fileId === fileId);
  if (!file?.seeded) {
    if (file?.enabled === false) return "turned-off";
    return file?.isOverBudget ? "storage-full" : "fetching";
  }
  if (!player.isUnlocked) return "sound-held";
  if (clock.state === "unsynced" || clock.state === "coarse") return "clock";
  return player.isLoaded(fileId) ? "clock" : "decoding"; // P27: the sound card's
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
    ...(status && { startMs: status.startMs }),
  }));
}
