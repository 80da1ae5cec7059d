// The vocabulary of a session's core: what it is told (events), what it wants done (effects), and what it reads of the engines. Local
// ms, global µs, seconds in the file.

import type { Player } from "../../audio/index.ts";
import type { Activity, SyncedClock } from "../../clock/index.ts";
import type { CheckedServerMessage, ControlState } from "../../control/index.ts";
import type { QueueRequest } from "../../director/index.ts";
import type { FileId, UserId } from "../../lib/index.ts";
import type { FileState, Member, SwarmEvent } from "../../transfer/index.ts";
import type { CalibrationMessage } from "./calibration-message.ts";
import type { SessionNews } from "./news.ts";
import type { PeerMessage } from "./peer-message.ts";
import type { PlaybackProgress, PlaybackTarget, Tones } from "./playback-target.ts";
import type { ProgrammeTap } from "./queue-control.ts";
import type { RoleTap } from "./role-control.ts";

export interface OwnSettings {
  name: string;
  isVisible: boolean;
  isClicking: boolean;
  speakerDelayMs: number;
}

export type SessionEvent =
  | { readonly type: "control-changed"; readonly state: ControlState }
  | { readonly type: "server"; readonly message: CheckedServerMessage }
  /** Opened, and within the sender's budgets. */
  | { readonly type: "peer"; readonly from: UserId; readonly message: PeerMessage }
  /** A member spoke to all who has not greeted this device yet. */
  | { readonly type: "unproven"; readonly from: UserId }
  | { readonly type: "swarm"; readonly news: SwarmEvent }
  /** What a person has set, or the page found, of this device. */
  | { readonly type: "own-set"; readonly own: Partial<OwnSettings> }
  /** Taps of a person; those about what plays do nothing unless this device directs. */
  | ProgrammeTap
  | RoleTap
  | { readonly type: "seek"; readonly toSec: number }
  | { readonly type: "pause" | "start-now" | "take-over" | "resign" }
  /** Anybody may ask a change of the queue. */
  | { readonly type: "ask-queue"; readonly request: QueueRequest }
  | { readonly type: "clock-locked" }
  /** Clock, player, files or calibration are not as they were. */
  | { readonly type: "engine-changed" }
  | { readonly type: "tick" };

export type SessionEffect =
  /** To one member, or to all who have been greeted. */
  | { readonly type: "send"; readonly to: UserId | null; readonly message: PeerMessage }
  /** The server shows somebody: from now on what they say can be opened. */
  | { readonly type: "meet"; readonly member: Shown }
  | { readonly type: "forget"; readonly userId: UserId }
  | { readonly type: "start-clock" | "stop-clock" }
  | { readonly type: "set-members"; readonly members: readonly Member[] }
  | {
      readonly type: "take-calibration";
      readonly from: UserId;
      readonly calibration: CalibrationMessage;
    }
  /** What is to be heard here; the same again changes nothing. */
  | { readonly type: "aim"; readonly target: PlaybackTarget }
  /** What clock, file swarm and tag reader do beside it. */
  | {
      readonly type: "set-background";
      /** In the order in which they will be heard; the first is chosen, if any is. */
      readonly needed: readonly FileId[];
      /** What is over, the oldest first, of which nothing is needed. */
      readonly played: readonly FileId[];
      readonly hasChosen: boolean;
      readonly activity: Activity;
      readonly isPlaying: boolean;
      readonly isComparing: boolean;
      readonly readsTags: boolean;
    }
  | { readonly type: "tell"; readonly news: SessionNews };

/** What the server says of a member; its session key only where the member may be new. */
export interface Shown {
  readonly userId: UserId;
  readonly sessionKey?: string;
  readonly announcement?: string | undefined;
}

/** As the engines stand now. */
export interface Engines {
  readonly clock: Pick<SyncedClock, "state" | "estimate" | "globalUsAt" | "toCurrentClock">;
  readonly player: Pick<
    Player,
    "read" | "isUnlocked" | "isSettled" | "isLoaded" | "lengthOf" | "durationSec" | "decodedSec"
  >;
  readonly controller: PlaybackProgress;
  readonly files: () => readonly FileState[];
  /** How much of a file a member is seen to hold, 0 to 1; null for who is not linked. */
  readonly shareOf: (userId: UserId, fileId: FileId, localMs: number) => number | null;
  /** By the file's index; null while this device has none. */
  readonly durationUsOf: (fileId: FileId) => number | null;
  /** What a calibration wants heard. */
  readonly chirps: () => Tones | null;
  /** This device's clock is not one with most of the others'. */
  readonly isClockDisputed: () => boolean;
  readonly serverSilentMs: () => number;
}
