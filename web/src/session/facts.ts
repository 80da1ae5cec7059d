// Everything view-model.ts and snapshot.ts need to know of a session in a swarm, read in one go as plain data. Local ms.

import { IN_TIME_SHARE, type PlaybackReading, type Player, type Role } from "../audio/index.ts";
import type { ClockState, Disagreement, OffsetEstimate, PlaybackClockVerdict } from "../clock/index.ts";
import type { ControlState } from "../control/index.ts";
import { type Plan, programmeEndUs, type Queue } from "../director/index.ts";
import type { FileError, FileId, UserId } from "../lib/index.ts";
import type { FileState, LinkState, Totals } from "../transfer/index.ts";
import type { CalibrationFacts } from "./calibration.ts";
import type { ToldTrouble } from "./core/file-troubles.ts";
import type { AskedRole } from "./core/own-role.ts";
import type { NotReadyReason } from "./core/peer-message.ts";
import type { Shortage } from "./core/playback-target.ts";
import { planNow, planUsAt } from "./core/programme-now.ts";
import { readNotReadyReason, readReadyFileId } from "./core/readiness.ts";
import { errorUncertaintyMs } from "./core/sync-word.ts";
import type { Timings } from "./core/timings.ts";
import type { DistanceFacts } from "./distance-seat.ts";
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
  /** What part of the sound it plays, by its own word; null while nothing was heard of it. */
  readonly role: Role | null;
  /** What this device has asked it to play, while that is neither taken nor declined. */
  readonly askedRole: Role | null;
  /** It hands songs on and has no loudspeaker. */
  readonly isSilent: boolean;
}

/** Seconds in the song; null where it is not known. */
export interface PlayableFacts {
  readonly durationSec: number | null;
  /** Where the sound ends that this device can play without a gap from the song's place, or its beginning, on. */
  readonly playableSec: number | null;
  /** Until it can sound here: the rest of its file may come while it plays (P77). */
  readonly soundsInSec: number | null;
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
  /** Of what plays now, whether its director has written it on or not. */
  readonly plan: Plan;
  readonly queue: Queue;
  /** Until all is over, from now or from a start now on; null where that has no end, or nobody knows. */
  readonly programmeEndsInSec: number | null;
  /** Me first, then by name. */
  readonly people: readonly PersonFacts[];
  readonly files: readonly FileState[];
  /** Files that this device cannot play, and why. */
  readonly refusals: ReadonlyMap<FileId, FileError>;
  /** Files of which it has decoded only the beginning. */
  readonly shortages: ReadonlyMap<FileId, Shortage>;
  /** Of each file, as far as it is known: how long its song is, and to where it can be played now. */
  readonly playable: ReadonlyMap<FileId, PlayableFacts>;
  readonly loadedId: string | null;
  /** What the chosen song says of itself. */
  readonly songWords: SongWords | null;
  /** What the songs that were read say of themselves. */
  readonly songs: ReadonlyMap<FileId, SongWords>;
  /** Of the loaded song, from its beginning to its end; null until they were made. */
  readonly loudness: readonly number[] | null;
  /** Of the loaded song, decoded around its place, s. */
  readonly windowSec: readonly [fromSec: number, toSec: number] | null;
  readonly isDecoding: boolean;
  readonly missing: readonly UserId[];
  /** By when the song starts without them; null while nobody is ready. */
  readonly withoutInMs: number | null;
  readonly playback: PlaybackReading;
  /** Seconds until the sound starts; null unless a start is ahead. */
  readonly startsInSec: number | null;
  readonly speakerDelayMs: number;
  readonly role: Role;
  /** What somebody asks this device to play. */
  readonly askedRole: AskedRole | null;
  /** Of the chosen file, those that can be played by themselves; null while it is not open here. */
  readonly channels: readonly Role[] | null;
  readonly isClicking: boolean;
  readonly calibration: CalibrationFacts;
  readonly distance: DistanceFacts | null;
  /** This device gives little of its uplink to the files of others. */
  readonly isGivingLittle: boolean;
  /** What bulk may take of the uplink now, and how long what is sent waits before it; null until measured. */
  readonly pace: { readonly bytesPerSec: number; readonly queueMs: number | null };
  readonly totals: Totals;
  readonly timings: Timings;
}

