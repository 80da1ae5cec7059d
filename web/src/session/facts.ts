// Everything view-model.ts and snapshot.ts need to know of a session in a swarm, read in one go as plain data. Local ms.

import type { PlaybackReading, Player } from "../audio/index.ts";
import type { ClockState, Disagreement, OffsetEstimate, PlaybackClockVerdict } from "../clock/index.ts";
import type { ControlState } from "../control/index.ts";
import type { Plan } from "../director/index.ts";
import type { FileError, FileId, UserId } from "../lib/index.ts";
import type { FileState, LinkState, Totals } from "../transfer/index.ts";
import type { CalibrationFacts } from "./calibration.ts";
import type { ToldTrouble } from "./core/file-troubles.ts";
import type { NotReadyReason } from "./core/peer-message.ts";
import type { Shortage } from "./core/playback-target.ts";
import { readNotReadyReason, readReadyFileId } from "./core/readiness.ts";
import type { Timings } from "./core/timings.ts";
import type { SwarmSession } from "./session.ts";
import type { SongWords } from "./tag-cache.ts";

export interface PersonFacts {
  readonly userId: UserId;
  readonly name: string;
  readonly isMe: boolean;
  readonly isAway: boolean;
  readonly isVisible: boolean;
  readonly isReady: boolean;
  /** Cannot play the chosen file at all. */
  readonly isUnable: boolean;
  /** What they said of files that they cannot play, or not whole. */
  readonly troubles: readonly ToldTrouble[];
  /** What keeps them from being ready for it; null when nothing does, or nothing was heard of it. */
  readonly notReadyReason: NotReadyReason | null;
  readonly syncErrorMs: number | null;
  /** Of that error. */
  readonly uncertaintyMs: number;
  /** Its decode of the chosen file could not be lined up with the owner's: however small the error, it may be off. */
  readonly isUnaligned: boolean;
  readonly link: LinkState["state"] | null;
  readonly isRelayed: boolean;
}

export interface SessionFacts {
  readonly me: UserId;
  readonly control: ControlState;
  readonly nodeId: string | null;
  readonly clockState: ClockState;
  readonly estimate: OffsetEstimate | null;
  /** This device tells time in steps of so much, ms. */
  readonly clockStepMs: number;
  readonly disagreement: Disagreement | null;
  /** Of the newest probe, queues included. */
  readonly lastRttMs: number | null;
  readonly verdict: PlaybackClockVerdict | null;
  readonly directorId: UserId | null;
  readonly term: number;
  readonly plan: Plan;
  /** Me first, then by name. */
  readonly people: readonly PersonFacts[];
  readonly files: readonly FileState[];
  /** Files that this device cannot play, and why. */
  readonly refusals: ReadonlyMap<FileId, FileError>;
  /** Files of which it has decoded only the beginning. */
  readonly shortages: ReadonlyMap<FileId, Shortage>;
  readonly loadedId: string | null;
  /** What the chosen song says of itself. */
  readonly songWords: SongWords | null;
  /** What the songs that were read say of themselves. */
  readonly songs: ReadonlyMap<FileId, SongWords>;
  /** Of the loaded song, from its beginning to its end; null until they were made. */
  readonly loudness: readonly number[] | null;
  readonly isDecoding: boolean;
  readonly missing: readonly UserId[];
  /** By when the song starts without them; null while nobody is ready. */
  readonly withoutInMs: number | null;
  readonly playback: PlaybackReading;
  /** Seconds until the sound starts; null unless a start is ahead. */
  readonly startsInSec: number | null;
  readonly speakerDelayMs: number;
  readonly isClicking: boolean;
  readonly calibration: CalibrationFacts;
  /** This device gives little of its uplink to the files of others. */
  readonly isGivingLittle: boolean;
  /** What bulk may take of the uplink now, and how long what is sent waits before it; null until measured. */
  readonly pace: { readonly bytesPerSec: number; readonly queueMs: number | null };
  readonly totals: Totals;
  readonly timings: Timings;
}

