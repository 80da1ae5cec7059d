// What this device says of itself to the others, and what all have said as far as a start goes by it. Pure: it reads the
// session's parts, which know no network. Milliseconds; seconds in the file.

import type { Plan, Readiness } from "../director/index.ts";
import type { FileId, UserId } from "../lib/index.ts";
import type { Player } from "../playback/index.ts";
import type { FileState } from "../swarm/index.ts";
import type { SharedClock } from "../timing/index.ts";
import type { Conductor } from "./conductor.ts";
import type { Hindrance, PeerStatus } from "./peer-message.ts";
import { AFTER_END_SEC } from "./plan-writer.ts";
import type { Peer } from "./roster.ts";

/** What a person set or the device is, told as it stands. */
type Own = Pick<PeerStatus, "name" | "isVisible" | "speakerDelayMs" | "isClicking" | "isPhone">;

export interface StatusParts {
  readonly plan: Plan;
  readonly player: Pick<Player, "read" | "isUnlocked" | "durationSec">;
  readonly conductor: Pick<Conductor, "readyFileId" | "refusalOf" | "positionSecAt" | "isUnalignedAt">;
  readonly clock: Pick<SharedClock, "state" | "estimate">;
  readonly files: readonly FileState[];
}

export function readOwnStatus(own: Own, parts: StatusParts, localMs: number): PeerStatus {
  const { plan, player, conductor, clock } = parts;
  const { errorMs } = player.read();
  return {
    ...own,
    readyFileId: conductor.readyFileId,
    isUnable: plan.fileId !== null && conductor.refusalOf(plan.fileId) !== null,
    rttMs: clock.estimate?.rttMs ?? 0,
    syncErrorMs: errorMs === null ? null : Math.round(errorMs * 1000) / 1000,
    hindrance: readHindrance(parts),
    isUnaligned: conductor.isUnalignedAt(localMs),
    isOver: isSongOver(plan, player.durationSec, conductor.positionSecAt(localMs)),
  };
}

/** What keeps this device from sounding the chosen file, in the order in which it must be got over. */
export function readHindrance({ plan, player, conductor, clock, files }: StatusParts): Hindrance | null {
  const { fileId } = plan;
  if (fileId === null || conductor.readyFileId === fileId || conductor.refusalOf(fileId) !== null)
    return null;
  const file = files.find((candidate) => candidate.fileId === fileId);
  if (!file?.seeded) {
    if (file?.enabled === false) return "turned-off";
    return file?.isOverBudget ? "storage-full" : "fetching";
  }
  if (!player.isUnlocked) return "sound-held";
  return clock.state === "unsynced" || clock.state === "coarse" ? "clock" : "decoding";
}

function isSongOver(plan: Plan, durationSec: number | null, positionSec: number | null): boolean {
  if (plan.state !== "playing" || durationSec === null || positionSec === null) return false;
  return positionSec > durationSec + AFTER_END_SEC;
}

/** How everybody stands towards the chosen file, this device first. */
export function readReadiness(
  fileId: FileId | null,
  me: UserId,
  mine: PeerStatus,
  peers: readonly Peer[],
): readonly Readiness[] {
  const all = [{ userId: me, isAway: false, status: mine }, ...peers];
  return all.map(({ userId, isAway, status }) => ({
    userId,
    isAway,
    isReady: fileId !== null && status?.readyFileId === fileId,
    isUnable: status?.isUnable === true,
    rttMs: status?.rttMs ?? 0,
    speakerDelayMs: status?.speakerDelayMs ?? 0,
  }));
}
