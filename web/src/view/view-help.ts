// Why a wait lasts, and what helps: said once a wait has lasted 3 s, under the sentence that names the wait. Pure.
// Every wait that the status can name has its causes here or is one of those that explain themselves (docs/waits.md).

import { COARSE_FROM_MS } from "../lib/index.ts";
import type { SessionFacts } from "../session/index.ts";
import type { FileState } from "../transfer/index.ts";
import type { PageConditions } from "./page-conditions.ts";
import type { Help, Status } from "./view.ts";

/** Most waits are over by then, and words that come and go unread only unsettle. */
export const HELP_AFTER_MS = 3_000;

/** Since when the same wait has lasted. Told the time; local ms. */
export class WaitWatch {
  #wait = "";
  #sinceLocalMs = 0;

  watch(status: Status, localMs: number): void {
    const wait = waitOf(status);
    if (wait === this.#wait) return;
    this.#wait = wait;
    this.#sinceLocalMs = localMs;
  }

  lastedMs(localMs: number): number {
    return localMs - this.#sinceLocalMs;
  }
}

/** What is waited for, without what changes while it is. */
function waitOf(status: Status): string {
  if (status.code === "joining") return `joining ${status.stage}`;
  if (status.code === "fetching") return `fetching ${status.fileName} ${status.sources.length > 0}`;
  return "fileName" in status ? `${status.code} ${status.fileName}` : status.code;
}

/** `facts` are absent while the key is being stretched: there is no session yet. */
export function viewHelp(
  status: Status,
  facts: SessionFacts | null,
  lastedMs: number,
  page: PageConditions,
): Help | null {
  if (lastedMs < HELP_AFTER_MS) return null;
  switch (status.code) {
    case "joining":
      return viewJoining(status.stage, page);
    case "alone": // nobody was met yet, so that the others may be in another swarm
      return page.isKeyGiven && facts?.timings.firstPeerMs === null ? { code: "compare-key" } : null;
    case "electing":
      return { code: "nobody-directs" };
    case "fetching":
      return facts && status.sources.length === 0 ? viewFetching(facts) : null;
    case "decoding":
      return { code: "slow-decode" };
    case "waiting-for":
      return facts && viewWaiting(facts);
    case "entering":
      return facts && viewEntering(facts);
    default:
      return null; // no wait, or one that counts down
  }
}

function viewJoining(stage: "key" | "server" | "clock", page: PageConditions): Help {
  if (stage === "key") return { code: "slow-key" };
  if (!page.isNetworkUp) return { code: "offline" };
  if (stage === "clock") return { code: "slow-network" };
  return { code: page.isServerBarred ? "server-barred" : "server-silent" };
}

function viewFetching(facts: SessionFacts): Help {
  const chosen = facts.files.find((file) => file.fileId === facts.plan.fileId);
  if (chosen?.enabled === false) return { code: "turned-off" };
  if (chosen?.isOverBudget) return { code: "storage-full" };
  const owners = ownersOf(facts, chosen);
  const awaited = owners.filter(({ isAway, link }) => !isAway && link !== "failed");
  if (awaited.length > 0) return { code: "linking", names: awaited.map(({ name }) => name) };
  return { code: "source-gone", names: owners.map(({ name }) => name) };
}

const ownersOf = (facts: SessionFacts, chosen: FileState | undefined) =>
  facts.people.filter(({ userId, isMe }) => !isMe && chosen?.offeredBy.includes(userId));

function viewWaiting(facts: SessionFacts): Help | null {
  const waits = facts.people
    .filter(({ userId }) => facts.missing.includes(userId))
    .map(({ name, notReadyReason }) => ({ name, notReadyReason }));
  return waits.length > 0 ? { code: "others-wait", waits } : null;
}

function viewEntering(facts: SessionFacts): Help | null {
  if (facts.playback.needsTap) return null; // said beside the button that helps
  if (facts.clockState !== "locked")
    return { code: facts.clockStepMs < COARSE_FROM_MS ? "slow-network" : "coarse-clock" };
  const isClockForeign = facts.estimate !== null && facts.plan.clockId !== facts.estimate.clockId;
  return { code: isClockForeign ? "server-changed" : "sound-settling" };
}
