// What is drawn of the roles is a part of the page by itself, fetched once a swarm is on the screen: nobody has a role before.

import { signal } from "@preact/signals";
import { addWords } from "./language.ts";

type RoleParts = typeof import("./sections/roles.tsx");

/** Null until it is here. */
export const roleParts = signal<RoleParts | null>(null);

/** Again does nothing once it is here. */
export async function fetchRoleParts(): Promise<void> {
  try {
    const parts = await import("./sections/roles.tsx");
    await addWords(parts.fetchRoleWordsInUse);
    roleParts.value ??= parts;
  } catch (error) {
    console.warn(`could not load the roles: ${String(error)}`);
  }
}
