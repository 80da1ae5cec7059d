// What peers say to each other through the relay, inside sealed envelopes: checked here, at the edge.
// `status` is about oneself and replaces what was said before; `heartbeat` is the director's; `signal` sets up a data channel;
// `calibration` lines loudspeakers up. Statuses and heartbeats are bytes (big-endian), because with their signature they should
// fit the smallest envelope; the others are JSON, which begins with a brace.
//
//   status: 1 · flags · not-ready reason, lower half of u8 (0: none), number of troubles, upper half · speaker delay, ms, u16 · round trip, tenths of a ms, u16 ·
//           time to start, ms, u16 · playback error, ms, f32 (NaN: not playing) · its uncertainty, tenths of a ms, u8, 255: at least that · ready file, 32 bytes, if flagged · each trouble: the file's
//           first 8 bytes, what it is, u8 · name, UTF-8, to the end
//           flags: the bits of STATUS_FLAGS; `asks`: to be answered with a status · `unaligned`: the chosen file could not be lined up
//   heartbeat:   2 · flags · term u32 · director's user id, 16 bytes · plan's term u32 · rev u32 · globalStartUs f64 ·
//           positionUs f64 · length of the clock's name, u8 · its name, ASCII · file, 32 bytes, if flagged
//           flags: 1 resigned · 2 has a file · 4, 8 the plan's state

import * as v from "valibot";
import type { Heartbeat } from "../../director/index.ts";
import {
  concatBytes,
  type FileId,
  fromHex,
  fromUtf8,
  toHex,
  type UserId,
  utf8,
  WireError,
} from "../../lib/index.ts";
import { MAX_PLAN_US, PLAN_STATES } from "../../protocol/constants/director.gen.ts";
import {
  FILE_PREFIX_BYTES,
  FILE_TROUBLES,
  MAX_CLOCK_NAME_CHARS,
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
import { type CalibrationMessage, calibrationSchema } from "./calibration-message.ts";
import type { ToldTrouble } from "./file-troubles.ts";
import { cleanName } from "./person-name.ts";

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
}

export type { NotReadyReason };

export type PeerMessage =
  /** `asks`: the sender has not been greeted by the receiver, and does not hear it before that. */
  | { readonly kind: "status"; readonly status: PeerStatus; readonly asks: boolean }
  | { readonly kind: "heartbeat"; readonly heartbeat: Heartbeat }
  | { readonly kind: "signal"; readonly signal: Signal }
  | { readonly kind: "calibration"; readonly calibration: CalibrationMessage };

const MAX_RTT_TENTHS_MS = 0xffff;
const MAX_UNCERTAINTY_TENTHS_MS = 255;
const TYPE = { status: 1, heartbeat: 2 } as const;
const BRACE = 0x7b;

// A candidate is the most frequent signal of all and fits the smallest envelope too, without what can be inferred.
const jsonOnWire = v.variant("k", [
  v.object({ k: v.literal("c"), c: v.tuple([v.string(), v.string(), v.nullable(v.string())]) }),
  v.object({ k: v.literal("g"), g: v.unknown() }),
  v.object({ k: v.literal("m"), m: calibrationSchema }),
]);

export function encodePeerMessage(message: PeerMessage): Uint8Array {
  switch (message.kind) {
    case "status":
      return encodeStatus(message.status, message.asks);
    case "heartbeat":
      return encodeHeartbeat(message.heartbeat);
    case "signal":
      return utf8(JSON.stringify(signalToWire(message.signal)));
    case "calibration":
      return utf8(JSON.stringify({ k: "m", m: message.calibration }));
  }
}

/** Throws WireError `wire-malformed`. */
export function decodePeerMessage(content: Uint8Array): PeerMessage {
  try {
    switch (content[0]) {
      case TYPE.status:
        return decodeStatus(new Reader(content));
      case TYPE.heartbeat:
        return { kind: "heartbeat", heartbeat: decodeHeartbeat(new Reader(content)) };
      case BRACE:
        return decodeJson(fromUtf8(content));
    }
  } catch (cause) {
    if (cause instanceof WireError) throw cause;
    throw new WireError("wire-malformed", "not a message", { cause }); // RangeError, TypeError, SyntaxError
  }
  throw new WireError("wire-malformed", `message type ${content[0]}`);
}

function encodeStatus(status: PeerStatus, asks: boolean): Uint8Array {
  const { notReadyReason, troubles, rttMs, syncErrorMs, uncertaintyMs, readyFileId } = status;
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
  head.setUint8(0, TYPE.status);
  head.setUint8(1, flagsOf(STATUS_FLAGS.map((flag) => flags[flag])));
  head.setUint8(
    2,
    (notReadyReason === null ? 0 : 1 + NOT_READY_REASONS.indexOf(notReadyReason)) | (troubles.length << 4),
  );
  head.setUint16(3, status.speakerDelayMs);
  head.setUint16(5, Math.min(MAX_RTT_TENTHS_MS, Math.round(rttMs * 10)));
  head.setUint16(7, status.startMs);
  head.setFloat32(9, syncErrorMs ?? Number.NaN);
  head.setUint8(13, Math.min(MAX_UNCERTAINTY_TENTHS_MS, Math.ceil(uncertaintyMs * 10)));
  const told = troubles.map(({ filePrefix, trouble }) =>
    concatBytes(fromHex(filePrefix), Uint8Array.of(FILE_TROUBLES.indexOf(trouble))),
  );
  return concatBytes(new Uint8Array(head.buffer), bytesOf(readyFileId), ...told, utf8(status.name));
}

