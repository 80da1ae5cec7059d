// What a session in a swarm is made with. Local ms.

import type { Player, Role } from "../audio/index.ts";
import type { SwarmKeys } from "../control/index.ts";
import type { Clock, Random } from "../lib/index.ts";
import type { BulkHome } from "../transfer/index.ts";
import type { SessionNews } from "./core/news.ts";
import type { SessionPlatform } from "./platform.ts";

export interface SessionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: SwarmKeys;
  /** Higher than that of any former session with the same seed. */
  readonly epoch: number;
  readonly server: string;
  readonly player: Player;
  /** Where pieces are kept and content moves; the session wipes and closes it when it is left. */
  readonly home: BulkHome;
  readonly name: string;
  /** What of the sound this device plays, as it remembers it. */
  readonly role: Role;
  /** When the person tapped Join, local ms. */
  readonly tappedLocalMs: number;
  readonly onEvent: (event: SessionNews) => void;
  /** `isQuiet`: time has passed, and nothing followed from that. */
  readonly onChange: (isQuiet: boolean) => void;
  /** The browser's own where absent. */
  readonly platform?: SessionPlatform;
}
