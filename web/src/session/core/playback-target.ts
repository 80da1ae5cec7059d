// What is to sound on this device, and how far the playback controller has come with it. Pure; seconds in the file.

import { makeClicks, type Role } from "../../audio/index.ts";
import type { Plan, Stretch } from "../../director/index.ts";
import type { FileError, FileId } from "../../lib/index.ts";
import type { FileTrouble } from "./file-troubles.ts";

/** What is to be heard here. */
export interface PlaybackTarget {
  readonly plan: Plan;
  /** What sounds from a little before now on, in the clock of the plan; none while that is not known here, or nothing plays. */
  readonly stretches: readonly Stretch[];
  /** This device could sound the chosen file right now (readiness.ts). */
  readonly isReady: boolean;
  /** The loudspeaker is late by so much. */
  readonly speakerDelayMs: number;
  /** What part of songs is heard here; of tones always all (R11). */
  readonly role: Role;
  /** What sounds while no song plays. */
  readonly tones: Tones | null;
}

/** Sound made here, in place of a song while none plays. */
export interface Tones {
  /** Different for different tones. */
  readonly id: string;
  readonly durationSec: number;
  readonly channel: (sampleRate: number) => Float32Array<ArrayBuffer>;
  /** The place in it that is due at a moment of global time. */
  readonly secAt: (globalUs: number) => number;
}

/** How a target is reached (session/playback-controller.ts). */
export interface PlaybackProgress {
  readonly isDecoding: boolean;
  /** What is known of files against this device. */
  readonly troubles: ReadonlyMap<FileId, FileTrouble>;
  /** Why this device will not play the file; null while nothing is known against it. */
  refusalOf(fileId: FileId): FileError | null;
  /** Seconds into the file that should sound at `localMs`, by the plan; null when nothing plays. */
  positionSecAt(localMs: number): number | null;
  /** The clock by which the loudspeaker plays the plan, and the moment on it; null when nothing plays. */
  soundingAt(localMs: number): { readonly clockId: string; readonly globalUs: number } | null;
  /** The song is loaded, and could not be lined up with its owner's decode (rule P46). */
  isUnalignedAt(localMs: number): boolean;
}

/** This device has `heardSec` of `wholeSec`, from the song's beginning. */
export interface Shortage {
  readonly heardSec: number;
  readonly wholeSec: number;
}

const CLICK_LOOP_SEC = 60;

export const CLICKS: Tones = {
  id: "click-test",
  durationSec: CLICK_LOOP_SEC,
  channel: (sampleRate) => makeClicks(sampleRate, CLICK_LOOP_SEC),
  secAt: (globalUs) => (globalUs / 1e6) % CLICK_LOOP_SEC,
};
