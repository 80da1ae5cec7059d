// What is kept of a session while the browser keeps the page aside (G6), and the part of the page that a session needs.

import { type Clock, PartMissing, within } from "../lib/index.ts";
import type { BulkHome } from "../transfer/index.ts";

/** Where this device keeps the pieces of a session. */
export interface KeptPieces {
  readonly session: string;
  readonly home: BulkHome;
}

/** As long as a session that ends waits for its own. */
const CLOSE_LIMIT_MS = 15_000;

/** Resolves in any case: nobody must wait for a store that is not used any more, and what stays of it the next start wipes. */
export const letGo = (clock: Clock, home: BulkHome): Promise<void> =>
  within(clock, CLOSE_LIMIT_MS, home.close()).catch(() => undefined);

export interface ParkedSession {
  readonly canonical: string;
  readonly kept: KeptPieces | null;
  /** Of its former session. */
  readonly closing: Promise<void> | undefined;
}

export type SessionParts = typeof import("./session-parts.ts");

/** Fetches what is needed only after joining. Rejects PartMissing when it did not arrive. */
export function loadSession(fetchParts: () => Promise<SessionParts>): Promise<SessionParts> {
  return fetchParts().catch((cause: unknown) => {
    throw isNotFetched(cause) ? new PartMissing("the part behind the join screen", { cause }) : cause;
  });
}

/** All engines say "module" of one that could not be fetched; what a module itself throws is a fault of ours (G8). */
export const isNotFetched = (cause: unknown): boolean =>
  cause instanceof TypeError && /module/i.test(cause.message);
