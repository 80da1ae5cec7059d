// The queue, what others ask of it, and asking for it, as bytes (big-endian): a full queue in a full swarm fits one envelope.
//
//   queue:   3 · locked u8 · stamp: term u32 · user id, 16 bytes · rev u32 · numbers of persons, entries, played and done, u8 each ·
//           persons, 16 bytes each, in the order of their ids · entries · played · done, 8 bytes each
//           an entry: its id, 8 bytes · file, 32 bytes · who added it, its place among the persons, u8 · duration, µs, f64 (NaN:
//           unknown) · skipped, u8 (0: no) · of those to come also the voices, a bit for each person, the first the lowest of the first byte
//   request: 4 · its id, 8 bytes · what, u8 · add: place u8 · duration f64 · file · remove: entry · move: entry · the entry it goes
//           before, if any · boost: on u8 · entry · clear: nothing · lock: locked u8
//   ask:     5

import type { Queue, QueueEntry, QueueOp, QueueRequest } from "../../director/index.ts";
import { concatBytes, type EntryId, fromHex, type UserId, WireError } from "../../lib/index.ts";
import {
  MAX_PLAN_US,
  MAX_QUEUE_DONE,
  MAX_QUEUE_ENTRIES,
  MAX_QUEUE_PERSONS,
  MAX_QUEUE_PLAYED,
  MIN_DURATION_US,
  QUEUE_OPS,
  QUEUE_PLACES,
  SKIP_REASONS,
} from "../../protocol/constants/director.gen.ts";
import { type ByteReader, checked } from "./byte-reader.ts";

export const QUEUE = 3;
export const QUEUE_REQUEST = 4;
export const QUEUE_ASK = 5;

export type QueueMessage =
  | { readonly kind: "queue"; readonly queue: Queue }
  | { readonly kind: "queue-request"; readonly request: QueueRequest }
  /** Whoever directs answers with its queue. */
  | { readonly kind: "queue-ask" };

/** Throws RangeError for a queue that nobody has written. */
export function encodeQueue({ stamp, isLocked, entries, played, done }: Queue): Uint8Array {
  if (!stamp) throw new RangeError("a queue without a stamp");
  const persons = [
    ...new Set([...entries, ...played].flatMap(({ addedBy, boosts }) => [addedBy, ...boosts])),
  ];
  const placeOf = new Map(persons.sort().map((userId, place) => [userId, place]));
  const encodeEntry = ({ entryId, fileId, addedBy, durationUs, skipped }: QueueEntry): Uint8Array =>
    concatBytes(
      fromHex(entryId + fileId),
      Uint8Array.of(placeOf.get(addedBy) ?? 0),
      float64(durationUs),
      Uint8Array.of(skipped === null ? 0 : 1 + SKIP_REASONS.indexOf(skipped)),
    );
  const encodeVoices = ({ boosts }: QueueEntry): Uint8Array => {
    const voices = new Uint8Array(Math.ceil(persons.length / 8));
    for (const userId of boosts) {
      const place = placeOf.get(userId) ?? 0;
      voices[place >> 3] = (voices[place >> 3] ?? 0) | (1 << (place & 7));
    }
    return voices;
  };
  return concatBytes(
    Uint8Array.of(QUEUE, Number(isLocked)),
    uint32(stamp.term),
    fromHex(stamp.userId),
    uint32(stamp.rev),
    Uint8Array.of(persons.length, entries.length, played.length, done.length),
    fromHex(persons.join("")),
    ...entries.flatMap((entry) => [encodeEntry(entry), encodeVoices(entry)]),
    ...played.map(encodeEntry),
    fromHex(done.join("")),
  );
}

