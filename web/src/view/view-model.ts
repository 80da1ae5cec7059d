// From facts to what a person should see. Pure: the same facts give the same view.

import {
  COARSE_FROM_MS,
  type FileError,
  type FileId,
  SoundTooLong,
  Undecodable,
  type UserId,
} from "../lib/index.ts";
import {
  type FileTrouble,
  isBehindHeard,
  type PersonFacts,
  type SessionFacts,
  syncWord,
  troubleWith,
} from "../session/index.ts";
import type { FileState, PieceMap } from "../transfer/index.ts";
import { NO_TROUBLE, type PageConditions } from "./page-conditions.ts";
import { viewPlayerControls } from "./player-controls.ts";
import type { Banner, DetailsView, FileView, Held, PersonView, RoleView, Status, View } from "./view.ts";
import { viewAppliedCalibration, viewCalibration } from "./view-calibration.ts";
import { viewProgrammeControls, viewQueue } from "./view-queue.ts";

function viewPerson(person: PersonFacts, directorId: UserId | null): PersonView {
  return {
    userId: person.userId,
    name: person.name,
    isMe: person.isMe,
    isDirector: person.userId === directorId,
    isAway: person.isAway,
    isVisible: person.isVisible,
    isLinked: person.link === "open",
    isRelayed: person.isRelayed,
    isReady: person.isReady,
    syncErrorMs: person.syncErrorMs,
    sync: syncWord(person.syncErrorMs, person.uncertaintyMs, person.isUnaligned),
    role: person.role,
    isSilent: person.isSilent,
    askedRole: person.askedRole,
  };
}

/** Coarser than the facts: a row is painted when a percent or a second changes, not with each piece of 64 KiB. */
function viewFile(file: FileState, facts: SessionFacts): FileView {
  const isChosen = facts.plan.fileId === file.fileId;
  const refusal = facts.refusals.get(file.fileId);
  const said = facts.songs.get(file.fileId);
  return {
    fileId: file.fileId,
    rowId: file.draftId ?? file.fileId,
    name: file.name,
    title: said?.title ?? null,
    artist: said?.artist ?? null,
    coverUrl: said?.coverUrl ?? null,
    sizeBytes: file.sizeBytes,
    held: viewHeld(file, facts),
    isSeeded: file.seeded,
    isEnabled: file.enabled,
    isChosen,
    isPlaying: isChosen && facts.plan.state === "playing",
    isPaused: isChosen && facts.plan.state === "stopped",
    offeredBy: file.offeredBy.map((userId) => nameOf(facts, userId)),
    sources: file.sources.map((userId) => nameOf(facts, userId)),
    remainingSec: file.remainingSec && Math.ceil(file.remainingSec),
    isOverBudget: file.isOverBudget,
    hasLostWhole: file.hasLostWhole ?? false,
    isDecodable: refusal ? false : facts.loadedId === file.fileId ? true : null,
    tooLong: viewTooLong(refusal),
    format: refusal instanceof Undecodable ? refusal.format : null,
    shortage: refusal ? null : (facts.shortages.get(file.fileId) ?? null),
    silentFor: troubled(facts, file.fileId, ["undecodable", "too-long"]),
    shortFor: troubled(facts, file.fileId, ["short"]),
  };
}

function viewHeld({ fileId, heldBytes, sizeBytes }: FileState, { playable }: SessionFacts): Held {
  const { durationSec = null, playableSec = null } = playable.get(fileId) ?? {};
  const sound = durationSec !== null && playableSec !== null ? { playableSec, durationSec } : null;
  return { percent: Math.floor((100 * heldBytes) / Math.max(1, sizeBytes)), sound };
}

/** Names of those present who have said this of a file. */
function troubled({ people }: SessionFacts, fileId: FileId, troubles: readonly FileTrouble[]): string[] {
  return people
    .filter(({ isAway, troubles: told }) => {
      const trouble = isAway ? null : troubleWith(fileId, told);
      return trouble !== null && troubles.includes(trouble);
    })
    .map(({ name }) => name);
}

function viewTooLong(refusal: FileError | undefined): FileView["tooLong"] {
  if (!(refusal instanceof SoundTooLong)) return null;
  return { durationSec: refusal.durationSec, roomSec: refusal.roomSec };
}

