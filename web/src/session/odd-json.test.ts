// JSON that only looks odd, and JSON that is wrong: the headless peer takes and refuses the same (tests/peer/test_odd_json.py).

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseServerMessage } from "../control/server-message.ts";
import { utf8, WireError } from "../lib/index.ts";
import { CtlInbox } from "../transfer/core/ctl.ts";
import { decodePeerMessage } from "./core/peer-message.ts";

interface Case {
  readonly kind: "ctl" | "server" | "peer";
  readonly text: string;
  readonly isTaken: boolean;
}

const VECTORS = join(import.meta.dirname, "../../../vectors/odd-json.json");
const { cases } = JSON.parse(readFileSync(VECTORS, "utf8")) as { cases: readonly Case[] };

function isParsed(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

const TAKES: Record<Case["kind"], (text: string) => boolean> = {
  ctl: (text) => typeof new CtlInbox().take(text, 0) !== "string",
  server: (text) => isParsed(() => parseServerMessage(text)),
  peer: (text) => isParsed(() => decodePeerMessage(utf8(text))),
};

describe("odd JSON", () => {
  it.each(["ctl", "server", "peer"] as const)("[V1] is taken and refused alike: %s", (kind) => {
    const own = cases.filter((each) => each.kind === kind);
    expect(own.length).toBeGreaterThan(20);
    expect(own.filter(({ text, isTaken }) => TAKES[kind](text) !== isTaken)).toEqual([]);
  });
});
