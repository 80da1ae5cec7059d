// What people do to roles in a storm, and whether there is one truth about them afterwards: each device's own word, known to all.

import type { Role } from "../../audio/index.ts";
import type { UserId } from "../../lib/index.ts";
import { pickOne, type Random } from "../../lib/index.ts";
import { ROLES } from "../../protocol/constants/session.gen.ts";
import type { SimDevice } from "./sim-device.ts";

export class RoleStorm {
  readonly #random: Random;
  /** What each chose itself, unless somebody assigned it a role since. */
  readonly #chosen = new Map<UserId, Role>();
  /** What the room was given last, when all was calm. */
  #given: Map<UserId, Role> | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  /** One thing that a person does; says what. */
  act(device: SimDevice, alive: readonly SimDevice[]): string {
    const random = this.#random;
    const role = pickOne(random, ROLES);
    const kind = pickOne(random, [
      "chooses",
      "chooses",
      "assigns",
      "assigns",
      "assigns",
      "allows",
      "declines",
    ]);
    switch (kind) {
      case "chooses":
        device.clock.deliver(() => {
          if (device.isDead) return;
          device.session.setRoles({ type: "choose-role", role });
          this.#chosen.set(device.userId, role);
        });
        return `chooses ${role}`;
      case "assigns": {
        const to = pickOne(random, alive).userId;
        // Whoever takes itself for the director can; the storm makes two of them now and then.
        for (const each of alive) this.#assign(each, to, role);
        return `sees ${to.slice(0, 4)} assigned ${role}`;
      }
      case "allows":
        device.clock.deliver(() => {
          if (device.session.roles.asked) this.#chosen.delete(device.userId);
          device.session.setRoles({ type: "allow-role" });
        });
        return kind;
      default:
        device.clock.deliver(() => device.session.setRoles({ type: "decline-role" }));
        return kind;
    }
  }

  /** All is calm, and one directs: it gives everybody a role, and nobody has an objection. */
  spread(alive: readonly SimDevice[]): void {
    this.#given = new Map();
    for (const { session } of alive) session.setRoles({ type: "allow-role" });
    for (const { session } of alive) {
      if (!session.director.isMe) continue;
      for (const { userId } of alive) {
        const role = pickOne(this.#random, ROLES);
        this.#given.set(userId, role);
        session.setRoles({ type: "assign-role", userId, role });
      }
    }
  }

  /** Null: of each device all others know what it plays, and it plays what it should. */
  trouble(alive: readonly SimDevice[]): string | null {
    for (const { userId, name, session } of alive) {
      const { role } = session.roles.told;
      for (const other of alive) {
        const known = other.session.roster.get(userId)?.status?.role?.role;
        if (other.userId !== userId && known !== role)
          return `${other.name} takes ${name} for ${known}, and it plays ${role}`;
      }
      const due = (this.#given ?? this.#chosen).get(userId);
      if (due !== undefined && due !== role) return `${name} plays ${role} instead of ${due}`;
      if (this.#given && session.roles.asked) return `${name} still asks`;
    }
    return null;
  }

  #assign({ clock, session, isDead }: SimDevice, userId: UserId, role: Role): void {
    clock.deliver(() => {
      if (isDead || !session.director.isWriter) return;
      session.setRoles({ type: "assign-role", userId, role });
      this.#chosen.delete(userId);
      if (userId === session.me) this.#chosen.set(userId, role);
    });
  }
}