/** Throws WireError, or RangeError where it runs over. */
export function decodeQueue(reader: ByteReader): Queue {
  reader.uint8();
  const isLocked = decodeFlag(reader);
  const stamp = { term: reader.uint32(), userId: reader.userId(), rev: reader.uint32() };
  const personCount = checked(reader.uint8(), 0, MAX_QUEUE_PERSONS);
  const entryCount = checked(reader.uint8(), 0, MAX_QUEUE_ENTRIES);
  const playedCount = checked(reader.uint8(), 0, MAX_QUEUE_PLAYED);
  const doneCount = checked(reader.uint8(), 0, MAX_QUEUE_DONE);
  const persons = listOf(personCount, () => reader.userId());
  const entries = listOf(entryCount, () => {
    const entry = decodeEntry(reader, persons);
    const voices = reader.bytes(Math.ceil(personCount / 8));
    const boosts = persons.filter((_, place) => (voices[place >> 3] ?? 0) & (1 << (place & 7)));
    return { ...entry, boosts };
  });
  const played = listOf(playedCount, () => decodeEntry(reader, persons));
  const done = listOf(doneCount, () => reader.entryId());
  reader.end();
  if (persons.some((userId, place) => place > 0 && userId <= (persons[place - 1] ?? "")))
    throw new WireError("wire-malformed", "persons out of order");
  for (const ids of [[...entries, ...played].map(({ entryId }) => entryId), done])
    if (new Set(ids).size < ids.length) throw new WireError("wire-malformed", "an id twice");
  return { stamp, isLocked, entries, played, done };
}

function decodeEntry(reader: ByteReader, persons: readonly UserId[]): QueueEntry {
  const entryId = reader.entryId();
  const fileId = reader.fileId();
  const addedBy = persons[reader.uint8()];
  const durationUs = decodeDuration(reader);
  const skipped = SKIP_REASONS[checked(reader.uint8(), 0, SKIP_REASONS.length) - 1] ?? null;
  if (addedBy === undefined) throw new WireError("wire-malformed", "person");
  return { entryId, fileId, addedBy, durationUs, skipped, boosts: [] };
}

export function encodeRequest({ requestId, op }: QueueRequest): Uint8Array {
  const head = concatBytes(
    Uint8Array.of(QUEUE_REQUEST),
    fromHex(requestId),
    Uint8Array.of(QUEUE_OPS.indexOf(op.type)),
  );
  switch (op.type) {
    case "add":
      return concatBytes(
        head,
        Uint8Array.of(QUEUE_PLACES.indexOf(op.place)),
        float64(op.durationUs),
        fromHex(op.fileId),
      );
    case "remove":
      return concatBytes(head, fromHex(op.entryId));
    case "move":
      return concatBytes(head, fromHex(op.entryId + (op.beforeId ?? "")));
    case "boost":
      return concatBytes(head, Uint8Array.of(Number(op.isOn)), fromHex(op.entryId));
    case "clear":
      return head;
    case "lock":
      return concatBytes(head, Uint8Array.of(Number(op.isLocked)));
  }
}

/** Throws WireError, or RangeError where it runs over. */
export function decodeRequest(reader: ByteReader): QueueRequest {
  reader.uint8();
  const requestId = reader.entryId();
  const op = decodeOp(reader);
  reader.end();
  return { requestId, op };
}

function decodeOp(reader: ByteReader): QueueOp {
  const type = QUEUE_OPS[reader.uint8()];
  switch (type) {
    case "add": {
      const place = QUEUE_PLACES[reader.uint8()];
      if (!place) throw new WireError("wire-malformed", "place");
      return { type, place, durationUs: decodeDuration(reader), fileId: reader.fileId() };
    }
    case "remove":
      return { type, entryId: reader.entryId() };
    case "move":
      return { type, entryId: reader.entryId(), beforeId: decodeEntryIdIfAny(reader) };
    case "boost":
      return { type, isOn: decodeFlag(reader), entryId: reader.entryId() };
    case "clear":
      return { type };
    case "lock":
      return { type, isLocked: decodeFlag(reader) };
    default:
      throw new WireError("wire-malformed", "request");
  }
}

const decodeEntryIdIfAny = (reader: ByteReader): EntryId | null =>
  reader.rest().length > 0 ? reader.entryId() : null;

const decodeFlag = (reader: ByteReader): boolean => checked(reader.uint8(), 0, 1) === 1;

function decodeDuration(reader: ByteReader): number | null {
  const durationUs = reader.float64();
  return Number.isNaN(durationUs) ? null : checked(durationUs, MIN_DURATION_US, MAX_PLAN_US);
}

function listOf<Each>(count: number, read: () => Each): Each[] {
  return Array.from({ length: count }, read);
}

function uint32(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, value);
  return new Uint8Array(view.buffer);
}

function float64(value: number | null): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value ?? Number.NaN);
  return new Uint8Array(view.buffer);
}
