// Which roles this device has assigned while it directs, until each device's own status answers (R2, R4 in docs/spec/roles.md).
// Pure; local ms.

import type { Role } from "../../audio/index.ts";
import { compareSerials, type DirectorRecord, nextSerial } from "../../director/index.ts";
import type { UserId } from "../../lib/index.ts";
import { REQUEST_KEPT_MS, REQUEST_PERIOD_MS } from "../../protocol/constants/director.gen.ts";
import type { RoleRequest, ToldRole } from "./role-message.ts";

/** A room that is spread at once must not use up what the server relays for one device. */
const NEW_PER_TURN = 8;

interface Assignment {
  readonly role: Role;
  readonly rev: number;
  readonly choice: number;
  readonly madeLocalMs: number;
  sentLocalMs: number | null;
}

export class RoleAssignments {
  readonly #me: UserId;
  readonly #open = new Map<UserId, Assignment>();
  #rev = 0;

  constructor(me: UserId) {
    this.#me = me;
  }

  /** Newer than all that this director, also before a reload, has asked of the device. */
  assign(userId: UserId, role: Role, { choice, answer }: ToldRole, localMs: number): void {
    if (answer?.stamp.userId === this.#me && compareSerials(answer.stamp.rev, this.#rev) > 0)
      this.#rev = answer.stamp.rev;
    this.#rev = nextSerial(this.#rev);
    this.#open.set(userId, { role, rev: this.#rev, choice, madeLocalMs: localMs, sentLocalMs: null });
  }

  /** What is asked of a device and neither taken nor declined yet; null: nothing. */
  askedOf(userId: UserId): Role | null {
    return this.#open.get(userId)?.role ?? null;
  }

  /** Another directs: what was not answered is past. */
  clear(): void {
    this.#open.clear();
  }

  /** Lets go of what is answered, and says what is to be asked now; it counts as asked then. `toldOf`: null of who is gone. */
  due(
    { term }: DirectorRecord,
    toldOf: (userId: UserId) => ToldRole | null,
    localMs: number,
  ): readonly (readonly [to: UserId, request: RoleRequest])[] {
    const due: (readonly [UserId, RoleRequest])[] = [];
    for (const [userId, assignment] of this.#open) {
      const { role, rev, choice, madeLocalMs, sentLocalMs } = assignment;
      const told = toldOf(userId);
      const isHeard =
        told?.answer?.stamp.userId === this.#me && compareSerials(told.answer.stamp.rev, rev) >= 0;
      const isAsking = isHeard && told.answer?.code === "asking";
      const isGivenUp = !isHeard && localMs - madeLocalMs >= REQUEST_KEPT_MS;
      if (!told || told.choice !== choice || (isHeard && !isAsking) || isGivenUp) {
        this.#open.delete(userId);
        continue;
      }
      const isDue = sentLocalMs === null || localMs - sentLocalMs >= REQUEST_PERIOD_MS;
      if (isHeard || !isDue || due.length >= NEW_PER_TURN) continue;
      assignment.sentLocalMs = localMs;
      due.push([userId, { role, choice, term, rev }]);
    }
    return due;
  }
}
