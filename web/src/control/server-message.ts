// Parses what the server sends, at the edge: text in, a typed message out, or a WireError. The shapes are those of
// control.gen.ts; the compiler compares them, so a schema that lags behind does not build.

import * as v from "valibot";
import { isUserId, parseJson, type UserId, WireError } from "../lib/index.ts";
import {
  ERROR_CODES,
  MAX_ANNOUNCEMENT_CHARS,
  MAX_BODY_CHARS,
  MAX_FRAME_BYTES,
  type ServerMessage,
} from "../protocol/control.gen.ts";

const userId = v.custom<UserId>((value) => typeof value === "string" && isUserId(value));
const shortText = v.pipe(v.string(), v.maxLength(200));
/** Names a clock or a process. Goes into plans, which must fit a small envelope. */
const label = v.pipe(v.string(), v.regex(/^[\x20-\x7e]{1,64}$/));
const base64url = (minChars: number, maxChars: number) =>
  v.pipe(v.string(), v.minLength(minChars), v.maxLength(maxChars), v.regex(/^[A-Za-z0-9_-]+$/));
const key = base64url(43, 43);
const announcement = base64url(1, MAX_ANNOUNCEMENT_CHARS);
const finite = v.pipe(v.number(), v.finite());
const seconds = v.pipe(finite, v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const limits = v.object({
  maxFrameBytes: count,
  maxBodyChars: count,
  messagesPerSec: count,
  messageBurst: count,
  bytesPerSec: count,
  byteBurst: count,
  maxMembers: count,
});
const member = v.object({ userId, away: v.boolean(), sessionKey: key, announcement });
const iceServer = v.object({
  urls: v.pipe(v.array(shortText), v.maxLength(8)),
  username: v.exactOptional(shortText),
  credential: v.exactOptional(shortText),
});
const iceServers = v.pipe(v.array(iceServer), v.maxLength(8));

const schema = v.variant("type", [
  v.object({ type: v.literal("challenge"), nonce: key, nodeId: label }),
  v.object({
    type: v.literal("welcome"),
    clockId: label,
    nodeId: label,
    members: v.pipe(v.array(member), v.maxLength(1024)),
    limits,
    iceServers,
    graceSec: seconds,
    iceSec: v.exactOptional(seconds),
  }),
  v.object({ type: v.literal("pong"), id: count, t0: finite, t1: finite, t2: finite, clockId: label }),
  v.object({
    type: v.literal("joined"),
    userId,
    sessionKey: key,
    announcement,
    iceServers: v.exactOptional(iceServers),
  }),
  v.object({
    type: v.literal("presence"),
    userId,
    away: v.boolean(),
    announcement: v.exactOptional(announcement),
  }),
  v.object({ type: v.literal("left"), userId }),
  v.object({
    type: v.literal("relayed"),
    from: userId,
    body: base64url(1, MAX_BODY_CHARS),
  }),
  v.object({ type: v.literal("ice"), iceServers }),
  v.object({ type: v.literal("goaway"), retryAfterMs: v.pipe(count, v.maxValue(600_000)) }),
  v.object({ type: v.literal("error"), code: v.picklist(ERROR_CODES), message: v.string() }),
]);

/** A server message whose ids were checked. */
export type CheckedServerMessage = v.InferOutput<typeof schema>;
export type Member = Readonly<v.InferOutput<typeof member>>;

/** Throws WireError `wire-malformed` or `wire-too-large`. */
export function parseServerMessage(frame: unknown): CheckedServerMessage {
  if (typeof frame !== "string") throw new WireError("wire-malformed", "not a text frame");
  if (frame.length > MAX_FRAME_BYTES) throw new WireError("wire-too-large", `${frame.length} characters`);
  let value: unknown;
  try {
    value = parseJson(frame);
  } catch (cause) {
    throw new WireError("wire-malformed", "not JSON", { cause });
  }
  const result = v.safeParse(schema, value);
  if (!result.success) throw new WireError("wire-malformed", result.issues[0].message);
  return result.output satisfies ServerMessage;
}
