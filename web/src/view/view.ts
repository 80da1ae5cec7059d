// What a person can see and do, as plain data: the contract between app/ (which knows) and ui/ (which draws).
// Times are durations; nothing here is a sentence. ui/copy turns codes and parameters into words.

import type { Role, Trim } from "../audio/index.ts";
import type { EntryId, ErrorCode, FileId, UndecodableReason, UserId } from "../lib/index.ts";
import type { DistanceFacts, NotReadyReason, QueueRefusal, SyncWord } from "../session/index.ts";
import type { AppliedCalibrationView, CalibrationView } from "./calibration-view.ts";

export type { DistanceFacts, NotReadyReason, SyncWord } from "../session/index.ts";
export type { Role, Trim };

export interface PersonView {
  readonly userId: UserId;
  readonly name: string;
  readonly isMe: boolean;
  readonly isDirector: boolean;
  readonly isAway: boolean;
  /** Their page is on their screen. */
  readonly isVisible: boolean;
  /** A direct data channel to this person is open. True for me. */
  readonly isLinked: boolean;
  /** The only way to this person leads through a TURN relay; what goes there stays encrypted end to end. */
  readonly isRelayed: boolean;
  /** Holds, decoded and can play the file of the current plan. */
  readonly isReady: boolean;
  /** Their own playback error as they last reported it, ms; null while they are not playing. */
  readonly syncErrorMs: number | null;
  readonly sync: SyncWord;
  /** What part of the sound it plays; null while nothing was heard of it. */
  readonly role: Role | null;
  /** What it was asked to play, and has not answered. */
  readonly askedRole: Role | null;
  /** It hands songs on and has no loudspeaker. */
  readonly isSilent: boolean;
}

/** What this device plays of the sound, and how. */
export interface RoleView {
  readonly role: Role;
  /** Of the chosen file, those that can be played by themselves; null while it is not open here. */
  readonly channels: readonly Role[] | null;
  /** Somebody asks it to play this; waits for a tap. */
  readonly asked: { readonly role: Role; readonly name: string } | null;
}

export interface FileView {
  readonly fileId: FileId;
  /** What a row of it is known by: stays when a draft turns out to be a file. */
  readonly rowId: FileId;
  readonly name: string;
  /** What the song calls itself, and its cover as a blob: address; null where nothing is known. */
  readonly title: string | null;
  readonly artist: string | null;
  readonly coverUrl: string | null;
  readonly sizeBytes: number;
  readonly held: Held;
  readonly isSeeded: boolean;
  readonly isEnabled: boolean;
  /** It is the file of the current plan. */
  readonly isChosen: boolean;
  readonly isPlaying: boolean;
  /** It is chosen and keeps its place. */
  readonly isPaused: boolean;
  /** Names of those who added it, this person's own name included. */
  readonly offeredBy: readonly string[];
  /** Names of those it is being fetched from right now. */
  readonly sources: readonly string[];
  /** Until all of it is here, whole; null when unknown or not fetching. */
  readonly remainingSec: number | null;
  /** Switched on and incomplete, and this device has no room for it. */
  readonly isOverBudget: boolean;
  /** The last one known to hold all of it has left; it still completes if the others' pieces make a whole. */
  readonly hasLostWhole: boolean;
  /** false: this device cannot play it; null: not tried yet. */
  readonly isDecodable: boolean | null;
  /** Set when that is for want of memory. */
  readonly tooLong: TooLong | null;
  /** What the file is, by name, where it cannot be played; null where nobody knows. */
  readonly format: string | null;
  /** Only its beginning can be heard here. */
  readonly shortage: Shortage | null;
  /** Names of the others who cannot play it, and of those who have only its beginning. */
  readonly silentFor: readonly string[];
  readonly shortFor: readonly string[];
}

/** How much of a file is here. */
export interface Held {
  /** Of its bytes, whole. */
  readonly percent: number;
  /** Of its sound, to be played without a gap; null where it is not known how long that is. */
  readonly sound: { readonly playableSec: number; readonly durationSec: number } | null;
}

export interface Shortage {
  readonly heardSec: number;
  readonly wholeSec: number;
}

/** How long the sound is, and how much of such sound this device has memory for. */
export interface TooLong {
  readonly durationSec: number;
  readonly roomSec: number;
}

