// What a stay in a swarm is made with. Local ms.

import type { SwarmKeys } from "../control/index.ts";
import type { Clock, Random } from "../lib/index.ts";
import type { Player } from "../playback/index.ts";
import type { PieceStore } from "../swarm/index.ts";
import type { SessionEvent } from "./session-event.ts";
import type { SessionGround } from "./session-ground.ts";

export interface SessionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: SwarmKeys;
  /** Higher than that of any former stay with the same session seed. */
  readonly epoch: number;
  readonly server: string;
  readonly player: Player;
  /** Where pieces are kept; the session wipes and closes it when it is left. */
  readonly store: PieceStore;
  readonly name: string;
  /** When the person tapped Join, local ms. */
  readonly tappedLocalMs: number;
  readonly onEvent: (event: SessionEvent) => void;
  readonly onChange: () => void;
  /** The browser's own where absent. */
  readonly ground?: SessionGround;
}
