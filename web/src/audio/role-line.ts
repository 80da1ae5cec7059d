// In which role the sound is queued, from which frame of the context on: what was queued before a change stays as it was. Pure.

import type { Role } from "./role.ts";

interface Change {
  readonly fromFrame: number;
  readonly role: Role;
}

/** What is queued anew begins behind the latest that sounds already. */
const KEPT_CHANGES = 4;

export class RoleLine {
  #changes: readonly Change[] = [{ fromFrame: Number.NEGATIVE_INFINITY, role: "all" }];

  /** Of what is queued next. */
  get role(): Role {
    return this.at(Number.POSITIVE_INFINITY);
  }

  at(frame: number): Role {
    return (this.#changes.findLast(({ fromFrame }) => fromFrame <= frame) ?? this.#changes[0])?.role ?? "all";
  }

  /** Nothing is queued from `fromFrame` on, or it is queued anew. */
  change(fromFrame: number, role: Role): void {
    const before = this.#changes.filter((change) => change.fromFrame < fromFrame).slice(-KEPT_CHANGES);
    this.#changes = [...before, { fromFrame, role }];
  }

  /** Nothing is queued at all. */
  reset(role: Role): void {
    this.#changes = [{ fromFrame: Number.NEGATIVE_INFINITY, role }];
  }
}
