// The composition root: the real clock, the real random source, the page.

import { effect } from "@preact/signals-core";
import { App } from "./app/index.ts";
import { realClock, realRandom } from "./lib/index.ts";
import { browserOffline, PageOffline } from "./offline/page-offline.ts";
import { mount } from "./ui/index.ts";

const loadLater = () => import("./later.ts");
const app = new App(realClock, realRandom, window, loadLater);
Object.assign(window, { unisono: { snapshot: () => app.snapshot() } });
const root = document.getElementById("app");
if (!root) throw new Error("index.html lost its #app");
mount(root, app.view, app.actions, loadLater);

const offlinePage = import.meta.env.PROD ? browserOffline(window) : null;
if (offlinePage) {
  const offline = new PageOffline(offlinePage);
  void offline.checkBuild(() => app.view.peek().phase === "home");
  effect(() => {
    const { phase, banner } = app.view.value;
    if (phase === "joined") offline.joined();
    if (banner?.code === "refused" && banner.reason === "wrong-version") void offline.refusedAsOld();
  });
}
