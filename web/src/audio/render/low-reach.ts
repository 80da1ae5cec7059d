// How far the filter of the role "low" reaches (low-band.ts): what the page asks before it has something rendered. Pure.

import { LOW_REACH_SEC } from "../../protocol/constants/audio.gen.ts";
import type { Role } from "../role.ts";

/** To either side; a frame at this distance itself weighs nothing. */
export const lowReachFrames = (sampleRate: number): number => Math.ceil(LOW_REACH_SEC * sampleRate);

/** Frames to either side of a frame that decide what it sounds like in this role. */
export const reachOf = (role: Role, sampleRate: number): number =>
  role === "low" || role === "without-low" ? lowReachFrames(sampleRate) : 0;
