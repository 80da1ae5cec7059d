// What peers say to each other through the relay, inside sealed envelopes: checked here, at the edge.
// `status` is about oneself and replaces what was said before; `heartbeat` is the director's (heartbeat-message.ts); `queue`,
// `queue-request` and `queue-ask` are about what plays next (queue-message.ts); `role-request` is about roles (role-message.ts);
// `signal` sets up a data channel; `calibration` lines loudspeakers up, `distance` tells how far two of them lie apart. Statuses and
// heartbeats are bytes (big-endian), because with their signature they should fit the smallest envelope, a queue because it should
// fit one at all, a role request because it is like them; the others are JSON, which begins with a brace.
//
//   status: 1 · flags · not-ready reason, 3 bits (0: none), 8 if a role follows, number of troubles, upper half · speaker delay, ms,
//           u16 · round trip, tenths of a ms, u16 · time to start, ms, u16 · playback error, ms, f32 (NaN: not playing) · its
//           uncertainty, tenths of a ms, u8, 255: at least that · ready file, 32 bytes, if flagged · each trouble: the file's first 8
//           bytes, what it is, u8 · role (role-message.ts), if flagged · name, UTF-8, to the end
//           flags: the bits of STATUS_FLAGS; `asks`: to be answered with a status · `unaligned`: the chosen file could not be lined up

import * as v from "valibot";
import {
  concatBytes,
  type FileId,
  fromHex,
  fromUtf8,
  parseJson,
  toHex,
  utf8,
  WireError,
} from "../../lib/index.ts";
import {
  FILE_PREFIX_BYTES,
  FILE_TROUBLES,
  MAX_PERSON_NAME_CHARS,
  MAX_SPEAKER_DELAY_MS,
  MAX_START_MS,
  MAX_TOLD_ERROR_MS,
  MAX_TOLD_TROUBLES,
  NOT_READY_REASONS,
  type NotReadyReason,
  STATUS_FLAGS,
  type StatusFlag,
} from "../../protocol/constants/session.gen.ts";
import { type Signal, signalSchema } from "../../transfer/index.ts";
import { ByteReader, checked, flagsOf } from "./byte-reader.ts";
import { type CalibrationMessage, calibrationSchema } from "./calibration-message.ts";
import { type DistanceMessage, distanceSchema } from "./distance-message.ts";
import type { ToldTrouble } from "./file-troubles.ts";
import { decodeHeartbeat, encodeHeartbeat, HEARTBEAT, type HeartbeatMessage } from "./heartbeat-message.ts";
import { cleanName } from "./person-name.ts";
import {
  decodeQueue,
  decodeRequest,
  encodeQueue,
  encodeRequest,
  QUEUE,
  QUEUE_ASK,
  QUEUE_REQUEST,
  type QueueMessage,
} from "./queue-message.ts";
import {
  decodeRoleRequest,
  decodeToldRole,
  encodeRoleRequest,
  encodeToldRole,
  ROLE_REQUEST,
  type RoleRequestMessage,
  type ToldRole,
} from "./role-message.ts";

export interface PeerStatus {
  readonly name: string;
  readonly isVisible: boolean;
  /** The file this peer holds, has decoded and could play now. */
  readonly readyFileId: FileId | null;
  /** The chosen file is one this peer's browser cannot decode: nobody should wait for it. */
  readonly isUnable: boolean;
  readonly rttMs: number;
  readonly speakerDelayMs: number;
  /** How long it needs from a plan that arrives to sound at its loudspeaker. */
  readonly startMs: number;
  /** How far ahead (+) or behind (−) of the plan its loudspeaker is; null while it is not playing. */
  readonly syncErrorMs: number | null;
  /** The loudspeaker is within this of that error in 19 of 20 moments. */
  readonly uncertaintyMs: number;
  readonly isClicking: boolean;
  /** It gets fewer links in a large swarm. All must reckon with the same, or the two ends of a link would not agree on it. */
  readonly isPhone: boolean;
  /** What keeps it from being ready for the chosen file; null when nothing does. */
  readonly notReadyReason: NotReadyReason | null;
  /** Files of those that are listed which it cannot play, or not whole. */
  readonly troubles: readonly ToldTrouble[];
  /** The chosen file has ended here. A director that cannot play it has no other way to know. */
  readonly isOver: boolean;
  /** The chosen file, decoded here, could not be lined up with its owner's decode: its sync error says less than the truth. */
  readonly isUnaligned: boolean;
  /** Who says nothing of it plays all. */
  readonly role?: ToldRole;
}