/** The one sentence that says what is going on. */
export function viewStatus(facts: SessionFacts): Status {
  const { plan, directorId, people, files } = facts;
  if (facts.nodeId === null) return { code: "joining", stage: "server" };
  if (facts.clockState === "unsynced") return { code: "joining", stage: "clock" };
  const isDirector = directorId === facts.me;
  const directorName = directorId && nameOf(facts, directorId);
  const chosen = files.find((file) => file.fileId === plan.fileId);
  if (plan.state !== "stopped") {
    const obstacle = viewObstacle(facts, chosen);
    if (obstacle) return obstacle;
    const fileName = songName(facts, chosen);
    if (plan.state === "preparing") {
      const names = facts.missing.map((userId) => nameOf(facts, userId));
      return { code: "waiting-for", names, canStart: isDirector, withoutInSec: viewWithoutInSec(facts) };
    }
    if (facts.startsInSec !== null)
      return { code: "starting", fileName, inSec: Math.ceil(facts.startsInSec) };
    const shortage = chosen && facts.shortages.get(chosen.fileId);
    if (shortage && isBehindHeard(facts.playback)) return { code: "cut-short", fileName, shortage };
    if (facts.playback.state === "playing") return { code: "playing", fileName, directorName, isDirector };
    return { code: "entering", fileName };
  }
  if (chosen && directorId !== null)
    return { code: "paused", fileName: songName(facts, chosen), directorName, isDirector };
  if (files.length === 0) {
    return people.length === 1 ? { code: "alone" } : { code: "no-files", others: people.length - 1 };
  }
  if (directorId === null) return { code: "electing" };
  return { code: "ready-to-play", isDirector, directorName };
}

/** Said for the last seconds only: before that most who are missing still come. */
const WITHOUT_FROM_SEC = 20;

function viewWithoutInSec({ directorId, me, missing, withoutInMs }: SessionFacts): number | null {
  if (directorId !== me || missing.length === 0 || withoutInMs === null) return null;
  const inSec = Math.ceil(withoutInMs / 1000);
  return inSec <= WITHOUT_FROM_SEC ? inSec : null;
}

/** What keeps this device from playing the chosen file; null when nothing does. */
function viewObstacle(facts: SessionFacts, chosen: FileState | undefined): Status | null {
  const fileName = chosen?.name ?? "";
  const refusal = chosen && facts.refusals.get(chosen.fileId);
  if (refusal) {
    const isAnyoneAble = facts.people.some((person) => !person.isUnable && !person.isAway);
    const { format, reason } =
      refusal instanceof Undecodable ? refusal : { format: null, reason: "refused" as const };
    return { code: "undecodable", fileName, tooLong: viewTooLong(refusal), format, reason, isAnyoneAble };
  }
  const isLoaded = chosen && facts.loadedId === chosen.fileId; // it may sound while it arrives (P77)
  if (!chosen?.seeded && !isLoaded) {
    const held = chosen ? viewHeld(chosen, facts) : { percent: 0, sound: null };
    const sources = (chosen?.sources ?? []).map((userId) => nameOf(facts, userId));
    const remainingSec =
      (chosen && facts.playable.get(chosen.fileId)?.soundsInSec) ?? chosen?.remainingSec ?? null;
    return { code: "fetching", fileName, held, sources, remainingSec };
  }
  return facts.isDecoding ? { code: "decoding", fileName: songName(facts, chosen) } : null;
}

/** The title where the file's tags tell it for sure; of what is missing or cannot be played, people look for the file. */
function songName(facts: SessionFacts, chosen: FileState | undefined): string {
  return facts.songWords?.title ?? chosen?.name ?? "";
}

/** At most one banner, the gravest first. */
export function viewBanner(facts: SessionFacts, page: PageConditions): Banner | null {
  const { playback, verdict } = facts;
  if (playback.state === "interrupted") return { code: "audio-interrupted" };
  if (facts.nodeId !== null && facts.control !== "open") {
    const isPlaying = playback.state === "playing";
    if (!page.isNetworkUp) return { code: "offline", isPlaying };
    const isDirecting = facts.directorId === facts.me && facts.people.length > 1;
    return { code: "server-lost", isPlaying, isDirecting };
  }
  if (verdict?.state === "watching") return { code: "clock-watch", offByMs: Math.abs(verdict.differenceMs) };
  if (facts.disagreement)
    return { code: "clocks-disagree", isOutvoted: facts.disagreement.code === "outvoted" };
  const others = facts.people.filter((person) => !person.isMe && !person.isAway);
  const unreachable = others.filter((person) => person.link === "failed");
  if (unreachable.length === 0) return viewCoarseClock(facts);
  const isEveryone = unreachable.length === others.length;
  const isBarred = page.isNearbyBarred;
  return { code: "unreachable", names: unreachable.map((person) => person.name), isEveryone, isBarred };
}