/** The one sentence that says what is going on. */
export type Status =
  | { readonly code: "joining"; readonly stage: "key" | "server" | "clock" }
  | { readonly code: "alone" }
  | { readonly code: "no-files"; readonly others: number }
  | { readonly code: "ready-to-play"; readonly isDirector: boolean; readonly directorName: string | null }
  | { readonly code: "electing" }
  | {
      readonly code: "fetching";
      readonly fileName: string;
      readonly held: Held;
      readonly sources: readonly string[];
      /** Until it can sound here. */
      readonly remainingSec: number | null;
    }
  | { readonly code: "decoding"; readonly fileName: string }
  | {
      readonly code: "waiting-for";
      readonly names: readonly string[];
      readonly canStart: boolean;
      /** The director's page: by then it starts without them, unless they come further; null while that is far off or open. */
      readonly withoutInSec: number | null;
    }
  | { readonly code: "starting"; readonly fileName: string; readonly inSec: number }
  | {
      readonly code: "playing";
      readonly fileName: string;
      readonly directorName: string | null;
      readonly isDirector: boolean;
    }
  | {
      readonly code: "paused";
      readonly fileName: string;
      readonly directorName: string | null;
      readonly isDirector: boolean;
    }
  | { readonly code: "entering"; readonly fileName: string }
  | {
      readonly code: "undecodable";
      readonly fileName: string;
      readonly tooLong: TooLong | null;
      readonly format: string | null;
      readonly reason: UndecodableReason;
      /** Somebody here can play it, or may yet turn out to. */
      readonly isAnyoneAble: boolean;
    }
  /** It goes on elsewhere. */
  | { readonly code: "cut-short"; readonly fileName: string; readonly shortage: Shortage }
  | { readonly code: "ended"; readonly fileName: string };

/** Why the wait that the status names has lasted 3 s, and what helps. */
export type Help =
  | { readonly code: "slow-key" }
  | { readonly code: "offline" }
  | { readonly code: "server-silent" }
  /** The browser waits for a permission to connect to the server. */
  | { readonly code: "server-barred" }
  /** Nobody is here, and the key came from somebody. */
  | { readonly code: "compare-key" }
  | { readonly code: "slow-network" }
  /** The browser tells time in long steps. */
  | { readonly code: "coarse-clock" }
  | { readonly code: "nobody-directs" }
  | { readonly code: "turned-off" }
  | { readonly code: "storage-full" }
  | { readonly code: "linking"; readonly names: readonly string[] }
  /** Those who have it cannot be reached; empty when nobody here has it. */
  | { readonly code: "source-gone"; readonly names: readonly string[] }
  | { readonly code: "slow-decode" }
  | {
      readonly code: "others-wait";
      /** null: nothing was heard of them yet. */
      readonly waits: readonly { readonly name: string; readonly notReadyReason: NotReadyReason | null }[];
    }
  | { readonly code: "server-changed" }
  | { readonly code: "sound-settling" };

/** Something is wrong; music may go on. At most one is shown, the gravest first. */
export type Banner =
  /** `isDirecting`: others are here who go by this device, and hear of its taps through the server alone. */
  | { readonly code: "server-lost"; readonly isPlaying: boolean; readonly isDirecting: boolean }
  | { readonly code: "offline"; readonly isPlaying: boolean }
  | { readonly code: "audio-interrupted" }
  | { readonly code: "clock-watch"; readonly offByMs: number }
  /** The server's time is another here than at other devices; `isOutvoted`: most others agree with each other. */
  | { readonly code: "clocks-disagree"; readonly isOutvoted: boolean }
  /** The browser tells time in long steps: in step within this. */
  | { readonly code: "coarse-clock"; readonly withinMs: number }
  | {
      readonly code: "unreachable";
      readonly names: readonly string[];
      /** Nobody at all is reached: songs cannot come from the others either. */
      readonly isEveryone: boolean;
      /** The browser waits for a permission to connect to devices on the same network. */
      readonly isBarred: boolean;
    }
  | { readonly code: "refused"; readonly reason: string }
  | { readonly code: "insecure" };

/** A message about one act that came to nothing or one event worth a word; shown once, then gone. */
export type Notice =
  | { readonly code: "error"; readonly error: ErrorCode; readonly fileName: string | null }
  | { readonly code: "bad-piece"; readonly name: string; readonly fileName: string }
  | { readonly code: "source-silent"; readonly name: string; readonly fileName: string }
  | { readonly code: "peer-dropped"; readonly name: string }
  | { readonly code: "link-unproven"; readonly name: string }
  | {
      readonly code: "director-changed";
      readonly name: string;
      readonly isMe: boolean;
      readonly formerName: string | null;
    }
  | { readonly code: "started-without"; readonly names: readonly string[] }
  | { readonly code: "joined"; readonly name: string }
  | { readonly code: "left"; readonly name: string }
  /** The sound may leave through another loudspeaker or headset now; null where the browser does not name it. */
  | { readonly code: "output-changed"; readonly outputName: string | null; readonly isKnown: boolean }
  /** A calibration through this device's microphone has a result. */
  | { readonly code: "measured" }
  /** Somebody's calibration moved this device's speaker delay. */
  | { readonly code: "lined-up"; readonly name: string }
  | { readonly code: "copied" }
  /** Songs were dropped before anyone had joined. */
  | { readonly code: "files-wait" }
  /** The queue is not changed as this person asked. */
  | { readonly code: "queue-refused"; readonly refusal: QueueRefusal };

