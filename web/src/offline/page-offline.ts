// The page's side of starting without a network: registers the service worker once somebody has joined, and makes sure that
// a page from the cache does not stay when the server has a newer one (rules O7–O9). Asks nobody to install anything.

import { type Memory, storageOrMemory } from "../lib/index.ts";

export interface OfflinePage {
  /** The address of the page's own script: no two builds share it. */
  readonly script: string;
  /** A page from the cache, or one that a service worker fetched. */
  readonly isControlled: boolean;
  readonly fetchPage: () => Promise<string>;
  readonly register: () => Promise<unknown>;
  readonly dropCaches: () => Promise<unknown>;
  readonly reload: () => void;
  readonly session: Pick<Memory, "getItem" | "setItem">;
}

const RELOADED_FOR = "unisono.reloadedFor";
const SCRIPT = /<script[^>]*\bsrc="([^"]+)"/;

export class PageOffline {
  readonly #page: OfflinePage;
  #hasRegistered = false;

  constructor(page: OfflinePage) {
    this.#page = page;
  }

  /** O7: from the first joining on; a visitor who only looks downloads nothing more. */
  joined(): void {
    if (this.#hasRegistered) return;
    this.#hasRegistered = true;
    void this.#tryTo("start offline", this.#page.register);
  }

  /**
   * O8: whether the server has another build than this page; then it comes by a reload, once per build, if `isIdle` still
   * says that nobody has joined.
   */
  async checkBuild(isIdle: () => boolean): Promise<void> {
    const { script, isControlled, fetchPage, session, dropCaches, reload } = this.#page;
    if (!isControlled) return;
    const text = await fetchPage().catch(() => null); // offline: the cache is what there is
    const theirs = text === null ? null : (SCRIPT.exec(text)?.[1] ?? null);
    if (theirs === null || theirs === script || session.getItem(RELOADED_FOR) === theirs || !isIdle()) return;
    session.setItem(RELOADED_FOR, theirs);
    await this.#tryTo("drop its cache", dropCaches);
    reload();
  }

  /** O9: the server does not speak this page's protocol: the next reload must come from the server, however slow it is. */
  async refusedAsOld(): Promise<void> {
    await this.#tryTo("drop its cache", this.#page.dropCaches);
  }

  /** Where cookies are blocked a browser may refuse all of this, at once or later; the page works without. */
  async #tryTo(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      console.warn(`this page will not ${what}: ${String(error)}`);
    }
  }
}

/** null where there are no service workers: plain http, private windows, blocked cookies. */
export function browserOffline(window: Window): OfflinePage | null {
  const { document, location } = window;
  const workers = serviceWorkersIfAllowed(window);
  const script = document.querySelector<HTMLScriptElement>("script[type=module][src]");
  if (!window.isSecureContext || !workers || !script) return null;
  return {
    script: script.getAttribute("src") ?? "",
    isControlled: workers.controller !== null,
    // Not a navigation, so the service worker leaves it alone.
    fetchPage: async () => (await fetch("./", { cache: "no-store" })).text(),
    register: () => workers.register("./sw.js", { updateViaCache: "none" }),
    dropCaches: async () => {
      const { href } = new URL("./", document.baseURI);
      for (const name of await caches.keys()) {
        const isOurs = name.startsWith("unisono-") && (await (await caches.open(name)).match(href));
        if (isOurs) await caches.delete(name);
      }
    },
    reload: () => location.reload(),
    session: storageOrMemory(() => window.sessionStorage),
  };
}

/** Where storage is refused a worker is, too, and Firefox reports even the attempt as an error of the page. */
function serviceWorkersIfAllowed(page: Window): ServiceWorkerContainer | undefined {
  try {
    return page.localStorage ? page.navigator.serviceWorker : undefined;
  } catch {
    return undefined;
  }
}
