// What a session in a swarm tells the page as it happens; all else is read from its state.

import type { Refusal } from "../../control/index.ts";
import type { QueueRefusal } from "../../director/index.ts";
import type { UserId } from "../../lib/index.ts";
import type { SwarmEvent } from "../../transfer/index.ts";

export type SessionNews =
  | { readonly code: "joined" | "left"; readonly userId: UserId; readonly name: string | null }
  | { readonly code: "director-changed"; readonly userId: UserId; readonly former: UserId | null }
  /** This device directs, and the song starts without these: they were not ready when their time was up. */
  | { readonly code: "started-without"; readonly userIds: readonly UserId[] }
  | { readonly code: "refused"; readonly refusal: Refusal }
  /** The queue is not changed as this person asked. */
  | { readonly code: "queue-refused"; readonly refusal: QueueRefusal }
  | { readonly code: "measured" }
  /** A calibration moved this device's speaker delay; `by` is null when the person took that back. */
  | { readonly code: "lined-up"; readonly delayMs: number; readonly by: UserId | null }
  | SwarmEvent;
