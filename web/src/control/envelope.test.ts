import { describe, expect, it } from "vitest";
import { type SwarmId, toBase64Url, toHex, type UserId, utf8, WireError } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { MAX_CONTENT_BYTES, Sealer, SMALL_BROADCAST_BYTES, SMALL_PAIRWISE_BYTES } from "./envelope.ts";
import { realPrimitives } from "./primitives.ts";

const SWARM = "0".repeat(32) as SwarmId;
const secrets = {
  swarmId: SWARM,
  broadcastKey: new Uint8Array(32).fill(1),
  pairKey: new Uint8Array(32).fill(2),
  bindKey: new Uint8Array(32).fill(3),
};

/** One page load of someone. */
class Person {
  readonly sealer: Sealer;
  readonly userId: UserId;
  readonly sessionKey: string;
  readonly seed: Uint8Array;

  constructor(name: string, { epoch = 1, chance = 1, ...overrides }: Record<string, unknown> = {}) {
    this.seed = new Uint8Array(32).fill(name.charCodeAt(0));
    const publicKey = realPrimitives.publicKeyOf(this.seed);
    this.userId = realPrimitives.userIdOf(publicKey);
    this.sessionKey = toBase64Url(publicKey);
    const keys = { ...secrets, userId: this.userId, sessionSeed: this.seed, ...overrides };
    const random = new SeededRandom(name.charCodeAt(0) * 1000 + (epoch as number) * 10 + (chance as number));
    this.sealer = new Sealer(keys, epoch as number, random);
  }

  meet(...others: readonly Person[]): void {
    for (const other of others) this.sealer.meet(other.userId, other.sessionKey, other.sealer.announcement);
  }

  tell(to: Person | null, text: string): Uint8Array {
    return this.sealer.seal(to?.userId ?? null, utf8(text));
  }

  hear(from: Person, envelope: Uint8Array): string {
    try {
      this.sealer.open(from.userId, envelope);
      return "accepted";
    } catch (error) {
      if (error instanceof WireError) return error.code;
      throw error;
    }
  }
}

/** Everyone has been shown everyone, and everyone has greeted everyone. */
function room(...people: readonly Person[]): void {
  for (const one of people) one.meet(...people.filter((other) => other !== one));
  for (const one of people)
    for (const other of people)
      if (other !== one) expect(other.hear(one, one.tell(other, "hi"))).toBe("accepted");
}

function pair(): [Person, Person] {
  const [ada, bo] = [new Person("ada"), new Person("bo")];
  room(ada, bo);
  return [ada, bo];
}

