// The director's heartbeat as bytes (big-endian): its record, the whole plan, and which queue is the latest. It fits the smallest
// envelope, because everybody is told it every second.
//
//   2 · flags u8 · more flags u8 · term u32 · director's user id, 16 bytes · plan's term u32 · rev u32 · globalStartUs f64 ·
//   positionUs f64 · tempo, per cent, u8 · crossfade, ms, u16 · length of the clock's name, u8 · its name, ASCII · file, 32 bytes, if
//   flagged · entry, 8 bytes, if flagged · loop, from and to, µs, f64 each, if flagged · the queue's stamp, if there is one: rev u32,
//   and where another wrote it than this director in this term, term u32 · user id, 16 bytes
//   flags: 1 resigned · 2 has a file · 4, 8 the plan's state · 16, 32 repeat
//   more flags: 1 has an entry · 2 has a loop · 4 has a queue · 8 of another director

import type { Heartbeat, QueueStamp } from "../../director/index.ts";
import { concatBytes, fromHex, utf8, WireError } from "../../lib/index.ts";
import {
  MAX_CROSSFADE_MS,
  MAX_PLAN_US,
  MAX_TEMPO,
  MIN_LOOP_US,
  MIN_TEMPO,
  PLAN_STATES,
  REPEATS,
} from "../../protocol/constants/director.gen.ts";
import { MAX_CLOCK_NAME_CHARS } from "../../protocol/constants/session.gen.ts";
import { type ByteReader, checked, flagsOf } from "./byte-reader.ts";

export const HEARTBEAT = 2;

/** The director's word, and which queue it holds for the latest. */
export interface HeartbeatMessage {
  readonly kind: "heartbeat";
  readonly heartbeat: Heartbeat;
  readonly queueStamp: QueueStamp | null;
}

export function encodeHeartbeat({ heartbeat, queueStamp }: HeartbeatMessage): Uint8Array {
  const { record, plan } = heartbeat;
  const { fileId, entryId, loopUs } = plan;
  const isOthers =
    queueStamp !== null && (queueStamp.term !== record.term || queueStamp.userId !== record.userId);
  const head = new DataView(new ArrayBuffer(7));
  head.setUint8(0, HEARTBEAT);
  const words = (PLAN_STATES.indexOf(plan.state) << 2) | (REPEATS.indexOf(plan.repeat) << 4);
  head.setUint8(1, flagsOf([record.resigned, fileId !== null]) | words);
  head.setUint8(2, flagsOf([entryId !== null, loopUs !== null, queueStamp !== null, isOthers]));
  head.setUint32(3, record.term);
  const clockName = utf8(plan.clockId);
  const numbers = new DataView(new ArrayBuffer(28));
  numbers.setUint32(0, plan.term);
  numbers.setUint32(4, plan.rev);
  numbers.setFloat64(8, plan.globalStartUs);
  numbers.setFloat64(16, plan.positionUs);
  numbers.setUint8(24, plan.tempo);
  numbers.setUint16(25, plan.crossfadeMs);
  numbers.setUint8(27, clockName.length);
  const loop = new DataView(new ArrayBuffer(loopUs ? 16 : 0));
  for (const [at, us] of (loopUs ?? []).entries()) loop.setFloat64(8 * at, us);
  const stamp = new DataView(new ArrayBuffer(queueStamp ? (isOthers ? 8 : 4) : 0));
  if (queueStamp) stamp.setUint32(0, queueStamp.rev);
  if (isOthers) stamp.setUint32(4, queueStamp.term);
  return concatBytes(
    new Uint8Array(head.buffer),
    fromHex(record.userId),
    new Uint8Array(numbers.buffer),
    clockName,
    fromHex(fileId ?? ""),
    fromHex(entryId ?? ""),
    new Uint8Array(loop.buffer),
    new Uint8Array(stamp.buffer),
    fromHex(isOthers ? queueStamp.userId : ""),
  );
}

/** Throws WireError, or RangeError where it runs over. */
export function decodeHeartbeat(reader: ByteReader): HeartbeatMessage {
  reader.uint8();
  const flags = checked(reader.uint8(), 0, 63);
  const more = checked(reader.uint8(), 0, 15);
  const state = PLAN_STATES[(flags >> 2) & 3];
  const repeat = REPEATS[flags >> 4];
  if (!state || !repeat) throw new WireError("wire-malformed", "plan state");
  if ((more & 1 && !(flags & 2)) || (more & 8 && !(more & 4))) throw new WireError("wire-malformed", "flags");
  const record = {
    term: reader.uint32(), // any number has a next one (D20)
    userId: reader.userId(),
    resigned: (flags & 1) !== 0,
  };
  const plan = {
    term: reader.uint32(),
    rev: reader.uint32(),
    globalStartUs: checked(reader.float64(), -MAX_PLAN_US, MAX_PLAN_US),
    positionUs: checked(reader.float64(), 0, MAX_PLAN_US),
    tempo: checked(reader.uint8(), MIN_TEMPO, MAX_TEMPO),
    crossfadeMs: checked(reader.uint16(), 0, MAX_CROSSFADE_MS),
    clockId: reader.ascii(checked(reader.uint8(), 0, MAX_CLOCK_NAME_CHARS)),
    fileId: flags & 2 ? reader.fileId() : null,
    entryId: more & 1 ? reader.entryId() : null,
    loopUs: more & 2 ? decodeLoop(reader) : null,
    state,
    repeat,
  };
  const queueStamp = more & 4 ? decodeStamp(reader, record, (more & 8) !== 0) : null;
  reader.end();
  return { kind: "heartbeat", heartbeat: { record, plan }, queueStamp };
}

function decodeLoop(reader: ByteReader): readonly [number, number] {
  const fromUs = checked(reader.float64(), 0, MAX_PLAN_US);
  return [fromUs, checked(reader.float64(), fromUs + MIN_LOOP_US, MAX_PLAN_US)];
}

function decodeStamp(
  reader: ByteReader,
  { term, userId }: Heartbeat["record"],
  isOthers: boolean,
): QueueStamp {
  const rev = reader.uint32();
  return isOthers ? { rev, term: reader.uint32(), userId: reader.userId() } : { rev, term, userId };
}
