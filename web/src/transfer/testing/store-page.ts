// A page that is no part of the product: runs the contract of one kind of store in whatever browser opens it. Built by
// store-page.vite.ts; docs/swarm.md says how. Everything is on `window.storeContract`.

import { FileError, type FileId, realClock } from "../../lib/index.ts";
import { IndexedDbStore, listSessions } from "../store/indexeddb-store.ts";
import { openBestStore, type StoreKind } from "../store/open-store.ts";
import { OPFS_ROOT, OpfsStore } from "../store/opfs-store.ts";
import type { PieceStore } from "../store/store.ts";
import { PIECE_STORE_CONTRACT, RELOAD_CONTRACT, type ReloadCase } from "./piece-store-contract.ts";

export interface ContractResult {
  readonly name: string;
  /** null when the promise was kept. */
  readonly failure: string | null;
}

let stays = 0;

async function openOnly(kind: StoreKind, session: string, capacityBytes?: number): Promise<PieceStore> {
  const sized = capacityBytes === undefined ? {} : { capacityBytes };
  const opened = await openBestStore({ clock: realClock, session, kinds: [kind], ...sized });
  if (opened.kind !== kind) throw new Error(`this browser has no ${kind}`);
  return opened.store;
}

async function outcomeOf(name: string, prove: () => Promise<void>): Promise<ContractResult> {
  try {
    await prove();
    return { name, failure: null };
  } catch (cause) {
    return { name, failure: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) };
  }
}

/** Every case of the contract that needs no reload. */
export async function runStoreContract(kind: StoreKind): Promise<ContractResult[]> {
  const results: ContractResult[] = [];
  for (const { name, capacityBytes, needsDisc, prove } of PIECE_STORE_CONTRACT) {
    if (needsDisc && kind === "memory") continue;
    results.push(
      await outcomeOf(name, async () => {
        const store = await openOnly(kind, `contract-${stays++}`, capacityBytes);
        try {
          await prove(store);
        } finally {
          await store.close();
        }
      }),
    );
  }
  return results;
}

/** How many cases need a reload. Each needs one of its own: opening a session wipes what other pages left behind. */
export const reloadCases = RELOAD_CONTRACT.length;

function reloadCase(at: number): ReloadCase {
  const found = RELOAD_CONTRACT[at];
  if (!found) throw new RangeError(`no case ${at}`);
  return found;
}

/** First half: leaves its store open. Then the page is to be reloaded. */
export function beforeReload(kind: StoreKind, at: number): Promise<ContractResult> {
  const { name, capacityBytes, before } = reloadCase(at);
  return outcomeOf(name, async () => before(await openOnly(kind, `reload-${at}`, capacityBytes)));
}

/** Second half, in the page that came after. */
export function afterReload(kind: StoreKind, at: number): Promise<ContractResult> {
  const { name, capacityBytes, after } = reloadCase(at);
  return outcomeOf(name, async () => {
    const store = await openOnly(kind, `reload-${at}`, capacityBytes);
    try {
      await after(store);
    } finally {
      await store.close();
    }
  });
}

export interface FullDisc {
  /** Pieces of 1 MiB that were taken. */
  readonly pieces: number;
  /** What the piece after them was refused with. */
  readonly refusals: readonly string[];
  /** How many pieces were taken once all of them were dropped. */
  readonly again: number;
}

/** Writes into one store alone, with no memory behind it, until it refuses. */
export async function fillDisc(kind: "opfs" | "indexeddb", session: string): Promise<FullDisc> {
  const capacityOf = async (): Promise<number> => 2 ** 32;
  const never = new AbortController().signal;
  const store =
    kind === "opfs"
      ? await OpfsStore.open(session, capacityOf, realClock, never)
      : await IndexedDbStore.open(session, capacityOf);
  const fileId = "d4".repeat(32) as FileId;
  const layout = { sizeBytes: 2 ** 31, pieceLength: 2 ** 20 };
  const refusals: string[] = [];
  const heard = (cause: unknown): void => {
    refusals.push(cause instanceof FileError ? cause.code : String(cause));
  };
  const fill = async (): Promise<number> => {
    await store.open(fileId, layout);
    for (let piece = 0; refusals.length === 0; piece++) {
      const bytes = crypto.getRandomValues(new Uint8Array(2 ** 16));
      const whole = new Uint8Array(2 ** 20);
      for (let at = 0; at < whole.length; at += bytes.length) whole.set(bytes, at);
      await store.write(fileId, piece, whole).catch(heard);
    }
    return (await store.held(fileId)).length;
  };
  try {
    const pieces = await fill();
    const told = refusals.splice(0);
    await store.drop(fileId);
    return { pieces, refusals: told, again: await fill() };
  } finally {
    await store.close();
  }
}

/** For the sweep of leftovers: opens a session, leaves a piece in it, and keeps it open. */
export async function leavePiece(kind: StoreKind, session: string): Promise<void> {
  const store = await openOnly(kind, session);
  const fileId = "c3".repeat(32) as FileId;
  await store.open(fileId, { sizeBytes: 100, pieceLength: 100 });
  await store.write(fileId, 0, new Uint8Array(100).fill(1));
}

/** The stays of which there is anything on disc. */
export async function staysOnDisc(kind: StoreKind): Promise<string[]> {
  if (kind === "indexeddb") return (await listSessions()).map(({ session }) => session).sort();
  const top = await navigator.storage.getDirectory();
  const root = await top.getDirectoryHandle(OPFS_ROOT, { create: true });
  const names: string[] = [];
  for await (const name of (root as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name);
  return names.sort();
}

const api = {
  runStoreContract,
  reloadCases,
  beforeReload,
  afterReload,
  fillDisc,
  leavePiece,
  staysOnDisc,
  openBestStore,
  clock: realClock,
};

declare global {
  interface Window {
    storeContract: typeof api;
  }
}
window.storeContract = api;