export function readFacts(session: SwarmSession, player: Player, localMs: number): SessionFacts {
  const { director, swarm, controller, clock, roster } = session;
  const { plan } = director;
  const playback = player.read();
  const links = swarm.links.value;
  const { waiting } = session;
  const startsInSec = controller.startsInSecAt(localMs);
  const files = swarm.files.value;
  const me: PersonFacts = {
    userId: session.me,
    name: session.name,
    isMe: true,
    isAway: false,
    isVisible: session.isVisible,
    isReady: plan.fileId !== null && readReadyFileId({ plan, player, clock }) === plan.fileId,
    isUnable: plan.fileId !== null && controller.refusalOf(plan.fileId) !== null,
    troubles: [],
    notReadyReason: readNotReadyReason({ plan, player, controller, clock, files }),
    syncErrorMs: isBehindHeard(playback) ? null : playback.errorMs,
    uncertaintyMs: playback.uncertaintyMs ?? 0,
    // Alone, there is nobody to be lined up with.
    isUnaligned: roster.peers.length > 0 && controller.isUnalignedAt(localMs),
    link: "open",
    isRelayed: false,
  };
  const others = roster.peers.map(({ userId, isAway, status }) => ({
    userId,
    name: status?.name ?? "",
    isMe: false,
    isAway,
    isVisible: status?.isVisible ?? true,
    isReady: plan.fileId !== null && status?.readyFileId === plan.fileId,
    isUnable: status?.isUnable === true,
    troubles: status?.troubles ?? [],
    notReadyReason: status?.notReadyReason ?? null,
    syncErrorMs: status?.syncErrorMs ?? null,
    uncertaintyMs: status?.uncertaintyMs ?? 0,
    isUnaligned: status?.isUnaligned === true,
    link: links.get(userId)?.state ?? null,
    isRelayed: links.get(userId)?.isRelayed === true,
  }));
  others.sort((a, b) => a.name.localeCompare(b.name) || (a.userId < b.userId ? -1 : 1));
  return {
    me: session.me,
    control: session.controlState,
    nodeId: session.nodeId,
    clockState: clock.state,
    estimate: clock.estimate,
    clockStepMs: clock.resolutionMs,
    disagreement: session.roomTime.disagreement,
    lastRttMs: clock.lastRttMs,
    verdict: controller.verdict,
    directorId: director.directorId,
    term: director.record?.term ?? 0,
    plan,
    people: [me, ...others],
    files,
    refusals: readOfFiles(files, (fileId) => controller.refusalOf(fileId)),
    shortages: readOfFiles(files, (fileId) => controller.shortageOf(fileId)),
    loadedId: player.loadedId,
    songWords: plan.fileId && session.songs.wordsOf(plan.fileId),
    songs: readOfFiles(files, (fileId) => session.songs.wordsOf(fileId)),
    loudness: player.loudness ?? null,
    isDecoding: controller.isDecoding,
    missing: waiting?.missing ?? [],
    withoutInMs: waiting?.withoutInMs ?? null,
    playback,
    startsInSec: startsInSec !== null && startsInSec > 0 ? startsInSec : null,
    speakerDelayMs: session.speakerDelayMs,
    isClicking: session.isClicking,
    calibration: session.calibration.read(),
    isGivingLittle: !swarm.isGenerous.value,
    pace: swarm.pace,
    totals: swarm.totals.value,
    timings: session.timings,
  };
}

function readOfFiles<Known>(
  files: readonly FileState[],
  read: (fileId: FileId) => Known | null,
): ReadonlyMap<FileId, Known> {
  const known = files.flatMap(({ fileId }) => {
    const one = read(fileId);
    return one === null ? [] : [[fileId, one] as const];
  });
  return new Map(known);
}

/** P39: the song goes on elsewhere, and this device has no more of it. */
export const isBehindHeard = ({ positionSec, decodedSec }: PlaybackReading): boolean =>
  positionSec !== null && decodedSec !== null && positionSec > decodedSec;
