// What this device plays of the sound and how: the role, remembered for the device, and the trim, remembered for each output as the
// speaker delay is. Loaded with the session, as nothing plays before.

import { FLAT_TRIM, isRole, type Player, parseTrim, type Role, type Trim } from "../audio/index.ts";
import type { Memory } from "../lib/index.ts";
import type { SwarmSession } from "../session/index.ts";
import type { Actions } from "../view/index.ts";
import { TrimMemory } from "./storage/trim-memory.ts";

export type SoundActions = Pick<Actions, "setRole" | "assignRole" | "answerRole" | "setTrim">;

const ROLE_STORED_AS = "unisono.role";

interface SoundSettingsOptions {
  readonly memory: Memory;
  readonly outputName: () => string | null;
  readonly player: Pick<Player, "setTrim">;
  readonly session: () => SwarmSession | null;
  readonly onChange: () => void;
}

export class SoundSettings {
  readonly #options: SoundSettingsOptions;
  readonly #trims: TrimMemory;
  #trim: Trim = FLAT_TRIM;

  constructor(options: SoundSettingsOptions) {
    this.#options = options;
    this.#trims = new TrimMemory(options.memory);
    this.outputChanged();
  }

  /** As it was when the last session ended. */
  get role(): Role {
    const stored = this.#options.memory.getItem(ROLE_STORED_AS);
    return isRole(stored) ? stored : "all";
  }

  get trim(): Trim {
    return this.#trim;
  }

  /** The role may be another, by a tap here or by the director. */
  keep(role: Role): void {
    if (role !== this.role) this.#options.memory.setItem(ROLE_STORED_AS, role);
  }

  /** Another loudspeaker may be another's problem: it has its own trim. */
  outputChanged(): void {
    this.#apply(this.#trims.trimOf(this.#options.outputName()));
  }

  /** Nothing but the trim happens while there is no session. */
  readonly actions: SoundActions = {
    setRole: (role) => this.#options.session()?.setRoles({ type: "choose-role", role }),
    assignRole: (userId, role) => this.#options.session()?.setRoles({ type: "assign-role", userId, role }),
    answerRole: (isAllowed) =>
      this.#options.session()?.setRoles({ type: isAllowed ? "allow-role" : "decline-role" }),
    setTrim: (trim) => {
      const sane = parseTrim(trim);
      this.#trims.remember(this.#options.outputName(), sane);
      this.#apply(sane);
      this.#options.onChange();
    },
  };

  #apply(trim: Trim): void {
    this.#trim = trim;
    this.#options.player.setTrim(trim);
  }
}
