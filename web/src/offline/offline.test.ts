import { describe, expect, it } from "vitest";
import { AssetCache, type Build } from "./asset-cache.ts";
import { type OfflinePage, PageOffline } from "./page-offline.ts";

const ORIGIN = "https://party.test";
const BUILD: Build = {
  id: "new",
  assets: ["assets/index-new.js", "assets/style-new.css"],
  others: ["manifest.webmanifest"],
};
const page = (script: string) => `<!doctype html><script type="module" src="${script}"></script>`;

/** A server with the files of one build, and the caches of one browser. */
function world(script = "./assets/index-new.js", path = "/") {
  const files = new Map([
    [path, page(script)],
    ...[...BUILD.assets, ...BUILD.others].map((name) => [path + name, `content of ${path}${name}`] as const),
  ]);
  const stored = new Map<string, Map<string, Response>>();
  const asked: string[] = [];
  const state = { isUp: true, status: 200, isSilent: false };
  const cache = new AssetCache(
    {
      base: ORIGIN + path,
      caches: {
        open: async (name: string) => {
          const kept = stored.get(name) ?? new Map<string, Response>();
          stored.set(name, kept);
          return {
            put: async (url: string, response: Response) => void kept.set(url, response),
            match: async (url: string) => kept.get(url)?.clone(),
          } as unknown as Cache;
        },
        keys: async () => [...stored.keys()],
        delete: async (name: string) => stored.delete(name),
      },
      fetch: async (input, init) => {
        const address = String(input).slice(ORIGIN.length);
        asked.push(address);
        if (state.isSilent && init?.signal) throw new DOMException("gave up", "TimeoutError");
        if (!state.isUp) throw new TypeError("no network");
        const text = files.get(address);
        return new Response(text ?? "nothing here", { status: text === undefined ? 404 : state.status });
      },
      giveUpAfter: () => new AbortController().signal,
    },
    BUILD,
  );
  const ask = (at: string, mode: RequestMode = "no-cors", method = "GET") =>
    cache.answer({ method, mode, url: at.startsWith("/") ? ORIGIN + at : at });
  const text = async (at: string, mode?: RequestMode) => (await (await ask(at, mode))?.text()) ?? null;
  return { cache, stored, files, state, asked, ask, text };
}

describe("the cache of the service worker", () => {
  it.each(["/", "/unisono/"])(
    "[O1][O10] holds all files of its build at %s, for want of a network",
    async (path) => {
      const { cache, state, text } = world("./assets/index-new.js", path);
      await cache.install();
      state.isUp = false;
      expect(await text(path, "navigate")).toContain("index-new.js");
      for (const name of [...BUILD.assets, ...BUILD.others])
        expect(await text(path + name)).toBe(`content of ${path}${name}`);
    },
  );

  it("[O10] leaves what lies beside its path to others", async () => {
    const { cache, ask } = world("./assets/index-new.js", "/unisono/");
    await cache.install();
    for (const at of ["/", "/assets/index-new.js", "/unisono2/", "/other/unisono/"])
      expect(ask(at, "navigate")).toBeNull();
  });

  it("[O11] keeps its cache beside that of a page at another path of the host", async () => {
    const { cache, stored } = world("./assets/index-new.js", "/unisono/");
    for (const name of ["unisono-old", "unisono-old/unisono", "unisono-old/other"])
      stored.set(name, new Map());
    await cache.install();
    await cache.activate();
    expect([...stored.keys()].sort()).toEqual(["unisono-new/unisono", "unisono-old", "unisono-old/other"]);
  });

  it("[O1] holds nothing when one file is missing", async () => {
    const { cache, stored, files } = world();
    files.delete("/assets/style-new.css");
    await expect(cache.install()).rejects.toThrow();
    expect([...stored.keys()]).toEqual([]);
  });

  it("[O2] is not filled from a server that has another build by now", async () => {
    const { cache, stored } = world("./assets/index-newer.js");
    await expect(cache.install()).rejects.toThrow("another build");
    expect(stored.size).toBe(0);
  });

  it("[O3] gives way to the server, which may have another page", async () => {
    const { cache, files, text } = world();
    await cache.install();
    files.set("/", page("/assets/index-newer.js"));
    expect(await text("/", "navigate")).toContain("index-newer.js");
  });

  it("[O3] answers for a server that is silent or fails", async () => {
    const { cache, state, text } = world();
    await cache.install();
    state.isSilent = true;
    expect(await text("/", "navigate")).toContain("index-new.js");
    Object.assign(state, { isSilent: false, status: 503 });
    expect(await text("/", "navigate")).toContain("index-new.js");
  });

  it("[O3] waits for the server as long as it takes while it holds nothing", async () => {
    const { state, text } = world();
    state.isSilent = true;
    expect(await text("/", "navigate")).toContain("index-new.js");
  });

  it("[O4] asks nobody for a hashed file that it holds", async () => {
    const { cache, asked, text } = world();
    await cache.install();
    asked.length = 0;
    await text("/assets/index-new.js");
    expect(asked).toEqual([]);
  });

  it("[O5] lets everything else pass", async () => {
    const { cache, ask } = world();
    await cache.install();
    for (const path of ["/v1/control?s=ab12", "/healthz", "/assets/index-old.js", "https://else.test/"]) {
      expect(ask(path)).toBeNull();
    }
    expect(ask("/", "no-cors")).toBeNull();
    expect(ask("/", "navigate", "POST")).toBeNull();
  });

  it("[O6] drops what former builds left, and nothing of others", async () => {
    const { cache, stored } = world();
    await cache.install();
    for (const name of ["unisono-old", "unisono-old/other", "somebody-elses"]) stored.set(name, new Map());
    await cache.activate();
    expect([...stored.keys()].sort()).toEqual(["somebody-elses", "unisono-new", "unisono-old/other"]);
  });
});

