// The home of bulk in the page, with the best store there is; fetched only by browsers that run no Worker.

import { openBestStore } from "../store/open-store.ts";
import type { BulkHome, OpenHomeOptions } from "./messages.ts";
import { PageHome } from "./page-home.ts";

export async function openPageHome({ clock, session }: OpenHomeOptions): Promise<BulkHome> {
  const { store } = await openBestStore({ clock, session });
  return new PageHome(store, clock);
}
