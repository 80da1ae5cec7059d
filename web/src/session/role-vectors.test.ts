// The test vectors of roles, in vectors/role-messages.json: the headless peer (src/unisono/peer) must arrive at the same.
// UNISONO_WRITE_VECTORS=1 writes them anew.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pickOne, randomBelow, toHex, type UserId } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { ROLES } from "../protocol/constants/session.gen.ts";
import { OwnRole } from "./core/own-role.ts";
import { decodePeerMessage, encodePeerMessage, type PeerStatus } from "./core/peer-message.ts";
import { type ToldRole, UNTOLD_ROLE } from "./core/role-message.ts";
import { PLAIN_STATUS } from "./testing/sim-member.ts";

const PATH = join(import.meta.dirname, "../../../vectors/role-messages.json");

const random = new SeededRandom(23);
const PEOPLE = Array.from({ length: 3 }, () => toHex(random.bytes(16)) as UserId);
const EDGES = [0, 1, 2 ** 31, 2 ** 32 - 1];
const anyNumber = (): number => pickOne(random, [...EDGES, randomBelow(random, 2 ** 32)]);

function statusesAndRequests() {
  const answers = ["taken", "asking", "declined", null] as const;
  const told = answers.flatMap((code, at): ToldRole[] => {
    const stamp = { term: anyNumber(), rev: anyNumber(), userId: PEOPLE[at % 3] as UserId };
    const role = pickOne(random, ROLES);
    return [{ role, hasConsented: at % 2 === 0, choice: anyNumber(), answer: code && { stamp, code } }];
  });
  told.push({ role: "left", hasConsented: true, choice: 0, answer: null, isSilent: true });
  const statuses = told.map((role) => {
    const status: PeerStatus = { ...PLAIN_STATUS, name: "Ötzi", notReadyReason: "clock", role };
    const bytes = encodePeerMessage({ kind: "status", status, asks: false });
    expect(decodePeerMessage(bytes)).toEqual({ kind: "status", status, asks: false });
    return { role, bytes: toHex(bytes) };
  });
  const requests = ROLES.map((role) => {
    const request = { role, choice: anyNumber(), term: anyNumber(), rev: anyNumber() };
    const bytes = encodePeerMessage({ kind: "role-request", request });
    expect(decodePeerMessage(bytes)).toEqual({ kind: "role-request", request });
    return { request, bytes: toHex(bytes) };
  });
  return { statuses, requests };
}

/** What happens on one device, and what it tells after each. */
function story() {
  const own = new OwnRole("all", 4_096);
  let localMs = 0;
  return Array.from({ length: 300 }, () => {
    localMs += randomBelow(random, 20_000);
    const role = pickOne(random, ROLES);
    const kind = pickOne(random, ["take", "take", "take", "take", "choose", "allow", "decline"] as const);
    const by = pickOne(random, PEOPLE);
    const request = {
      ...{ role, term: randomBelow(random, 4), rev: randomBelow(random, 6) },
      choice: own.told.choice - Number(random.fraction() < 0.15),
    };
    if (kind === "take") own.take(request, by, localMs);
    else if (kind === "choose") own.choose(role);
    else if (kind === "decline") own.decline(localMs);
    else if (random.fraction() < 0.2) own.allow();
    else return { kind: "nothing", localMs, told: own.told, asked: own.asked };
    return { kind, localMs, role, by, request, told: own.told, asked: own.asked };
  });
}

describe("the vectors of roles", () => {
  it("[V1] [R1] hold for messages and for what a device makes of them", () => {
    const vectors = { untold: UNTOLD_ROLE, ...statusesAndRequests(), story: story() };
    const text = Object.entries(vectors).map(([key, value]) => {
      const lines = Array.isArray(value) ? value.map((each) => `\n    ${JSON.stringify(each)}`) : null;
      return `  ${JSON.stringify(key)}: ${lines ? `[${lines.join(",")}\n  ]` : JSON.stringify(value)}`;
    });
    if (process.env.UNISONO_WRITE_VECTORS) writeFileSync(PATH, `{\n${text.join(",\n")}\n}\n`);
    expect(JSON.parse(JSON.stringify(vectors))).toEqual(JSON.parse(readFileSync(PATH, "utf8")));
  });

  it("[R1] a status without a role is of a device that plays all", () => {
    const bytes = encodePeerMessage({ kind: "status", status: PLAIN_STATUS, asks: false });
    expect(decodePeerMessage(bytes)).toEqual({ kind: "status", status: PLAIN_STATUS, asks: false });
  });
});
