// What this device does about roles: its own, and, while it directs, those of the others. Pure; local ms.

import type { Role } from "../../audio/index.ts";
import type { Director } from "../../director/index.ts";
import type { UserId } from "../../lib/index.ts";
import { type AskedRole, OwnRole } from "./own-role.ts";
import { RoleAssignments } from "./role-assignments.ts";
import { type RoleRequest, type RoleRequestMessage, type ToldRole, UNTOLD_ROLE } from "./role-message.ts";
import type { Roster } from "./roster.ts";

/** A tap about roles; assigning one to another device does nothing unless this device directs. */
export type RoleTap =
  | { readonly type: "choose-role"; readonly role: Role }
  | { readonly type: "assign-role"; readonly userId: UserId; readonly role: Role }
  | { readonly type: "allow-role" | "decline-role" };

interface RoleControlOptions {
  readonly me: UserId;
  readonly role: Role;
  readonly firstChoice: number;
  readonly director: Director;
  readonly roster: Roster;
  readonly send: (to: UserId, message: RoleRequestMessage) => void;
}

export class RoleControl {
  readonly #options: RoleControlOptions;
  readonly #own: OwnRole;
  readonly #assignments: RoleAssignments;

  constructor(options: RoleControlOptions) {
    this.#options = options;
    this.#own = new OwnRole(options.role, options.firstChoice);
    this.#assignments = new RoleAssignments(options.me);
  }

  get told(): ToldRole {
    return this.#own.told;
  }

  /** What somebody asks this device to play, until its person has answered. */
  get asked(): AskedRole | null {
    return this.#own.asked;
  }

  askedOf(userId: UserId): Role | null {
    return this.#assignments.askedOf(userId);
  }

  tap(tap: RoleTap, localMs: number): void {
    switch (tap.type) {
      case "choose-role":
        this.#own.choose(tap.role);
        return;
      case "allow-role":
        this.#own.allow();
        return;
      case "decline-role":
        this.#own.decline(localMs);
        return;
      case "assign-role": {
        const told = this.#toldOf(tap.userId);
        if (tap.userId === this.#options.me) this.#own.choose(tap.role);
        else if (told && this.#options.director.isWriter)
          this.#assignments.assign(tap.userId, tap.role, told, localMs);
        return;
      }
      default:
        tap satisfies never;
    }
  }

  /** R3: only from whoever directs. */
  take(from: UserId, request: RoleRequest, localMs: number): void {
    if (this.#options.director.directorId === from) this.#own.take(request, from, localMs);
  }

  evaluate(localMs: number): void {
    const { director, send, me } = this.#options;
    if (director.directorId !== null) this.#own.follow(director.directorId);
    if (!director.isWriter || !director.record) {
      if (director.directorId !== null && director.directorId !== me) this.#assignments.clear(); // R8
      return;
    }
    const toldOf = (userId: UserId) => this.#toldOf(userId);
    for (const [to, request] of this.#assignments.due(director.record, toldOf, localMs))
      send(to, { kind: "role-request", request });
  }

  #toldOf(userId: UserId): ToldRole | null {
    const peer = this.#options.roster.get(userId);
    return peer ? (peer.status?.role ?? UNTOLD_ROLE) : null;
  }
}
