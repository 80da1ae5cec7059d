// Where a session's bulk lives: in a Worker, and where none runs in the page. Found out by trying, without words.

import { within } from "../../lib/index.ts";
import type { BulkHome, OpenHomeOptions } from "./messages.ts";
import { WorkerHome } from "./worker-home.ts";

/** To fetch and start a script and to open a store on a busy phone; more than the store's own limits for trying one kind. */
const START_LIMIT_MS = 20_000;

export async function openBulkHome({ clock, session }: OpenHomeOptions): Promise<BulkHome> {
  let worker: Worker | null = null;
  try {
    worker = new Worker(new URL("./bulk.worker.ts", import.meta.url), { type: "module" });
    return await within(clock, START_LIMIT_MS, WorkerHome.start(worker, session, clock.nowMs));
  } catch {
    worker?.terminate();
    const { openPageHome } = await import("./open-page-home.ts");
    return openPageHome({ clock, session });
  }
}