function pageOf(overrides: Partial<OfflinePage> = {}) {
  const did: string[] = [];
  const stored = new Map<string, string>();
  const offline = new PageOffline({
    script: "/assets/index-old.js",
    isControlled: true,
    fetchPage: async () => page("/assets/index-new.js"),
    register: async () => did.push("register"),
    dropCaches: async () => did.push("drop"),
    reload: () => did.push("reload"),
    session: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
    },
    ...overrides,
  });
  return { offline, did };
}

describe("a page that may come from the cache", () => {
  it("[O7] registers the worker at the first joining only", () => {
    const { offline, did } = pageOf();
    offline.joined();
    offline.joined();
    expect(did).toEqual(["register"]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["refuses", () => Promise.reject(new DOMException("denied", "SecurityError"))],
    [
      "throws",
      () => {
        throw new DOMException("denied", "SecurityError");
      },
    ],
  ])("[G7] does without a worker where the browser %s", async (_, refuse) => {
    const { offline, did } = pageOf({ register: refuse, dropCaches: refuse });
    expect(() => offline.joined()).not.toThrow();
    await offline.refusedAsOld();
    expect(did).toEqual([]);
  });

  it("[O8] makes way for the server's build, once", async () => {
    const { offline, did } = pageOf();
    await offline.checkBuild(() => true);
    await offline.checkBuild(() => true);
    expect(did).toEqual(["drop", "reload"]);
  });

  it.each<[string, Partial<OfflinePage>, boolean]>([
    ["is the server's own", { script: "/assets/index-new.js" }, true],
    ["came without a worker", { isControlled: false }, true],
    ["is offline", { fetchPage: () => Promise.reject(new TypeError("no network")) }, true],
    ["got something that is no page of ours", { fetchPage: async () => "<title>Hotel Wi-Fi</title>" }, true],
    ["has been joined with meanwhile", {}, false],
  ])("[O8] stays when it %s", async (_, overrides, isIdle) => {
    const { offline, did } = pageOf(overrides);
    await offline.checkBuild(() => isIdle);
    expect(did).toEqual([]);
  });

  it("[O9] drops the cache when the server refuses it as too old", async () => {
    const { offline, did } = pageOf();
    await offline.refusedAsOld();
    expect(did).toEqual(["drop"]);
  });
});