describe("the envelope", () => {
  it("[E1] brings a message to everyone, or to one", () => {
    const [ada, bo] = pair();
    expect(bo.sealer.open(ada.userId, ada.tell(null, "hello"))).toEqual(utf8("hello"));
    expect(bo.sealer.open(ada.userId, ada.tell(bo, "psst"))).toEqual(utf8("psst"));
  });

  it("[E2] comes in four sizes only, so that its length tells little", () => {
    const [ada, bo] = pair();
    const sizeOf = (to: Person | null) => (sizeBytes: number) =>
      ada.sealer.seal(to?.userId ?? null, new Uint8Array(sizeBytes)).length;
    const toAll = [0, SMALL_BROADCAST_BYTES, SMALL_BROADCAST_BYTES + 1, 3_900, MAX_CONTENT_BYTES];
    expect(toAll.map(sizeOf(null))).toEqual([256, 256, 1024, 4096, 16384]);
    expect([SMALL_PAIRWISE_BYTES, SMALL_PAIRWISE_BYTES + 1].map(sizeOf(bo))).toEqual([256, 1024]);
    expect(() => sizeOf(null)(MAX_CONTENT_BYTES + 1)).toThrow(/wire-too-large/);
  });

  it("[E3] is refused when meant for another, said by another, or from another swarm", () => {
    const [ada, bo, cy] = [new Person("ada"), new Person("bo"), new Person("cy")];
    room(ada, bo, cy);
    expect(cy.hear(ada, ada.tell(bo, "x"))).toBe("wire-unsealed");
    expect(bo.hear(cy, ada.tell(bo, "x"))).toBe("wire-unsealed");
    expect(bo.hear(cy, ada.tell(null, "x"))).toBe("wire-unsealed");
    const elsewhere = new Person("bo", { swarmId: "1".repeat(32) });
    elsewhere.meet(ada);
    expect(elsewhere.hear(ada, ada.tell(null, "x"))).toBe("wire-unsealed");
    const stranger = new Person("bo", { broadcastKey: new Uint8Array(32), pairKey: new Uint8Array(32) });
    stranger.meet(ada);
    expect(stranger.hear(ada, ada.tell(null, "x"))).toBe("wire-unsealed");
    expect(stranger.hear(ada, ada.tell(bo, "x"))).toBe("wire-unsealed");
  });

  it("[E4] is refused when any single byte was altered, and the true one still counts then", () => {
    const [ada, bo] = pair();
    for (const envelope of [ada.tell(null, "play"), ada.tell(bo, "play")]) {
      for (let at = 0; at < envelope.length; at++) {
        const altered = envelope.slice();
        altered[at] = (altered[at] ?? 0) ^ 0x40;
        expect(bo.hear(ada, altered)).not.toBe("accepted");
      }
      expect(bo.hear(ada, envelope.subarray(0, 255))).toBe("wire-malformed");
      expect(bo.hear(ada, envelope)).toBe("accepted");
    }
  });

  it("[E5] is taken once, in any order within 64", () => {
    const [ada, bo] = pair();
    const envelopes = Array.from({ length: 80 }, (_, index) => ada.tell(bo, String(index)));
    const hear = (index: number) => bo.hear(ada, envelopes[index] as Uint8Array);
    expect([3, 1, 3, 79, 16, 15].map(hear)).toEqual([
      "accepted",
      "accepted",
      "wire-replayed",
      "accepted",
      "accepted",
      "wire-replayed",
    ]);
  });

  it("[E6] of a page load before the latest is never opened again", () => {
    const [ada, bo] = pair();
    const withheld = [ada.tell(null, "play"), ada.tell(bo, "offer")];
    const reloaded = new Person("ada", { epoch: 2 });
    bo.meet(reloaded);
    reloaded.meet(bo);
    for (const envelope of withheld) expect(bo.hear(ada, envelope)).toBe("wire-unsealed");
    expect(bo.hear(reloaded, reloaded.tell(bo, "hi"))).toBe("accepted");
    expect(bo.hear(reloaded, reloaded.tell(null, "after"))).toBe("accepted");
    bo.meet(ada); // the server shows the old page load again
    for (const envelope of withheld) expect(bo.hear(ada, envelope)).toBe("wire-unsealed");
    expect(bo.hear(reloaded, reloaded.tell(null, "still here"))).toBe("accepted");
  });

  it("[E7] to one who has reloaded since does not open", () => {
    const [ada, bo] = pair();
    const offer = ada.tell(bo, "offer");
    const reloaded = new Person("bo", { epoch: 2 });
    reloaded.meet(ada);
    expect(reloaded.hear(ada, offer)).toBe("wire-unsealed");
  });

  it("[E8] to all counts only when its sender has shown to be there now, and not from before that", () => {
    const [ada, bo] = [new Person("ada"), new Person("bo")];
    const recorded = ada.tell(null, "play the old song");
    ada.meet(bo);
    bo.meet(ada);
    expect(bo.hear(ada, recorded)).toBe("wire-unproven");
    expect(bo.hear(ada, ada.tell(bo, "hi"))).toBe("accepted");
    expect(bo.hear(ada, recorded)).toBe("wire-replayed");
    expect(bo.hear(ada, ada.tell(null, "play"))).toBe("accepted");
  });

  it("[E9] to all cannot be made by another member, nor announced for one", () => {
    const [ada, bo] = pair();
    const eve = new Person("ada", { sessionSeed: new Uint8Array(32).fill(9) }); // has the swarm's keys, not ada's
    for (let number = 0; number < 9; number++) eve.tell(null, "a number that bo has not seen");
    expect(bo.hear(ada, eve.tell(null, "I am ada"))).toBe("wire-unsealed");
    eve.sealer.meet(bo.userId, bo.sessionKey, bo.sealer.announcement);
    const later = new Person("ada", { epoch: 5, sessionSeed: new Uint8Array(32).fill(9) });
    expect(() => bo.sealer.renew(ada.userId, later.sealer.announcement)).toThrow(/wire-unsealed/);
    expect(() =>
      bo.sealer.meet(ada.userId, toBase64Url(new Uint8Array(32)), eve.sealer.announcement),
    ).toThrow(/wire-unsealed/);
    expect(bo.hear(ada, ada.tell(null, "I am still ada"))).toBe("accepted");
  });

  it("[E10] of somebody whom nobody introduced, or who leaves and comes back, is no way around the rest", () => {
    const [ada, bo] = pair();
    const [old, heartbeat] = [ada.tell(bo, "offer"), ada.tell(null, "heartbeat")];
    expect([bo.hear(ada, old), bo.hear(ada, heartbeat)]).toEqual(["accepted", "accepted"]);
    bo.meet(ada); // left and joined again with the same page load
    expect([bo.hear(ada, old), bo.hear(ada, heartbeat)]).toEqual(["wire-replayed", "wire-replayed"]);
    const cy = new Person("cy");
    expect(bo.hear(cy, cy.tell(null, "hi"))).toBe("wire-unsealed");
    expect(() => bo.tell(cy, "hi")).toThrow(/wire-unsealed/);
  });

  it("[E11] whatever crowd the server invents, who was proven is not forgotten", () => {
    const [ada, bo] = pair();
    const offer = ada.tell(bo, "offer");
    expect(bo.hear(ada, offer)).toBe("accepted");
    const publicKey = new Uint8Array(32);
    for (let index = 0; index < 3_000; index++) {
      new DataView(publicKey.buffer).setUint32(0, index);
      bo.sealer.meet(realPrimitives.userIdOf(publicKey), toBase64Url(publicKey), ada.sealer.announcement);
    }
    bo.meet(ada);
    expect(bo.hear(ada, offer)).toBe("wire-replayed");
  });
});

