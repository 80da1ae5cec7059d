// What a device says of its role, and a director's request for one, as bytes (big-endian). Pure.
//
//   role, in a status: role u8, its place in ROLES · flags u8 · choice u32 · if flagged the request that it answers: term u32 ·
//           rev u32 · who asked, 16 bytes
//           flags: 1 its person has consented · 2, 4 the answer: 0 none, else one more than its place in ROLE_ANSWERS · 8 it has no
//           loudspeaker
//   role-request: 6 · role u8 · choice u32 · term u32 · rev u32; who asks is who sends it

import type { Role } from "../../audio/index.ts";
import type { QueueStamp } from "../../director/index.ts";
import { type Bytes, concatBytes, fromHex, WireError } from "../../lib/index.ts";
import { ROLE_ANSWERS, ROLES, type RoleAnswer } from "../../protocol/constants/session.gen.ts";
import { type ByteReader, checked } from "./byte-reader.ts";

export const ROLE_REQUEST = 6;
/** Among the flags of a told role. */
const SILENT = 8;

/** Which request of which director it is; later ones count more (compareStamps). */
export type RoleStamp = QueueStamp;

/** A device's own word on what it plays (R1). */
export interface ToldRole {
  readonly role: Role;
  /** Its person lets whoever directs assign roles. */
  readonly hasConsented: boolean;
  /** Another with each choice that is made on the device itself. */
  readonly choice: number;
  readonly answer: { readonly stamp: RoleStamp; readonly code: RoleAnswer } | null;
  /** It only holds songs and hands them on: nothing of what it plays can be heard. Pages never say so. */
  readonly isSilent?: true;
}

/** Of a device that says nothing of it. */
export const UNTOLD_ROLE: ToldRole = { role: "all", hasConsented: false, choice: 0, answer: null };

export interface RoleRequest {
  readonly role: Role;
  /** The choice of the device that the director knows of (R5). */
  readonly choice: number;
  readonly term: number;
  readonly rev: number;
}

export interface RoleRequestMessage {
  readonly kind: "role-request";
  readonly request: RoleRequest;
}

export function encodeToldRole({ role, hasConsented, choice, answer, isSilent }: ToldRole): Bytes {
  const head = new DataView(new ArrayBuffer(answer ? 14 : 6));
  head.setUint8(0, ROLES.indexOf(role));
  const answered = answer ? (1 + ROLE_ANSWERS.indexOf(answer.code)) << 1 : 0;
  head.setUint8(1, Number(hasConsented) | answered | (isSilent ? SILENT : 0));
  head.setUint32(2, choice);
  if (answer) head.setUint32(6, answer.stamp.term);
  if (answer) head.setUint32(10, answer.stamp.rev);
  return concatBytes(new Uint8Array(head.buffer), fromHex(answer?.stamp.userId ?? ""));
}

/** Throws WireError, or RangeError where it runs over. */
export function decodeToldRole(reader: ByteReader): ToldRole {
  const role = decodeRole(reader);
  const flags = checked(reader.uint8(), 0, 2 * SILENT - 1);
  const code = ROLE_ANSWERS[((flags >> 1) & 3) - 1];
  const choice = reader.uint32();
  const answer = code
    ? { stamp: { term: reader.uint32(), rev: reader.uint32(), userId: reader.userId() }, code }
    : null;
  return { role, hasConsented: (flags & 1) !== 0, choice, answer, ...(flags & SILENT && { isSilent: true }) };
}

export function encodeRoleRequest({ role, choice, term, rev }: RoleRequest): Bytes {
  const view = new DataView(new ArrayBuffer(14));
  view.setUint8(0, ROLE_REQUEST);
  view.setUint8(1, ROLES.indexOf(role));
  for (const [at, number] of [choice, term, rev].entries()) view.setUint32(2 + 4 * at, number);
  return new Uint8Array(view.buffer);
}

/** Throws WireError, or RangeError where it runs over. */
export function decodeRoleRequest(reader: ByteReader): RoleRequest {
  reader.uint8();
  const request = {
    role: decodeRole(reader),
    choice: reader.uint32(),
    term: reader.uint32(),
    rev: reader.uint32(),
  };
  reader.end();
  return request;
}

function decodeRole(reader: ByteReader): Role {
  const role = ROLES[reader.uint8()];
  if (!role) throw new WireError("wire-malformed", "role");
  return role;
}
