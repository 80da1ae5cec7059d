// The address bar: `/#<swarm key>` and `/#<key>?server=wss://host`, at the root of a host or at a path on it. The fragment never
// leaves the device.

import { extractKey, formatKey, isWeakKey } from "../control/index.ts";

export interface Address {
  /** "" when the address names no swarm. */
  readonly key: string;
  /** Base of the control channel, ws:// or wss://, without a slash at its end. */
  readonly server: string;
}

type PageLocation = Pick<Location, "hash" | "host" | "href" | "origin" | "pathname" | "protocol">;

/** What the view says of a swarm's key and of where it is. */
interface KeyOnPage {
  readonly server: string;
  readonly inviteLink: string;
  readonly isKeyWeak: boolean;
}

/** Reads anew only when the address or the key is another one: the view is made many times a second, and this was a third of its cost. */
export class KeyReader {
  #read: (KeyOnPage & { readonly href: string; readonly key: string }) | null = null;

  of(location: PageLocation, key: string): KeyOnPage {
    const { href } = location;
    if (this.#read?.href === href && this.#read.key === key) return this.#read;
    const isThere = key !== "";
    this.#read = {
      href,
      key,
      server: readAddress(location).server,
      inviteLink: isThere ? inviteLink(location, key) : "",
      isKeyWeak: isThere && isWeakKey(key),
    };
    return this.#read;
  }
}

export function readAddress(location: Pick<Location, "hash" | "host" | "pathname" | "protocol">): Address {
  const [fragment = "", query = ""] = location.hash.replace(/^#/, "").split("?");
  const named = new URLSearchParams(query).get("server");
  const folder = location.pathname.replace(/\/[^/]*$/, "");
  const own = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${folder}`;
  return { key: readableKey(fragment), server: (named && checkedServer(named)) || own };
}

/** The link that invites into the swarm of `key` on the server this page uses. */
export function inviteLink(location: Pick<Location, "origin" | "pathname" | "hash">, key: string): string {
  const query = location.hash.split("?")[1];
  const isElsewhere = query !== undefined && new URLSearchParams(query).has("server");
  const base = `${location.origin}${location.pathname}#${encodeURIComponent(formatKey(key))}`;
  return isElsewhere ? `${base}?${query}` : base;
}

function readableKey(fragment: string): string {
  const key = extractKey(fragment);
  try {
    return formatKey(key);
  } catch {
    return ""; // an empty or endless fragment names nothing
  }
}

function checkedServer(text: string): string | null {
  try {
    const url = new URL(text);
    const isSocket = url.protocol === "wss:" || url.protocol === "ws:";
    return isSocket ? `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}` : null;
  } catch {
    return null;
  }
}
