// What two peers say to each other through the sealed relay until they are connected. A session names one
// RTCPeerConnection; whatever speaks of another session than the current one is stale and ignored.

import * as v from "valibot";

/** A data-channel-only description is about 1 KiB with its candidates inside; the relay takes 16 KiB sealed. */
const MAX_SDP_CHARS = 8 * 1024;
const MAX_CANDIDATE_CHARS = 1024;

const session = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));
const sdp = v.pipe(v.string(), v.maxLength(MAX_SDP_CHARS));
const shortText = v.nullable(v.pipe(v.string(), v.maxLength(256)));

const candidate = v.object({
  candidate: v.pipe(v.string(), v.maxLength(MAX_CANDIDATE_CHARS)),
  sdpMid: v.exactOptional(shortText),
  sdpMLineIndex: v.exactOptional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(16)))),
  usernameFragment: v.exactOptional(shortText),
});

export const signalSchema = v.variant("kind", [
  /** From the smaller user id only. A restart renews the paths of a session both sides still have. */
  v.object({ kind: v.literal("offer"), session, sdp, isRestart: v.boolean() }),
  v.object({ kind: v.literal("answer"), session, sdp }),
  v.object({ kind: v.literal("candidate"), session, candidate }),
  /** From the larger user id: "I have no connection to you, please offer." Its session is a fresh number. */
  v.object({ kind: v.literal("call"), session }),
  /** This session is over for the sender. */
  v.object({ kind: v.literal("bye"), session }),
]);

export type Signal = v.InferOutput<typeof signalSchema>;
