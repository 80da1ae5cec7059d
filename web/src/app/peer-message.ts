// What peers say to each other through the relay, inside sealed envelopes: JSON, checked here, at the edge.
// `status` is about oneself and replaces what was said before; `beat` is the director's; `signal` sets up a data channel.

import * as v from "valibot";
import type { Beat } from "../director/index.ts";
import { type FileId, fromUtf8, isFileId, isUserId, type UserId, utf8, WireError } from "../lib/index.ts";
import { type Signal, signalSchema } from "../swarm/index.ts";
import { cleanName, MAX_NAME_CHARS } from "./person-name.ts";

export interface PeerStatus {
  readonly name: string;
  readonly isVisible: boolean;
  /** The file this peer holds, has decoded and could play now. */
  readonly readyFileId: FileId | null;
  /** The chosen file is one this peer's browser cannot decode: nobody should wait for it. */
  readonly isUnable: boolean;
  readonly rttMs: number;
  readonly speakerDelayMs: number;
  /** How far ahead (+) or behind (−) of the plan its loudspeaker is; null while it is not playing. */
  readonly syncErrorMs: number | null;
  readonly isClicking: boolean;
  /** It gets fewer links in a large swarm. All must reckon with the same, or the two ends of a link would not agree on it. */
  readonly isPhone: boolean;
  /** What keeps it from being ready for the chosen file; null when nothing does. */
  readonly hindrance: Hindrance | null;
  /** The chosen file has ended here. A director that cannot play it has no other way to know. */
  readonly isOver: boolean;
}

const HINDRANCES = ["turned-off", "storage-full", "fetching", "decoding", "sound-held", "clock"] as const;
export type Hindrance = (typeof HINDRANCES)[number];

export type PeerMessage =
  | { readonly kind: "status"; readonly status: PeerStatus }
  | { readonly kind: "beat"; readonly beat: Beat }
  | { readonly kind: "signal"; readonly signal: Signal };

/** A term grows by one per succession; a billion of them is no party but an attack on the register. */
const MAX_TERM = 1_000_000_000;

const userId = v.custom<UserId>((value) => typeof value === "string" && isUserId(value));
const fileId = v.custom<FileId>((value) => typeof value === "string" && isFileId(value));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_TERM));
const globalUs = v.pipe(v.number(), v.finite(), v.minValue(-1e15), v.maxValue(1e15));
const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(-1e6), v.maxValue(1e6));
const PLAN_STATES = ["stopped", "preparing", "playing"] as const;

// On the wire: short arrays, because a status and a beat should fit the smallest envelope (197 bytes of content).
const schema = v.variant("k", [
  v.object({
    k: v.literal("s"),
    s: v.tuple([
      v.pipe(v.string(), v.maxLength(4 * MAX_NAME_CHARS), v.transform(cleanName)),
      v.boolean(), // isVisible
      v.nullable(fileId), // readyFileId
      v.boolean(), // isUnable
      v.pipe(milliseconds, v.minValue(0)), // rttMs
      v.pipe(milliseconds, v.minValue(0), v.maxValue(2_000)), // speakerDelayMs
      v.nullable(milliseconds), // syncErrorMs
      v.boolean(), // isClicking
      v.boolean(), // isPhone
      v.picklist([0, 1, 2, 3, 4, 5, 6]), // hindrance; 0: none
      v.boolean(), // isOver
    ]),
  }),
  v.object({
    k: v.literal("b"),
    r: v.tuple([count, userId, v.boolean()]), // term, userId, resigned
    p: v.tuple([
      count, // term
      count, // rev
      v.pipe(v.string(), v.maxLength(64)), // clockId
      v.nullable(fileId),
      v.picklist([0, 1, 2]), // state
      globalUs, // globalStartUs
      v.pipe(globalUs, v.minValue(0)), // positionUs
    ]),
  }),
  // A candidate is the most frequent signal of all and fits the smallest envelope too, without what can be inferred.
  v.object({ k: v.literal("c"), c: v.tuple([v.string(), v.string(), v.nullable(v.string())]) }),
  v.object({ k: v.literal("g"), g: v.unknown() }),
]);

