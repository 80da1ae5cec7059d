// What devices say to each other to line their loudspeakers up through one microphone: sealed and relayed as all that peers
// say, checked here, at the edge. What the microphone hears is in none of it. Global µs, ms.

import * as v from "valibot";
import type { UserId } from "../../lib/index.ts";
import { MAX_CLOCK_NAME_CHARS, MAX_SPEAKER_DELAY_MS } from "../../protocol/constants/session.gen.ts";

/** MC6: five rounds of a second for each are a minute, and nobody likes to be silent for longer. */
export const MAX_CALIBRATED = 12;
/** Far beyond any server's uptime. */
const MAX_GLOBAL_US = 1e15;

const userId = v.custom<UserId>((value) => typeof value === "string" && /^[0-9a-f]{32}$/.test(value));
const order = v.pipe(
  v.array(userId),
  v.minLength(2),
  v.maxLength(MAX_CALIBRATED),
  v.check((ids) => new Set(ids).size === ids.length),
);

export const calibrationSchema = v.variant("act", [
  /** To all: from `startGlobalUs` on each of `order` chirps in its own slots, and the sender listens. */
  v.object({
    act: v.literal("call"),
    clockId: v.pipe(v.string(), v.maxLength(MAX_CLOCK_NAME_CHARS)),
    startGlobalUs: v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_GLOBAL_US)),
    order,
  }),
  /** To all: the sender listens no longer, and nothing comes of it. */
  v.object({ act: v.literal("end") }),
  /** To one: what its speaker delay should be, by what the sender heard. */
  v.object({
    act: v.literal("set"),
    delayMs: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_SPEAKER_DELAY_MS)),
  }),
]);

export type CalibrationMessage = v.InferOutput<typeof calibrationSchema>;
export type Call = Extract<CalibrationMessage, { act: "call" }>;
