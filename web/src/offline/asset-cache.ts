// What the service worker keeps and what it answers with (rules O1–O6 in docs/spec/offline.md). The page's files as one build
// made them, all of them or none, so that a page from the cache always finds its own parts. Does not know the events of a
// service worker; the shell beside it does.

/** What a service worker stands on; a fake and the browser have the same. */
export interface AssetCachePlatform {
  /** Where the page is, with the slash at its end: the root of a host, or a path on it (O10). */
  readonly base: string;
  readonly caches: Pick<CacheStorage, "open" | "keys" | "delete">;
  readonly fetch: (input: string | Request, init?: RequestInit) => Promise<Response>;
  /** A signal that gives up after so many ms. */
  readonly giveUpAfter: (ms: number) => AbortSignal;
}

/** The files of one build, as the build wrote them down. */
export interface Build {
  readonly id: string;
  /** Addresses of the hashed files, as seen from the page; each is unlike any file of another build. */
  readonly assets: readonly string[];
  /** Addresses that stay the same from build to build, without the page itself. */
  readonly others: readonly string[];
}

const PREFIX = "unisono-";
const PAGE = "";
/** O3: a server that is there answers sooner even on a phone network; who waits longer looks at nothing. */
const PAGE_PATIENCE_MS = 2_000;

/** O11: pages at several paths of one host keep their caches beside each other. At the root the path is left out. */
const cacheName = (id: string, pathname: string): string => PREFIX + id + pathname.replace(/\/$/, "");

function isCacheOf(name: string, pathname: string): boolean {
  const [id = ""] = name.slice(PREFIX.length).split("/");
  return name.startsWith(PREFIX) && name === cacheName(id, pathname);
}

export class AssetCache {
  readonly #platform: AssetCachePlatform;
  readonly #build: Build;
  readonly #assets: ReadonlySet<string>;
  readonly #others: ReadonlySet<string>;

  constructor(platform: AssetCachePlatform, build: Build) {
    this.#platform = platform;
    this.#build = build;
    this.#assets = new Set(build.assets);
    this.#others = new Set(build.others);
  }

  get #name(): string {
    return cacheName(this.#build.id, this.#pathname);
  }

  get #pathname(): string {
    return new URL(this.#platform.base).pathname;
  }

  /** O1, O2: fetches all files of the build. Rejects, and keeps nothing, when one is missing or the page is of another build. */
  async install(): Promise<void> {
    const { caches, fetch, base } = this.#platform;
    try {
      const page = await checked(await fetch(base + PAGE, { cache: "no-cache" }));
      const text = await page.clone().text();
      const isOurs = this.#build.assets.some((asset) => /\.js$/.test(asset) && text.includes(asset));
      if (!isOurs) throw new Error("the page is of another build");
      const cache = await caches.open(this.#name);
      await cache.put(base + PAGE, page);
      const addresses = [...this.#assets, ...this.#others];
      await Promise.all(
        addresses.map(async (address) =>
          cache.put(base + address, await checked(await fetch(base + address))),
        ),
      );
    } catch (error) {
      await caches.delete(this.#name);
      throw error;
    }
  }

  /** O6: the files of former builds go when no page of theirs is left. */
  async activate(): Promise<void> {
    const { caches } = this.#platform;
    const own = (await caches.keys()).filter((name) => isCacheOf(name, this.#pathname));
    const former = own.filter((name) => name !== this.#name);
    await Promise.all(former.map((name) => caches.delete(name)));
  }

  /** Null for all that is not the cache's business: the control channel above all (O5). */
  answer(request: Pick<Request, "method" | "mode" | "url">): Promise<Response> | null {
    const { origin, pathname } = new URL(request.url);
    const { base } = this.#platform;
    if (request.method !== "GET" || !(origin + pathname).startsWith(base)) return null;
    const address = (origin + pathname).slice(base.length);
    if (address === PAGE) return request.mode === "navigate" ? this.#networkFirst(PAGE) : null;
    if (this.#assets.has(address)) return this.#asset(address);
    return this.#others.has(address) ? this.#networkFirst(address) : null;
  }

  /** O4: an address with a hash means the same file for ever. */
  async #asset(address: string): Promise<Response> {
    return (await this.#kept(address)) ?? this.#platform.fetch(this.#platform.base + address);
  }

  /** O3: what the server has now, unless it does not answer in time and the cache can. */
  async #networkFirst(address: string): Promise<Response> {
    const { fetch, giveUpAfter, base } = this.#platform;
    const kept = await this.#kept(address);
    if (!kept) return fetch(base + address, { cache: "no-cache" });
    try {
      const answer = await fetch(base + address, {
        cache: "no-cache",
        signal: giveUpAfter(PAGE_PATIENCE_MS),
      });
      return answer.status < 500 ? answer : kept;
    } catch {
      return kept; // no network, or none worth waiting for
    }
  }

  async #kept(address: string): Promise<Response | undefined> {
    const cache = await this.#platform.caches.open(this.#name);
    return cache.match(this.#platform.base + address);
  }
}

async function checked(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  return response;
}
