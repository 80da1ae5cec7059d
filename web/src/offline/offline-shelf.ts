// What the service worker keeps and what it answers with (rules O1–O6 in docs/spec/offline.md). The page's files as one build
// made them, all of them or none, so that a page from the shelf always finds its own parts. Does not know the events of a
// service worker; the shell beside it does.

/** What a service worker stands on; a fake and the browser have the same. */
export interface ShelfGround {
  readonly origin: string;
  readonly caches: Pick<CacheStorage, "open" | "keys" | "delete">;
  readonly fetch: (input: string | Request, init?: RequestInit) => Promise<Response>;
  /** A signal that gives up after so many ms. */
  readonly giveUpAfter: (ms: number) => AbortSignal;
}

/** The files of one build, as the build wrote them down. */
export interface Build {
  readonly id: string;
  /** Addresses of the hashed files; each is unlike any file of another build. */
  readonly assets: readonly string[];
  /** Addresses that stay the same from build to build, without the page itself. */
  readonly others: readonly string[];
}

const PREFIX = "unisono-";
const PAGE = "/";
/** O3: a server that is there answers sooner even on a phone network; who waits longer looks at nothing. */
const PAGE_PATIENCE_MS = 2_000;

export class OfflineShelf {
  readonly #ground: ShelfGround;
  readonly #build: Build;
  readonly #assets: ReadonlySet<string>;
  readonly #others: ReadonlySet<string>;

  constructor(ground: ShelfGround, build: Build) {
    this.#ground = ground;
    this.#build = build;
    this.#assets = new Set(build.assets);
    this.#others = new Set(build.others);
  }

  get #name(): string {
    return PREFIX + this.#build.id;
  }

  /** O1, O2: fetches all files of the build. Rejects, and keeps nothing, when one is missing or the page is of another build. */
  async install(): Promise<void> {
    const { caches, fetch, origin } = this.#ground;
    try {
      const page = await checked(await fetch(PAGE, { cache: "no-cache" }));
      const text = await page.clone().text();
      const isOurs = this.#build.assets.some((asset) => /\.js$/.test(asset) && text.includes(asset));
      if (!isOurs) throw new Error("the page is of another build");
      const cache = await caches.open(this.#name);
      await cache.put(origin + PAGE, page);
      const addresses = [...this.#assets, ...this.#others];
      await Promise.all(
        addresses.map(async (address) => cache.put(origin + address, await checked(await fetch(address)))),
      );
    } catch (error) {
      await caches.delete(this.#name);
      throw error;
    }
  }

  /** O6: the files of former builds go when no page of theirs is left. */
  async activate(): Promise<void> {
    const { caches } = this.#ground;
    const former = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== this.#name);
    await Promise.all(former.map((name) => caches.delete(name)));
  }

  /** Null for all that is not the shelf's business: the control channel above all (O5). */
  answer(request: Pick<Request, "method" | "mode" | "url">): Promise<Response> | null {
    const url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== this.#ground.origin) return null;
    if (url.pathname === PAGE) return request.mode === "navigate" ? this.#page() : null;
    if (this.#assets.has(url.pathname)) return this.#asset(url.pathname);
    return this.#others.has(url.pathname) ? this.#networkFirst(url.pathname) : null;
  }

  /** O4: an address with a hash means the same file for ever. */
  async #asset(address: string): Promise<Response> {
    return (await this.#kept(address)) ?? this.#ground.fetch(address);
  }

  #page(): Promise<Response> {
    return this.#networkFirst(PAGE);
  }

  /** O3: what the server has now, unless it does not answer in time and the shelf can. */
  async #networkFirst(address: string): Promise<Response> {
    const { fetch, giveUpAfter } = this.#ground;
    const kept = await this.#kept(address);
    if (!kept) return fetch(address, { cache: "no-cache" });
    try {
      const answer = await fetch(address, { cache: "no-cache", signal: giveUpAfter(PAGE_PATIENCE_MS) });
      return answer.status < 500 ? answer : kept;
    } catch {
      return kept; // no network, or none worth waiting for
    }
  }

  async #kept(address: string): Promise<Response | undefined> {
    const cache = await this.#ground.caches.open(this.#name);
    return cache.match(this.#ground.origin + address);
  }
}

async function checked(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  return response;
}