export function readFacts(session: SwarmSession, player: Player, localMs: number): SessionFacts {
  const { director, swarm, controller, clock, roster, roles } = session;
  const chosen = director.plan;
  const { queue } = session;
  const plan = planNow(chosen, queue, session, localMs);
  const sounding = player.read();
  const playback = { ...sounding, uncertaintyMs: errorUncertaintyMs(sounding.uncertaintyMs, clock.estimate) };
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
    isReady: chosen.fileId !== null && readReadyFileId({ plan: chosen, player, clock }) === chosen.fileId,
    isUnable: plan.fileId !== null && controller.refusalOf(plan.fileId) !== null,
    troubles: [],
    notReadyReason: readNotReadyReason({ plan, player, controller, clock, files }),
    syncErrorMs: isBehindHeard(playback) ? null : playback.errorMs,
    uncertaintyMs: playback.uncertaintyMs ?? 0,
    // Alone, there is nobody to be lined up with.
    isUnaligned: roster.peers.length > 0 && controller.isUnalignedAt(localMs),
    link: "open",
    isRelayed: false,
    role: roles.told.role,
    isSilent: false,
    askedRole: null,
  };
  const others = roster.peers.map(({ userId, isAway, status }) => ({
    userId,
    name: status?.name ?? "",
    isMe: false,
    isAway,
    isVisible: status?.isVisible ?? true,
    isReady: chosen.fileId !== null && status?.readyFileId === chosen.fileId,
    isUnable: status?.isUnable === true,
    troubles: status?.troubles ?? [],
    notReadyReason: status?.notReadyReason ?? null,
    syncErrorMs: status?.syncErrorMs ?? null,
    uncertaintyMs: status?.uncertaintyMs ?? 0,
    isUnaligned: status?.isUnaligned === true,
    link: links.get(userId)?.state ?? null,
    isRelayed: links.get(userId)?.isRelayed === true,
    role: status && (status.role?.role ?? "all"),
    isSilent: status?.role?.isSilent === true,
    askedRole: roles.askedOf(userId),
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
    queue,
    programmeEndsInSec: readEndsInSec(plan, queue, planUsAt(plan, session, localMs)),
    people: [me, ...others],
    files,
    refusals: readOfFiles(files, (fileId) => controller.refusalOf(fileId)),
    shortages: readOfFiles(files, (fileId) => controller.shortageOf(fileId)),
    playable: new Map(files.map((file) => [file.fileId, readPlayable(session, file)])),
    loadedId: player.loadedId,
    songWords: plan.fileId && session.songs.wordsOf(plan.fileId),
    songs: readOfFiles(files, (fileId) => session.songs.wordsOf(fileId)),
    loudness: player.sound?.loudness ?? null,
    windowSec: player.sound?.windowSec ?? null,
    isDecoding: controller.isDecoding,
    missing: waiting?.missing ?? [],
    withoutInMs: waiting?.withoutInMs ?? null,
    playback,
    startsInSec: startsInSec !== null && startsInSec > 0 ? startsInSec : null,
    speakerDelayMs: session.speakerDelayMs,
    role: roles.told.role,
    askedRole: roles.asked,
    channels: (plan.fileId && player.soundOf(plan.fileId)?.channels) || null,
    isClicking: session.isClicking,
    calibration: session.calibration.read(),
    distance: session.distance.read(),
    isGivingLittle: !swarm.isGenerous.value,
    pace: swarm.pace,
    totals: swarm.totals.value,
    timings: session.timings,
  };
}

function readPlayable(session: SwarmSession, file: FileState): PlayableFacts {
  const { director, controller, playable } = session;
  const { fileId, seeded, remainingSec } = file;
  const placeSec = director.plan.fileId === fileId ? controller.placeSec : 0;
  const indexed = playable.read(file, placeSec);
  const durationSec = controller.lengthOf(fileId) ?? indexed?.durationSec ?? null;
  if (controller.refusalOf(fileId)) return { durationSec, playableSec: 0, soundsInSec: null };
  if (seeded) {
    const heardSec = controller.shortageOf(fileId)?.heardSec ?? durationSec;
    return { durationSec, playableSec: heardSec, soundsInSec: 0 };
  }
  if (!indexed || session.playsWhole(fileId))
    return { durationSec, playableSec: null, soundsInSec: remainingSec };
  const spareSec = IN_TIME_SHARE * (indexed.durationSec - placeSec);
  const soundsInSec = remainingSec && Math.max(0, remainingSec - spareSec);
  return { durationSec, playableSec: indexed.playableSec, soundsInSec };
}

function readEndsInSec(plan: Plan, queue: Queue, planUs: number | null): number | null {
  const { entryId, fileId } = plan.entryId === null ? (queue.entries[0] ?? plan) : plan;
  const isPlaying = plan.state === "playing" && planUs !== null;
  const from = { ...plan, entryId, fileId, state: "playing", globalStartUs: 0 } as const;
  const leftUs = isPlaying ? programmeEndUs(plan, queue) - planUs : programmeEndUs(from, queue);
  return Number.isFinite(leftUs) ? Math.max(0, leftUs) / 1e6 : null;
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
