// The test vectors in vectors/: what other implementations must arrive at, byte for byte. UNISONO_WRITE_VECTORS=1 writes them
// anew; a change there is a change of the protocol. tests/server/test_vectors.py checks the server's part.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { stretchKey } from "./derive.ts";
import { Sealer } from "./envelope.ts";
import { makeJoin } from "./join.ts";
import { realPrimitives } from "./primitives.ts";
import { keysOfSession } from "./session-keys.ts";

const FOLDER = join(import.meta.dirname, "../../../vectors");
const KEY = "K7QF9TXM2B4D";
const NONCE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/** Compares with the stored vector; with UNISONO_WRITE_VECTORS, stores it. */
function check(name: string, actual: unknown): void {
  const path = join(FOLDER, name);
  if (process.env.UNISONO_WRITE_VECTORS) writeFileSync(path, `${JSON.stringify(actual, null, 2)}\n`);
  expect(actual).toEqual(JSON.parse(readFileSync(path, "utf8")));
}

const seedOf = (name: string) => new Uint8Array(32).fill(name.charCodeAt(0));

describe("the test vectors", () => {
  it("[V1] hold for keys, joins, envelopes and the proof of a link", async () => {
    const stretched = await stretchKey(KEY);
    const [ada, bo] = [keysOfSession(stretched, seedOf("ada")), keysOfSession(stretched, seedOf("bo"))];
    const secrets = [ada.broadcastKey, ada.pairKey, ada.bindKey, ada.admissionSeed].map(toHex);
    const [broadcastKey, pairKey, bindKey, admissionSeed] = secrets;
    check("keys.json", {
      swarmKey: KEY,
      swarmId: ada.swarmId,
      shard: ada.shard,
      broadcastKey,
      pairKey,
      bindKey,
      admissionSeed,
      sessionSeed: toHex(ada.sessionSeed),
      sessionPublicKey: toHex(ada.sessionPublicKey),
      userId: ada.userId,
    });

    const [adaSealer, boSealer] = [
      new Sealer(ada, 7, new SeededRandom(1)),
      new Sealer(bo, 9, new SeededRandom(2)),
    ];
    check("join.json", {
      nonce: NONCE,
      join: makeJoin(ada, adaSealer.announcement, NONCE, realPrimitives),
    });

    const shown = (keys: typeof ada, sealer: Sealer) =>
      [
        keys.userId,
        makeJoin(keys, sealer.announcement, NONCE, realPrimitives).sessionKey,
        sealer.announcement,
      ] as const;
    adaSealer.meet(...shown(bo, boSealer));
    boSealer.meet(...shown(ada, adaSealer));
    const agreementSecretOf = (seed: number) => toHex(new SeededRandom(seed).bytes(32));
    const pairwise = adaSealer.seal(bo.userId, utf8("to one"));
    const broadcast = adaSealer.seal(null, utf8("to all"));
    const [own, theirs] = ["sha-256 aa:bb", "sha-256 cc:dd"];
    check("envelope.json", {
      from: {
        userId: ada.userId,
        announcement: adaSealer.announcement,
        agreementSecret: agreementSecretOf(1),
      },
      to: { userId: bo.userId, announcement: boSealer.announcement, agreementSecret: agreementSecretOf(2) },
      pairwise: { content: "to one", sequence: 0, envelope: toHex(pairwise) },
      broadcast: { content: "to all", sequence: 1, envelope: toHex(broadcast) },
      link: { ofProver: own, ofOther: theirs, proof: toHex(adaSealer.proveLink(bo.userId, own, theirs)) },
    });

    const {
      pairwise: one,
      broadcast: all,
      link,
    } = JSON.parse(readFileSync(join(FOLDER, "envelope.json"), "utf8"));
    expect(boSealer.open(ada.userId, fromHex(one.envelope))).toEqual(utf8(one.content));
    expect(boSealer.open(ada.userId, fromHex(all.envelope))).toEqual(utf8(all.content));
    expect(boSealer.isLinkProven(ada.userId, fromHex(link.proof), theirs, own)).toBe(true);
  }, 60_000);
});
