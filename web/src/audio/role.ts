// What part of the sound a device plays, and how its loudspeaker is corrected by ear. Pure. dB.
// What is made here, chirps and clicks, always sounds as "all" (session/playback-controller.ts, R11).

import { MAX_TRIM_DB, ROLES, type Role } from "../protocol/constants/session.gen.ts";

export type { Role };
/** One channel of a file that has more than two. */
export type ChannelName = Exclude<Role, "all" | "left" | "right" | "low" | "without-low">;

/** Each between −6 and +6. */
export interface Trim {
  readonly gainDb: number;
  /** A shelf below the voices. */
  readonly bassDb: number;
  /** A shelf above them. */
  readonly trebleDb: number;
}

export const FLAT_TRIM: Trim = { gainDb: 0, bassDb: 0, trebleDb: 0 };

export const isRole = (value: unknown): value is Role => (ROLES as readonly unknown[]).includes(value);

/** Of what somebody stored or set: what makes no sense counts as 0, what is beyond the ends as the end. */
export function parseTrim(value: unknown): Trim {
  const given: Partial<Record<keyof Trim, unknown>> = typeof value === "object" && value ? value : {};
  return { gainDb: saneDb(given.gainDb), bassDb: saneDb(given.bassDb), trebleDb: saneDb(given.trebleDb) };
}

const saneDb = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value)
    ? Math.min(MAX_TRIM_DB, Math.max(-MAX_TRIM_DB, value))
    : 0;