export function encodePeerMessage(message: PeerMessage): Uint8Array {
  return utf8(JSON.stringify(toWire(message)));
}

/** Throws WireError `wire-malformed`. */
export function decodePeerMessage(content: Uint8Array): PeerMessage {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(content));
  } catch (cause) {
    throw new WireError("wire-malformed", "not JSON", { cause });
  }
  const result = v.safeParse(schema, value);
  if (!result.success) throw new WireError("wire-malformed", result.issues[0].message);
  return fromWire(result.output);
}

/** Throws WireError `wire-malformed`. */
function checkedSignal(value: unknown): Signal {
  const result = v.safeParse(signalSchema, value);
  if (!result.success) throw new WireError("wire-malformed", result.issues[0].message);
  return result.output;
}

type Wire = v.InferOutput<typeof schema>;

function toWire(message: PeerMessage): Wire {
  if (message.kind === "signal") {
    const { signal } = message;
    if (signal.kind !== "candidate") return { k: "g", g: signal };
    const { candidate, sdpMid } = signal.candidate;
    return { k: "c", c: [signal.session, candidate, sdpMid ?? null] };
  }
  if (message.kind === "status") {
    const { name, isVisible, readyFileId, isUnable, rttMs, speakerDelayMs } = message.status;
    const { syncErrorMs, isClicking, isPhone, hindrance, isOver } = message.status;
    const hindranceIndex = hindrance === null ? 0 : HINDRANCES.indexOf(hindrance) + 1;
    const rttTenthsMs = Math.round(rttMs * 10) / 10;
    return {
      k: "s",
      s: [
        name,
        isVisible,
        readyFileId,
        isUnable,
        rttTenthsMs,
        speakerDelayMs,
        syncErrorMs,
        isClicking,
        isPhone,
        hindranceIndex as Extract<Wire, { k: "s" }>["s"][9],
        isOver,
      ],
    };
  }
  const { record, plan } = message.beat;
  const state = PLAN_STATES.indexOf(plan.state) as 0 | 1 | 2;
  return {
    k: "b",
    r: [record.term, record.userId, record.resigned],
    p: [plan.term, plan.rev, plan.clockId, plan.fileId, state, plan.globalStartUs, plan.positionUs],
  };
}

function fromWire(wire: Wire): PeerMessage {
  if (wire.k === "g") return { kind: "signal", signal: checkedSignal(wire.g) };
  if (wire.k === "c") {
    const [session, candidate, sdpMid] = wire.c;
    // One bundled media section: its index is 0 where its name is missing.
    const place = sdpMid === null ? { sdpMLineIndex: 0 } : { sdpMid };
    return {
      kind: "signal",
      signal: checkedSignal({ kind: "candidate", session, candidate: { candidate, ...place } }),
    };
  }
  if (wire.k === "s") {
    const [name, isVisible, readyFileId, isUnable, rttMs, speakerDelayMs, ...rest] = wire.s;
    const [syncErrorMs, isClicking, isPhone, hindranceIndex, isOver] = rest;
    const hindrance = HINDRANCES[hindranceIndex - 1] ?? null;
    const own = { name, isVisible, readyFileId, isUnable, rttMs, speakerDelayMs };
    return { kind: "status", status: { ...own, syncErrorMs, isClicking, isPhone, hindrance, isOver } };
  }
  const [term, userIdOfDirector, resigned] = wire.r;
  const [planTerm, rev, clockId, planFileId, state, globalStartUs, positionUs] = wire.p;
  const plan = {
    term: planTerm,
    rev,
    clockId,
    fileId: planFileId,
    state: PLAN_STATES[state] ?? "stopped",
    globalStartUs,
    positionUs,
  };
  return { kind: "beat", beat: { record: { term, userId: userIdOfDirector, resigned }, plan } };
}
