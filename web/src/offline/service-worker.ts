// The service worker: hands the browser's events to the cache. Built into sw.js beside the page, with the build's own list of
// files in place of BUILD. It never takes over a page of a former build, whose parts only the former worker has (O6).

import { AssetCache, type Build } from "./asset-cache.ts";

/** Written in by the build (vite.config.ts). */
declare const BUILD: Build;

/** The part of lib.webworker that is used; the whole of it contradicts lib.dom. */
interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const assetCache = new AssetCache(
  {
    base: new URL("./", location.href).href,
    caches,
    fetch: (input, init) => fetch(input, init),
    giveUpAfter: (ms) => AbortSignal.timeout(ms),
  },
  BUILD,
);

addEventListener("install", (event) => (event as ExtendableEvent).waitUntil(assetCache.install()));
addEventListener("activate", (event) => (event as ExtendableEvent).waitUntil(assetCache.activate()));
addEventListener("fetch", (event) => {
  const { request } = event as FetchEvent;
  const answer = assetCache.answer(request);
  if (answer) (event as FetchEvent).respondWith(answer);
});