/** One second of this device's figures; null where there was none. */
export interface FigurePoint {
  readonly atLocalMs: number;
  /** Clock offset against its first value. */
  readonly offsetMs: number | null;
  /** Of the newest probe. */
  readonly rttMs: number | null;
  readonly playbackErrorMs: number | null;
  readonly ratePpm: number | null;
  /** Playback errors of the others, by user id; who is silent or away has none. */
  readonly others: Readonly<Record<string, number>>;
}

/** Who has which parts of a file. */
export interface PieceMapView {
  readonly fileId: FileId;
  readonly name: string;
  readonly holders: readonly {
    readonly userId: UserId;
    readonly name: string;
    readonly share: number;
    /** 0 to 1 for each equal part of the file. */
    readonly cells: readonly number[];
  }[];
}

export interface DetailsView {
  readonly controlState: "idle" | "connecting" | "open" | "retrying";
  readonly clockState: "unsynced" | "coarse" | "locked" | "stale";
  readonly uncertaintyMs: number | null;
  /** The shortest round trip of the last minutes: what the clock is read from. */
  readonly rttMs: number | null;
  readonly offsetMs: number | null;
  readonly driftPpm: number | null;
  readonly outputLatencyMs: number | null;
  readonly links: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** The last minutes, oldest first; the same array while there is nothing new. */
  readonly history: readonly FigurePoint[];
  /** As of the newest point of the history. */
  readonly pieces: readonly PieceMapView[];
}

/** The chosen song as a player shows it, playing or paused. */
export interface PlayerControlsView {
  readonly fileId: FileId;
  readonly name: string;
  /** What the song's tags say, cleaned and short; null where they say nothing. */
  readonly title: string | null;
  readonly artist: string | null;
  readonly album: string | null;
  /** A blob: address of a picture that this browser has decoded. */
  readonly coverUrl: string | null;
  readonly positionSec: number;
  /** null while this device has not decoded it. */
  readonly durationSec: number | null;
  /** From 0 to 1, from the song's beginning to its end; null until it is known. The same array while it is the same song. */
  readonly loudness: readonly number[] | null;
  readonly isPaused: boolean;
  readonly canPause: boolean;
  readonly canGoOn: boolean;
  readonly canSeek: boolean;
}

export type Repeat = "off" | "all" | "one";

/** How the programme goes on, and at what pace: for the controls beside the player. */
export interface ProgrammeControlsView {
  readonly repeat: Repeat;
  /** Per cent. */
  readonly tempo: number;
  readonly crossfadeSec: number;
  /** Seconds in the song; null: no loop. */
  readonly loopSec: readonly [number, number] | null;
  readonly canGoNext: boolean;
  readonly canGoBack: boolean;
  /** The director may change repeat, tempo, crossfade and loop. */
  readonly canChange: boolean;
}

export interface QueueEntryView {
  readonly entryId: EntryId;
  readonly fileId: FileId;
  /** The file's name; "" where nobody lists it any more. */
  readonly name: string;
  readonly title: string | null;
  readonly artist: string | null;
  readonly coverUrl: string | null;
  readonly addedByName: string;
  readonly isMine: boolean;
  readonly durationSec: number | null;
  readonly isCurrent: boolean;
  /** It is over, and still listed. */
  readonly isOver: boolean;
  readonly boosts: number;
  readonly isBoostedByMe: boolean;
  readonly canBoost: boolean;
  readonly canMove: boolean;
  readonly canRemove: boolean;
  readonly skipped: "nobody-has" | "nobody-can-play" | null;
  /** How much of the file is here, 0 to 1. */
  readonly heldShare: number;
}

export interface QueueView {
  readonly entries: readonly QueueEntryView[];
  /** Of the current one: "stopped" while it is paused. */
  readonly planState: "stopped" | "preparing" | "playing";
  readonly isLocked: boolean;
  readonly canLock: boolean;
  readonly canClear: boolean;
  /** Why this person may not add; null where nothing forbids it. */
  readonly cannotAdd: "locked" | "full" | "too-many-of-one" | null;
  /** Until the end of the programme, with what plays; null where that is unknown or endless. */
  readonly remainingSec: number | null;
}