export type { NotReadyReason };

export type PeerMessage =
  /** `asks`: the sender has not been greeted by the receiver, and does not hear it before that. */
  | { readonly kind: "status"; readonly status: PeerStatus; readonly asks: boolean }
  | HeartbeatMessage
  | QueueMessage
  | RoleRequestMessage
  | { readonly kind: "signal"; readonly signal: Signal }
  | { readonly kind: "calibration"; readonly calibration: CalibrationMessage }
  | { readonly kind: "distance"; readonly distance: DistanceMessage };

const MAX_RTT_TENTHS_MS = 0xffff;
const MAX_UNCERTAINTY_TENTHS_MS = 255;
const STATUS = 1;
const BRACE = 0x7b;
/** Beside the not-ready reason. */
const HAS_ROLE = 8;

// A candidate is the most frequent signal of all and fits the smallest envelope too, without what can be inferred.
const jsonOnWire = v.variant("k", [
  v.object({ k: v.literal("c"), c: v.tuple([v.string(), v.string(), v.nullable(v.string())]) }),
  v.object({ k: v.literal("g"), g: v.unknown() }),
  v.object({ k: v.literal("m"), m: calibrationSchema }),
  v.object({ k: v.literal("d"), d: distanceSchema }),
]);

export function encodePeerMessage(message: PeerMessage): Uint8Array {
  switch (message.kind) {
    case "status":
      return encodeStatus(message.status, message.asks);
    case "heartbeat":
      return encodeHeartbeat(message);
    case "queue":
      return encodeQueue(message.queue);
    case "queue-request":
      return encodeRequest(message.request);
    case "queue-ask":
      return Uint8Array.of(QUEUE_ASK);
    case "role-request":
      return encodeRoleRequest(message.request);
    case "signal":
      return utf8(JSON.stringify(signalToWire(message.signal)));
    case "calibration":
      return utf8(JSON.stringify({ k: "m", m: message.calibration }));
    case "distance":
      return utf8(JSON.stringify({ k: "d", d: message.distance }));
  }
}

/** Throws WireError `wire-malformed`. */
export function decodePeerMessage(content: Uint8Array): PeerMessage {
  const reader = new ByteReader(content);
  try {
    switch (content[0]) {
      case STATUS:
        return decodeStatus(reader);
      case HEARTBEAT:
        return decodeHeartbeat(reader);
      case QUEUE:
        return { kind: "queue", queue: decodeQueue(reader) };
      case QUEUE_REQUEST:
        return { kind: "queue-request", request: decodeRequest(reader) };
      case QUEUE_ASK:
        reader.bytes(1);
        reader.end();
        return { kind: "queue-ask" };
      case ROLE_REQUEST:
        return { kind: "role-request", request: decodeRoleRequest(reader) };
      case BRACE:
        return decodeJson(fromUtf8(content));
    }
  } catch (cause) {
    if (cause instanceof WireError) throw cause;
    throw new WireError("wire-malformed", "not a message", { cause }); // RangeError, TypeError, SyntaxError
  }
  throw new WireError("wire-malformed", `message type ${content[0]}`);
}

const bytesOf = (fileId: FileId | null): Uint8Array => fromHex(fileId ?? "");

function encodeStatus(status: PeerStatus, asks: boolean): Uint8Array {
  const { notReadyReason, troubles, role, rttMs, syncErrorMs, uncertaintyMs, readyFileId } = status;
  const flags: Record<StatusFlag, boolean> = {
    visible: status.isVisible,
    unable: status.isUnable,
    clicking: status.isClicking,
    phone: status.isPhone,
    "ready-file": readyFileId !== null,
    asks,
    over: status.isOver,
    unaligned: status.isUnaligned,
  };
  const head = new DataView(new ArrayBuffer(14));
  head.setUint8(0, STATUS);
  head.setUint8(1, flagsOf(STATUS_FLAGS.map((flag) => flags[flag])));
  head.setUint8(
    2,
    (notReadyReason === null ? 0 : 1 + NOT_READY_REASONS.indexOf(notReadyReason)) |
      (role ? HAS_ROLE : 0) |
      (troubles.length << 4),
  );
  head.setUint16(3, status.speakerDelayMs);
  head.setUint16(5, Math.min(MAX_RTT_TENTHS_MS, Math.round(rttMs * 10)));
  head.setUint16(7, status.startMs);
  head.setFloat32(9, syncErrorMs ?? Number.NaN);
  head.setUint8(13, Math.min(MAX_UNCERTAINTY_TENTHS_MS, Math.ceil(uncertaintyMs * 10)));
  const told = troubles.map(({ filePrefix, trouble }) =>
    concatBytes(fromHex(filePrefix), Uint8Array.of(FILE_TROUBLES.indexOf(trouble))),
  );
  if (role) told.push(encodeToldRole(role));
  return concatBytes(new Uint8Array(head.buffer), bytesOf(readyFileId), ...told, utf8(status.name));
}

