import { describe, expect, it } from "vitest";
import { type SwarmId, toBase64Url, toHex, type UserId, utf8, WireError } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { Sealer } from "./envelope.ts";
import type { Primitives } from "./primitives.ts";

/** Thousands of people: without the cost of secrecy, in the real envelopes with their real counts. */
const cheap: Primitives = {
  cipher: (_key, _nonce, aad) => ({
    encrypt: (plain) => Uint8Array.of(...plain, ...tagOf(aad)),
    decrypt: (sealed) => {
      if (toHex(sealed.subarray(-16)) !== toHex(tagOf(aad))) throw new Error("another sender or page load");
      return sealed.subarray(0, -16);
    },
  }),
  sign: () => new Uint8Array(64),
  hasSigned: () => true,
  publicKeyOf: (seed) => seed,
  userIdOf: (publicKey) => toHex(publicKey.subarray(0, 16)) as UserId,
  agreementKeyOf: (secret) => secret,
  agree: () => new Uint8Array(32),
};
const tagOf = (aad: Uint8Array | undefined): Uint8Array => {
  const tag = new Uint8Array(16);
  aad?.forEach((byte, at) => {
    tag[at % 16] = ((tag[at % 16] ?? 0) * 31 + byte) & 0xff;
  });
  return tag;
};

class Person {
  readonly sealer: Sealer;
  readonly userId: UserId;
  readonly #sessionKey: Uint8Array;

  constructor(number: number, epoch = 1) {
    this.#sessionKey = new Uint8Array(32);
    new DataView(this.#sessionKey.buffer).setUint32(0, number);
    this.userId = cheap.userIdOf(this.#sessionKey);
    const secret = new Uint8Array(32);
    const keys = {
      swarmId: "0".repeat(32) as SwarmId,
      broadcastKey: secret,
      pairKey: secret,
      bindKey: secret,
    };
    this.sealer = new Sealer(
      { ...keys, userId: this.userId, sessionSeed: this.#sessionKey },
      epoch,
      new SeededRandom(number),
      cheap,
    );
  }

  meet(other: Person): void {
    this.sealer.meet(other.userId, toBase64Url(other.#sessionKey), other.sealer.announcement);
  }

  tell = (to: Person | null): Uint8Array => this.sealer.seal(to?.userId ?? null, utf8("hi"));

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

/** They come, greet, speak to all, and go, as far as `host` sees. */
function visit(host: Person, from: number, count: number): void {
  for (let number = from; number < from + count; number++) {
    const guest = new Person(number);
    host.meet(guest);
    guest.meet(host);
    expect(host.hear(guest, guest.tell(host))).toBe("accepted");
    expect(host.hear(guest, guest.tell(null))).toBe("accepted");
    host.sealer.left(guest.userId);
  }
}

describe("the people whom a page has met", () => {
  it("[E14] may be any number: after five thousand have come and gone, the next is heard", () => {
    const host = new Person(0);
    visit(host, 1, 5_000);
    const next = new Person(5_001);
    host.meet(next);
    next.meet(host);
    expect(host.hear(next, next.tell(host))).toBe("accepted");
    expect(host.hear(next, next.tell(null))).toBe("accepted");
  });

  it("[E14] are not forgotten while they are here, however many come and go, and a crowd is invented", () => {
    const [host, bo] = [new Person(0), new Person(1)];
    host.meet(bo);
    bo.meet(host);
    expect(host.hear(bo, bo.tell(host))).toBe("accepted");
    visit(host, 2, 2_000);
    for (let number = 3_000; number < 6_000; number++) host.meet(new Person(number)); // never heard of
    expect(host.hear(bo, bo.tell(null))).toBe("accepted");
    visit(host, 7_000, 10);
  });

  it("[E15] come back after they were forgotten, and nothing of before is heard again", () => {
    const [host, bo] = [new Person(0), new Person(1)];
    host.meet(bo);
    bo.meet(host);
    const recorded = [bo.tell(host), bo.tell(null), bo.tell(host), bo.tell(null)];
    for (const envelope of recorded) expect(host.hear(bo, envelope)).toBe("accepted");
    host.sealer.left(bo.userId);
    visit(host, 2, 2_000);
    for (const envelope of recorded) expect(host.hear(bo, envelope)).toBe("wire-unsealed"); // forgotten
    host.meet(bo); // the server shows the same page load again, whether it is there or not
    for (const envelope of recorded) expect(host.hear(bo, envelope)).toBe("wire-replayed");
    expect(host.hear(bo, bo.tell(null))).toBe("wire-unproven");
    expect(host.hear(bo, bo.tell(host))).toBe("accepted");
    expect(host.hear(bo, bo.tell(null))).toBe("accepted");
  });

  it("[E15] cannot be shown with a page load before the one that was last heard", () => {
    const [host, before, bo] = [new Person(0), new Person(1, 6), new Person(1, 7)];
    for (const load of [before, bo]) {
      load.meet(host);
      host.meet(load);
      expect(host.hear(load, load.tell(host))).toBe("accepted");
    }
    host.sealer.left(bo.userId);
    visit(host, 2, 2_000);
    expect(() => host.meet(before)).toThrow(/wire-replayed/);
    expect(host.hear(before, before.tell(host))).toBe("wire-unsealed");
    const reloaded = new Person(1, 8);
    reloaded.meet(host);
    host.meet(reloaded);
    expect(host.hear(reloaded, reloaded.tell(host))).toBe("accepted");
  });
});
