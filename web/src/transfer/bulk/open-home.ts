// Where a session's bulk lives: in a Worker, and where none runs in the page. Found out by trying, without words.

import { within } from "../../lib/index.ts";
import { LastingHome } from "./lasting-home.ts";
import type { BulkHome, OpenHomeOptions } from "./messages.ts";
import { WorkerHome } from "./worker-home.ts";

/** To fetch and start a script and to open a store on a busy phone; more than the store's own limits for trying one kind. */
const START_LIMIT_MS = 20_000;

/** A script that a network swallows: whoever waits for it hears of that, and it may be asked for again. */
const LOAD_LIMIT_MS = 20_000;

/** Its script has been asked for, and nothing else. */
let prepared: Worker | null = null;

const startWorker = (): Worker =>
  new Worker(new URL("./bulk.worker.ts", import.meta.url), { type: "module" });

/** Fetches the Worker's script ahead: a tap on Join finds it also where the server has gone by then. */
export function prepareBulkHome(): void {
  try {
    prepared ??= startWorker();
    prepared.onerror = () => {
      prepared = null; // the next one may come through, and says so if not
    };
  } catch {
    // No Worker runs here: opening finds that out, too.
  }
}

/** A Worker that breaks in use is started again once; whatever broke the next one, too, is kept away from by staying in the page. */
const MAX_RESTARTS = 1;

export function openBulkHome(options: OpenHomeOptions): Promise<BulkHome> {
  return LastingHome.open(options.clock, (breaks, onBroken) => {
    return breaks > MAX_RESTARTS ? openInPage(options) : openInWorker(options, onBroken);
  });
}

async function openInWorker({ clock, session }: OpenHomeOptions, onBroken: () => void): Promise<BulkHome> {
  let worker = prepared;
  prepared = null;
  try {
    worker ??= startWorker();
    return await within(clock, START_LIMIT_MS, WorkerHome.start(worker, session, clock, onBroken));
  } catch {
    worker?.terminate();
    return openInPage({ clock, session });
  }
}

async function openInPage(options: OpenHomeOptions): Promise<BulkHome> {
  const { openPageHome } = await within(options.clock, LOAD_LIMIT_MS, import("./open-page-home.ts"));
  return openPageHome(options);
}