describe("the proof of a link", () => {
  const [OWN, THEIRS] = ["sha-256 aa:bb", "sha-256 cc:dd"];

  it("[E12] holds for two members who see the same two certificates, and for no other", () => {
    const [ada, bo] = pair();
    const proof = ada.sealer.proveLink(bo.userId, OWN, THEIRS);
    const holds = (seenByBo: readonly [string, string], candidate = proof) =>
      bo.sealer.isLinkProven(ada.userId, candidate, ...seenByBo);
    expect(holds([THEIRS, OWN])).toBe(true);
    expect(holds([OWN, THEIRS])).toBe(false);
    expect(holds([THEIRS, "sha-256 ee:ff"])).toBe(false);
    expect(holds(["sha-256 ee:ff", OWN])).toBe(false);
    expect(holds([THEIRS, OWN], new Uint8Array(0))).toBe(false);
    expect(holds([THEIRS, OWN], bo.sealer.proveLink(ada.userId, THEIRS, OWN))).toBe(false); // one's own, sent back
  });

  it("[E13] needs the swarm key and the page load that was announced", () => {
    const [ada, bo] = pair();
    const stranger = new Person("ada", { bindKey: new Uint8Array(32) });
    stranger.meet(bo);
    const other = new Person("ada", { chance: 2 }); // the same session and epoch, another agreement key
    other.meet(bo);
    for (const forger of [stranger, other]) {
      const proof = forger.sealer.proveLink(bo.userId, OWN, THEIRS);
      expect(bo.sealer.isLinkProven(ada.userId, proof, THEIRS, OWN)).toBe(false);
    }
    const cy = new Person("cy");
    expect(bo.sealer.isLinkProven(cy.userId, new Uint8Array(32), THEIRS, OWN)).toBe(false);
  });
});

describe("what is known of the keys", () => {
  it("differs between directions, pairs and page loads", () => {
    const seen = new Set<string>();
    const note = (key: Uint8Array) => seen.add(toHex(key));
    const spied = (name: string, epoch: number) => {
      const person = new Person(name, { epoch });
      return person;
    };
    const [ada, bo, reloaded] = [spied("ada", 1), spied("bo", 1), spied("bo", 2)];
    ada.meet(bo);
    bo.meet(ada);
    note(ada.sealer.proveLink(bo.userId, "", ""));
    ada.meet(reloaded);
    note(ada.sealer.proveLink(reloaded.userId, "", ""));
    note(bo.sealer.proveLink(ada.userId, "", ""));
    expect(seen.size).toBe(3);
  });
});
