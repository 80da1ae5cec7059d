// Waits in virtual time for what runs partly in real turns of the event loop.

import type { VirtualClock } from "../../lib/testing/index.ts";
import { settle } from "./fake-connection.ts";

/** Lets virtual time pass until `work` has settled. */
export async function outlast<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let isSettled = false;
  const done = (): void => {
    isSettled = true;
  };
  work.then(done, done);
  for (let turn = 0; turn < 2_000 && !isSettled; turn++) {
    await settle();
    await new Promise((resolve) => setTimeout(resolve));
    if (!isSettled) clock.advance(1_000);
  }
  if (!isSettled) throw new Error("still waiting");
  return work;
}