function decodeStatus(reader: Reader): PeerMessage {
  reader.uint8();
  const bits = reader.uint8();
  const has = (flag: StatusFlag): boolean => (bits & (1 << STATUS_FLAGS.indexOf(flag))) !== 0;
  const halves = reader.uint8();
  const notReadyReason = NOT_READY_REASONS[checked(halves & 15, 0, NOT_READY_REASONS.length) - 1] ?? null;
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
  };
  return { kind: "status", status, asks: has("asks") };
}

function decodeTrouble(reader: Reader): ToldTrouble {
  const filePrefix = toHex(reader.bytes(FILE_PREFIX_BYTES));
  const trouble = FILE_TROUBLES[reader.uint8()];
  if (!trouble) throw new WireError("wire-malformed", "trouble");
  return { filePrefix, trouble };
}

function encodeHeartbeat({ record, plan }: Heartbeat): Uint8Array {
  const head = new DataView(new ArrayBuffer(6));
  const state = PLAN_STATES.indexOf(plan.state);
  head.setUint8(0, TYPE.heartbeat);
  head.setUint8(1, flagsOf([record.resigned, plan.fileId !== null]) | (state << 2));
  head.setUint32(2, record.term);
  const clockName = utf8(plan.clockId);
  const numbers = new DataView(new ArrayBuffer(25));
  numbers.setUint32(0, plan.term);
  numbers.setUint32(4, plan.rev);
  numbers.setFloat64(8, plan.globalStartUs);
  numbers.setFloat64(16, plan.positionUs);
  numbers.setUint8(24, clockName.length);
  const director = fromHex(record.userId);
  const middle = new Uint8Array(numbers.buffer);
  return concatBytes(new Uint8Array(head.buffer), director, middle, clockName, bytesOf(plan.fileId));
}

function decodeHeartbeat(reader: Reader): Heartbeat {
  reader.uint8();
  const flags = checked(reader.uint8(), 0, 15);
  const state = PLAN_STATES[flags >> 2];
  if (!state) throw new WireError("wire-malformed", "plan state");
  const record = {
    term: reader.uint32(), // any number has a next one (D20)
    userId: toHex(reader.bytes(16)) as UserId,
    resigned: (flags & 1) !== 0,
  };
  const plan = {
    term: reader.uint32(),
    rev: reader.uint32(),
    globalStartUs: checked(reader.float64(), -MAX_PLAN_US, MAX_PLAN_US),
    positionUs: checked(reader.float64(), 0, MAX_PLAN_US),
    clockId: reader.ascii(checked(reader.uint8(), 0, MAX_CLOCK_NAME_CHARS)),
    fileId: (flags & 2) !== 0 ? (toHex(reader.bytes(32)) as FileId) : null,
    state,
  };
  if (reader.rest().length > 0) throw new WireError("wire-malformed", "heartbeat runs over");
  return { record, plan };
}

/** Reads from the front; what runs over throws RangeError. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  uint8 = (): number => this.#view.getUint8(this.#step(1));
  uint16 = (): number => this.#view.getUint16(this.#step(2));
  uint32 = (): number => this.#view.getUint32(this.#step(4));
  float32 = (): number => this.#view.getFloat32(this.#step(4));
  float64 = (): number => this.#view.getFloat64(this.#step(8));
  rest = (): Uint8Array => this.#bytes.subarray(this.#at);

  bytes(length: number): Uint8Array {
    const from = this.#step(length);
    if (this.#at > this.#bytes.length) throw new RangeError("runs over");
    return this.#bytes.subarray(from, this.#at);
  }

  ascii(length: number): string {
    const bytes = this.bytes(length);
    if (bytes.some((byte) => byte < 0x20 || byte > 0x7e)) throw new WireError("wire-malformed", "text");
    return fromUtf8(bytes);
  }

  #step(length: number): number {
    this.#at += length;
    return this.#at - length;
  }
}

const flagsOf = (flags: readonly boolean[]): number =>
  flags.reduce((byte, isSet, bit) => byte | (isSet ? 1 << bit : 0), 0);

const bytesOf = (fileId: FileId | null): Uint8Array => (fileId ? fromHex(fileId) : new Uint8Array(0));

function checked(value: number, min: number, max: number): number {
  if (!(value >= min && value <= max)) throw new WireError("wire-malformed", `${value} out of range`);
  return value;
}

function signalToWire(signal: Signal): v.InferOutput<typeof jsonOnWire> {
  if (signal.kind !== "candidate") return { k: "g", g: signal };
  const { candidate, sdpMid } = signal.candidate;
  return { k: "c", c: [signal.session, candidate, sdpMid ?? null] };
}

function decodeJson(text: string): PeerMessage {
  const wire = v.safeParse(jsonOnWire, JSON.parse(text));
  if (!wire.success) throw new WireError("wire-malformed", wire.issues[0].message);
  if (wire.output.k === "m") return { kind: "calibration", calibration: wire.output.m };
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