/** T16: said for as long as it is so, as nothing else would tell why this device is a little off. */
function viewCoarseClock({ clockStepMs, estimate }: SessionFacts): Banner | null {
  if (clockStepMs < COARSE_FROM_MS || !estimate) return null;
  return { code: "coarse-clock", withinMs: Math.ceil(2 * estimate.uncertaintyMs) };
}

/** Files by name, as they are listed; without those that are gone since. */
export function viewPieces(facts: SessionFacts, maps: readonly PieceMap[]): DetailsView["pieces"] {
  return facts.files.flatMap(({ fileId, name }) => {
    const map = maps.find((each) => each.fileId === fileId);
    if (!map) return [];
    const holders = map.holders.map((each) => ({ ...each, name: nameOf(facts, each.userId) }));
    return [{ fileId, name, holders }];
  });
}

/** What changes once a second, and is the same value in between. */
export type Course = Pick<DetailsView, "history" | "pieces">;

function viewDetails(facts: SessionFacts, course: Course): DetailsView {
  const { estimate, playback, totals } = facts;
  return {
    controlState: facts.control,
    clockState: facts.clockState,
    uncertaintyMs: estimate?.uncertaintyMs ?? null,
    rttMs: estimate?.rttMs ?? null,
    offsetMs: estimate?.offsetMs ?? null,
    driftPpm: estimate?.driftPpm ?? null,
    outputLatencyMs: playback.outputLatencyMs,
    links: totals.links,
    sentBytes: totals.sentBytes,
    receivedBytes: totals.receivedBytes,
    ...course,
  };
}

/** The part of the view that follows from a session in a swarm. */
export function viewSession(facts: SessionFacts, course: Course, page = NO_TROUBLE): Partial<View> {
  const { plan, playback } = facts;
  const isDirector = facts.directorId === facts.me;
  const chosen = facts.files.find((file) => file.fileId === plan.fileId);
  const isSounding = playback.state === "playing" && chosen !== undefined && playback.positionSec !== null;
  return {
    status: viewStatus(facts),
    banner: viewBanner(facts, page),
    isOnline: facts.control === "open",
    people: facts.people.map((person) => viewPerson(person, facts.directorId)),
    files: facts.files.map((file) => viewFile(file, facts)),
    isDirector,
    canStop: isDirector && plan.state !== "stopped",
    canStartNow: isDirector && plan.state === "preparing" && facts.missing.length > 0,
    needsTapToRejoin: playback.needsTap,
    nowPlaying: isSounding
      ? {
          name: chosen.name,
          durationSec: playback.durationSec ?? 0,
          positionSec: Math.max(0, playback.positionSec ?? 0),
        }
      : null,
    playerControls: viewPlayerControls(facts),
    programmeControls: viewProgrammeControls(facts),
    queue: viewQueue(facts),
    speakerDelayMs: facts.speakerDelayMs,
    roleHere: viewRole(facts),
    isClickTestOn: facts.isClicking,
    calibration: viewCalibration(facts.calibration, facts.me, (userId) => nameOf(facts, userId)),
    appliedCalibration: viewAppliedCalibration(facts.calibration, facts.me, (userId) =>
      nameOf(facts, userId),
    ),
    distance: facts.distance,
    isGivingLittle: facts.isGivingLittle,
    details: viewDetails(facts, course),
  };
}

function viewRole(facts: SessionFacts): RoleView {
  const { role, channels, askedRole } = facts;
  const asked = askedRole && { role: askedRole.role, name: nameOf(facts, askedRole.by) };
  return { role, channels, asked };
}

const nameOf = (facts: SessionFacts, userId: UserId): string =>
  facts.people.find((person) => person.userId === userId)?.name ?? "";
