import { afterEach, describe, expect, it, vi } from "vitest";
import { SeededRandom, VirtualClock } from "../lib/testing/index.ts";
import type { BulkHome } from "../transfer/index.ts";
import type { ParkedSession, SessionParts } from "./parked-session.ts";
import { SessionOpening } from "./session-opening.ts";
import { takeIdentity } from "./storage/identity.ts";

const KEY = "PARTYPARTYPA";

function homeThat(close: () => Promise<void>): BulkHome {
  return {
    capacityBytes: 0,
    open() {
      throw new Error("nobody needs it");
    },
    close,
  };
}

const newHome = homeThat(() => Promise.resolve());

/** What a session needs, without one. */
const parts = {
  keysOfSession: () => ({ userId: "a".repeat(32), swarmId: "b".repeat(32) }),
  openBulkHome: () => Promise.resolve(newHome),
} as unknown as SessionParts;

/** In place of the one that stretches keys. */
class AnsweringWorker {
  onmessage: (event: { readonly data: unknown }) => void = () => undefined;

  postMessage(): void {
    queueMicrotask(() => this.onmessage({ data: { stretched: {} } }));
  }

  terminate(): void {}
}

const identity = takeIdentity({ getItem: () => null, setItem() {}, removeItem() {} }, new SeededRandom(1));

afterEach(() => vi.unstubAllGlobals());

describe("[G6] a page that was kept aside comes back to another swarm", () => {
  it.each([
    ["does not close", () => new Promise<void>(() => undefined)],
    ["cannot be wiped", () => Promise.reject(new Error("the disc failed"))],
  ])("and joins it though its former store %s", async (_, close) => {
    vi.stubGlobal("Worker", AnsweringWorker);
    const clock = new VirtualClock();
    const opening = new SessionOpening(clock, () => Promise.resolve(parts));
    const former = { session: "another", home: homeThat(close) };
    const parked: ParkedSession = { canonical: KEY, kept: former, closing: undefined };
    let kept: unknown;
    void opening
      .open(KEY, identity, parked, () => true)
      .then((opened) => {
        kept = opened?.kept.home;
      });
    for (let round = 0; round < 60 && kept === undefined; round++) {
      clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve));
    }
    expect(kept).toBe(newHome);
  });
});
