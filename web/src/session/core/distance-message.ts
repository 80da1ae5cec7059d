// What two devices say to each other to learn how far apart they lie (rules MC15 to MC20 in docs/spec/calibration.md): sealed and relayed
// as all that peers say, checked here, at the edge. What a microphone hears is in none of it, only when chirps came. Global µs, ms.

import * as v from "valibot";
import { MAX_CLOCK_NAME_CHARS } from "../../protocol/constants/session.gen.ts";

/** Five rounds of two (audio/calibration/timetable.ts). */
export const DISTANCE_SLOTS = 10;
/** Chirps are looked for within their own slot of a second. */
const MAX_AFTER_SLOT_MS = 1_000;
/** Far beyond any server's uptime. */
const MAX_GLOBAL_US = 1e15;

/** Names one measurement: what is said of another one is stale. Chosen by who asks. */
const id = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 1));

export const distanceSchema = v.variant("act", [
  /** The sender's microphone is open, and it asks for the receiver's. */
  v.object({ act: v.literal("ask"), id }),
  /** It is open. */
  v.object({ act: v.literal("ready"), id }),
  /** From `startGlobalUs` on both chirp in turn, the sender first, and both listen. */
  v.object({
    act: v.literal("call"),
    id,
    clockId: v.pipe(v.string(), v.maxLength(MAX_CLOCK_NAME_CHARS)),
    startGlobalUs: v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_GLOBAL_US)),
  }),
  /** By slot, how long after its beginning the sender heard the chirp; null where it did not. */
  v.object({
    act: v.literal("heard"),
    id,
    afterSlotMs: v.pipe(
      v.array(v.nullable(v.pipe(v.number(), v.minValue(-MAX_AFTER_SLOT_MS), v.maxValue(MAX_AFTER_SLOT_MS)))),
      v.length(DISTANCE_SLOTS),
    ),
  }),
  /** Nothing comes of it: the receiver's person is told why. */
  v.object({
    act: v.literal("end"),
    id,
    why: v.picklist(["declined", "busy", "microphone", "music", "clock", "stopped"]),
  }),
]);

export type DistanceMessage = v.InferOutput<typeof distanceSchema>;
export type DistanceEnd = Extract<DistanceMessage, { act: "end" }>["why"];
