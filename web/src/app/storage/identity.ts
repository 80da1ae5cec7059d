// Who this tab is: a random session seed and a friendly name. A reload keeps both; a duplicated tab gets its own, because
// they rest in sessionStorage only while no page is alive to use them.

import { fromHex, type Memory, pickOne, type Random, toHex } from "../../lib/index.ts";
import { cleanName } from "../../session/index.ts";

export interface Identity {
  readonly sessionSeed: Uint8Array;
  readonly name: string;
  /** Higher than that of every former session with this seed; taken by the next one (control/announcement.ts). */
  readonly epoch: number;
}

const STORED_AS = "unisono.identity";
const SEED_BYTES = 32;

// Adjective and bird, in the manner of "Blue Heron": easy to say across a room, and no two alike at a party.
const QUALITIES = [
  "Amber", "Blue", "Brave", "Bright", "Calm", "Clever", "Coral", "Crimson", "Dusky", "Early", "Gentle", "Golden",
  "Green", "Happy", "Indigo", "Ivory", "Jolly", "Kind", "Lively", "Lucky", "Merry", "Misty", "Noble", "Northern",
  "Olive", "Proud", "Quick", "Quiet", "Rosy", "Ruby", "Silver", "Snowy", "Southern", "Sunny", "Swift", "Velvet",
  "Violet", "Warm", "Wild", "Wise",
] as const; // biome-ignore format: a table of words
const BIRDS = [
  "Avocet", "Bunting", "Crane", "Curlew", "Dipper", "Dove", "Egret", "Falcon", "Finch", "Gannet", "Goldcrest",
  "Grebe", "Heron", "Hoopoe", "Ibis", "Jay", "Kestrel", "Kingfisher", "Kite", "Lapwing", "Lark", "Linnet", "Magpie",
  "Martin", "Merlin", "Nightingale", "Oriole", "Osprey", "Owl", "Pipit", "Plover", "Puffin", "Raven", "Robin",
  "Sandpiper", "Starling", "Swallow", "Swift", "Tern", "Thrush", "Wagtail", "Warbler", "Waxwing", "Wren",
] as const; // biome-ignore format: a table of words

export const friendlyName = (random: Random): string =>
  `${pickOne(random, QUALITIES)} ${pickOne(random, BIRDS)}`;

/** Takes the identity a reload left behind, or makes a new one. */
export function takeIdentity(storage: Memory, random: Random): Identity {
  const stored = storage.getItem(STORED_AS);
  storage.removeItem(STORED_AS);
  const fresh = { sessionSeed: random.bytes(SEED_BYTES), name: friendlyName(random), epoch: 1 };
  return (stored && parse(stored)) || fresh;
}

/** Leaves the identity for the page that a reload may bring. */
export function leaveIdentity(storage: Memory, identity: Identity): void {
  const { sessionSeed, name, epoch } = identity;
  storage.setItem(STORED_AS, JSON.stringify({ seed: toHex(sessionSeed), name, epoch }));
}

function parse(stored: string): Identity | null {
  try {
    const { seed, name, epoch } = JSON.parse(stored) as { seed: unknown; name: unknown; epoch: unknown };
    if (typeof seed !== "string" || typeof name !== "string" || !Number.isSafeInteger(epoch)) return null;
    const sessionSeed = fromHex(seed);
    return sessionSeed.length === SEED_BYTES
      ? { sessionSeed, name: cleanName(name), epoch: epoch as number }
      : null;
  } catch {
    return null; // what is not ours to read is replaced
  }
}