export interface View {
  readonly phase: "home" | "joining" | "joined" | "left";
  /** The key in the address or typed last, as people write it (K7QF-9TXM-2B4D); "" when there is none. */
  readonly key: string;
  /** A weak key can be guessed by whoever runs the server; the join screen says so. */
  readonly isKeyWeak: boolean;
  /** Whole link into this swarm, for Invite; "" before one is joined. */
  readonly inviteLink: string;
  readonly myName: string;
  readonly status: Status;
  readonly help: Help | null;
  readonly banner: Banner | null;
  readonly notice: { readonly id: number; readonly notice: Notice } | null;
  readonly isSecureContext: boolean;
  readonly isOnline: boolean;
  readonly people: readonly PersonView[];
  readonly files: readonly FileView[];
  readonly isDirector: boolean;
  readonly canStop: boolean;
  readonly canStartNow: boolean;
  readonly needsTapToRejoin: boolean;
  readonly nowPlaying: {
    readonly name: string;
    readonly durationSec: number;
    readonly positionSec: number;
  } | null;
  /** null while no song is chosen. */
  readonly playerControls: PlayerControlsView | null;
  readonly programmeControls: ProgrammeControlsView;
  readonly queue: QueueView;
  /** The chime of joining rang, and nobody has said yet that this device is heard. */
  readonly asksIfHeard: boolean;
  /** Of this device, 0 to 1, as a person hears it. */
  readonly volume: number;
  readonly speakerDelayMs: number;
  readonly roleHere: RoleView;
  readonly trim: Trim;
  readonly isClickTestOn: boolean;
  readonly calibration: CalibrationView;
  readonly appliedCalibration: AppliedCalibrationView | null;
  /** How far others lie from this device, by chirps both ways; null while nobody has measured. */
  readonly distance: DistanceFacts | null;
  /** This phone passes songs on slowly, to spare its data. */
  readonly isGivingLittle: boolean;
  readonly details: DetailsView;
}

export interface Actions {
  /** Called synchronously inside the tap: it unlocks audio first. */
  join(typedKey: string): void;
  /** Makes a fresh key and joins with it, inside the tap. */
  newSwarm(): void;
  leave(): void;
  rename(name: string): void;
  /** Before anyone has joined they wait. Of folders only the names are given: they are not added, and it is said. */
  addFiles(files: readonly File[], folders?: readonly string[]): void;
  setEnabled(fileId: FileId, isEnabled: boolean): void;
  play(fileId: FileId): void;
  stop(): void;
  /** Director: keeps the place; `play` of the same file goes on from there. */
  pause(): void;
  seek(toSec: number): void;
  startNow(): void;
  /** Anyone, unless the queue is locked. */
  queueFile(fileId: FileId, place: "end" | "next"): void;
  removeEntry(entryId: EntryId): void;
  /** Before another entry; null: to the end. */
  moveEntry(entryId: EntryId, beforeId: EntryId | null): void;
  boostEntry(entryId: EntryId, isOn: boolean): void;
  /** Director, like all that follow. */
  clearQueue(): void;
  lockQueue(isLocked: boolean): void;
  goNext(): void;
  goBack(): void;
  setRepeat(repeat: Repeat): void;
  /** Per cent, 50 to 150. */
  setTempo(tempo: number): void;
  setCrossfade(crossfadeSec: number): void;
  setLoop(loopSec: readonly [number, number] | null): void;
  setVolume(volume: number): void;
  /** How loud it is at this loudspeaker now, 0 to 1; to be asked for every picture. */
  level(): number;
  ringChime(): void;
  /** The person heard the chime. */
  confirmHeard(): void;
  setSpeakerDelay(delayMs: number): void;
  /** What part of the sound this device plays from now on. */
  setRole(role: Role): void;
  /** Director: asks another device to play it. */
  assignRole(userId: UserId, role: Role): void;
  /** To what was asked of this device. */
  answerRole(isAllowed: boolean): void;
  setTrim(trim: Trim): void;
  setClickTest(isOn: boolean): void;
  /** Inside a tap that consents to it: listens through the microphone while all devices chirp. */
  measure(): void;
  /** Stops it, or puts its result away. */
  cancelCalibration(): void;
  applyCalibration(): void;
  undoCalibration(): void;
  /** Inside a tap that consents to it: listens through the microphones of both while both chirp. */
  measureDistance(userId: UserId): void;
  /** To somebody's wish to measure; `stop` also puts away what came of it. Inside a tap. */
  answerDistance(answer: "allow" | "decline" | "stop"): void;
  /** From then on the kind of network changes nothing, for this session. */
  setGivingLittle(isGivingLittle: boolean): void;
  takeOver(): void;
  resign(): void;
  /** Inside a tap: wakes the sound after the platform took it away. */
  rejoinAudio(): void;
  copyLink(): Promise<boolean>;
  copyDiagnostics(): Promise<boolean>;
  dismissNotice(id: number): void;
  /** Tells whether a typed key is weak, for a word under the field. */
  isWeakKey(typedKey: string): boolean;
}