function decodeStatus(reader: ByteReader): PeerMessage {
  reader.uint8();
  const bits = reader.uint8();
  const has = (flag: StatusFlag): boolean => (bits & (1 << STATUS_FLAGS.indexOf(flag))) !== 0;
  const halves = reader.uint8();
  const notReadyReason = NOT_READY_REASONS[checked(halves & 7, 0, NOT_READY_REASONS.length) - 1] ?? null;
  const toldCount = checked(halves >> 4, 0, MAX_TOLD_TROUBLES);
  const speakerDelayMs = checked(reader.uint16(), 0, MAX_SPEAKER_DELAY_MS);
  const rttMs = reader.uint16() / 10;
  const startMs = checked(reader.uint16(), 0, MAX_START_MS);
  const errorMs = reader.float32();
  // To a thousandth, which is what was meant before it became a float of 32 bits.
  const roundedMs =
    Math.round(checked(Number.isNaN(errorMs) ? 0 : errorMs, -MAX_TOLD_ERROR_MS, MAX_TOLD_ERROR_MS) * 1000) /
    1000;
  const uncertaintyMs = reader.uint8() / 10;
  const readyFileId = has("ready-file") ? (toHex(reader.bytes(32)) as FileId) : null;
  const troubles = Array.from({ length: toldCount }, () => decodeTrouble(reader));
  const role = halves & HAS_ROLE ? decodeToldRole(reader) : null;
  const nameBytes = reader.rest();
  if (nameBytes.length > 4 * MAX_PERSON_NAME_CHARS) throw new WireError("wire-malformed", "name");
  const name = cleanName(fromUtf8(nameBytes));
  const syncErrorMs = Number.isNaN(errorMs) ? null : roundedMs;
  const status = {
    name,
    isVisible: has("visible"),
    readyFileId,
    isUnable: has("unable"),
    rttMs,
    speakerDelayMs,
    startMs,
    syncErrorMs,
    uncertaintyMs,
    isClicking: has("clicking"),
    isPhone: has("phone"),
    notReadyReason,
    troubles,
    isOver: has("over"),
    isUnaligned: has("unaligned"),
    ...(role && { role }),
  };
  return { kind: "status", status, asks: has("asks") };
}

function decodeTrouble(reader: ByteReader): ToldTrouble {
  const filePrefix = toHex(reader.bytes(FILE_PREFIX_BYTES));
  const trouble = FILE_TROUBLES[reader.uint8()];
  if (!trouble) throw new WireError("wire-malformed", "trouble");
  return { filePrefix, trouble };
}

function signalToWire(signal: Signal): v.InferOutput<typeof jsonOnWire> {
  if (signal.kind !== "candidate") return { k: "g", g: signal };
  const { candidate, sdpMid } = signal.candidate;
  return { k: "c", c: [signal.session, candidate, sdpMid ?? null] };
}

function decodeJson(text: string): PeerMessage {
  const wire = v.safeParse(jsonOnWire, parseJson(text));
  if (!wire.success) throw new WireError("wire-malformed", wire.issues[0].message);
  if (wire.output.k === "m") return { kind: "calibration", calibration: wire.output.m };
  if (wire.output.k === "d") return { kind: "distance", distance: wire.output.d };
  if (wire.output.k === "g") return { kind: "signal", signal: checkedSignal(wire.output.g) };
  const [session, candidate, sdpMid] = wire.output.c;
  // One bundled media section: its index is 0 where its name is missing.
  const place = sdpMid === null ? { sdpMLineIndex: 0 } : { sdpMid };
  const signal = checkedSignal({ kind: "candidate", session, candidate: { candidate, ...place } });
  return { kind: "signal", signal };
}

function checkedSignal(value: unknown): Signal {
  const result = v.safeParse(signalSchema, value);
  if (!result.success) throw new WireError("wire-malformed", result.issues[0].message);
  return result.output;
}
