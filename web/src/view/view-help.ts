// Why a wait lasts, and what helps: said once a wait has lasted 3 s, under the sentence that names the wait. Pure.
// Every wait that the status can name has its causes here or is one of those that explain themselves (docs/waits.md).

import { COARSE_FROM_MS } from "../lib/index.ts";
import type { SessionFacts } from "../session/index.ts";
import type { FileState } from "../transfer/index.ts";
import type { PageConditions } from "./page-conditions.ts";
import type { Help, Status } from "./view.ts";
import { HELP_AFTER_MS } from "./wait-watch.ts";

export function viewHelp(
  status: Status,
  facts: SessionFacts,
  lastedMs: number,
  page: PageConditions,
): Help | null {
  if (lastedMs < HELP_AFTER_MS) return null;
  switch (status.code) {
    case "joining":
      return viewJoining(status.stage, page);
    case "alone": // nobody was met yet, so that the others may be in another swarm
      return page.isKeyGiven && facts.timings.firstPeerMs === null ? { code: "compare-key" } : null;
    case "electing":
      return { code: "nobody-directs" };
    case "fetching":
      return status.sources.length === 0 ? viewFetching(facts) : null;
    case "decoding":
      return { code: "slow-decode" };
    case "waiting-for":
      return viewWaiting(facts);
    case "entering":
      return viewEntering(facts);
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

function viewFetching(facts: SessionFacts): Help | null {
  const chosen = facts.files.find((file) => file.fileId === facts.plan.fileId);
  if (chosen?.enabled === false) return { code: "turned-off" };
  if (chosen?.isOverBudget) return { code: "storage-full" };
  // Nobody's list of files has come: who has the song will say so.
  if (!chosen) return viewUnknown(facts);
  const owners = ownersOf(facts, chosen);
  const awaited = owners.filter(({ isAway, link }) => !isAway && link !== "failed");
  if (awaited.length > 0) return { code: "linking", names: awaited.map(({ name }) => name) };
  return { code: "source-gone", names: owners.map(({ name }) => name) };
}

/** Where no link can be made at all, the banner says so. */
function viewUnknown({ people }: SessionFacts): Help | null {
  const isAwaited = people.some(({ isMe, isAway, link }) => !isMe && !isAway && link !== "failed");
  return isAwaited ? { code: "slow-network" } : null;
}

const ownersOf = (facts: SessionFacts, chosen: FileState) =>
  facts.people.filter(({ userId, isMe }) => !isMe && chosen.offeredBy.includes(userId));

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
