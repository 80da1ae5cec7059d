// What this device says of itself to the others. Pure: it reads the session's parts, which know no network. Milliseconds;
// seconds in the file.

import type { Player } from "../../audio/index.ts";
import type { SyncedClock } from "../../clock/index.ts";
import type { Plan } from "../../director/index.ts";
import type { FileId } from "../../lib/index.ts";
import { AFTER_END_SEC } from "../../protocol/constants/session.gen.ts";
import { toldTroubles, troubleWith } from "./file-troubles.ts";
import type { PeerStatus } from "./peer-message.ts";
import type { PlaybackProgress } from "./playback-target.ts";
import { type ReadinessParts, readNotReadyReason, readReadyFileId } from "./readiness.ts";
import type { Peer } from "./roster.ts";
import { errorUncertaintyMs } from "./sync-word.ts";

/** What a person set or the device is, told as it stands. */
type Own = Pick<PeerStatus, "name" | "isVisible" | "speakerDelayMs" | "isClicking" | "isPhone" | "role">;

export interface StatusParts extends ReadinessParts {
  readonly player: ReadinessParts["player"] & Pick<Player, "read" | "durationSec" | "decodedSec">;
  readonly controller: PlaybackProgress;
  readonly clock: Pick<SyncedClock, "state" | "estimate">;
}

export function readOwnStatus(
  { name, isVisible, speakerDelayMs, isClicking, isPhone, role }: Own,
  parts: StatusParts,
  localMs: number,
): PeerStatus {
  const { plan, player, controller, clock } = parts;
  const positionSec = controller.positionSecAt(localMs);
  // P39: behind what it has of the song it is silent, and off by nothing.
  const isSilent = player.decodedSec !== null && positionSec !== null && positionSec > player.decodedSec;
  const { errorMs: soundingErrorMs, uncertaintyMs, startMs } = player.read();
  const errorMs = isSilent ? null : soundingErrorMs;
  const listed = parts.files.map(({ fileId }) => fileId);
  return {
    name,
    isVisible,
    speakerDelayMs,
    isClicking,
    isPhone,
    readyFileId: readReadyFileId(parts),
    isUnable: plan.fileId !== null && controller.refusalOf(plan.fileId) !== null,
    rttMs: clock.estimate?.rttMs ?? 0,
    startMs,
    syncErrorMs: errorMs === null ? null : Math.round(errorMs * 1000) / 1000,
    uncertaintyMs: errorMs === null ? 0 : (errorUncertaintyMs(uncertaintyMs, clock.estimate) ?? 0),
    notReadyReason: readNotReadyReason(parts),
    troubles: toldTroubles(controller.troubles, listed, plan.fileId),
    isUnaligned: controller.isUnalignedAt(localMs),
    isOver: isSongOver(plan, player.durationSec, positionSec),
    ...(role && { role }),
  };
}

function isSongOver(plan: Plan, durationSec: number | null, positionSec: number | null): boolean {
  if (plan.state !== "playing" || durationSec === null || positionSec === null) return false;
  return positionSec > durationSec + AFTER_END_SEC;
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
