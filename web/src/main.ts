// The composition root: the real clock, the real random source, the page.

import { App } from "./app/index.ts";
import { realClock, realRandom } from "./lib/index.ts";
import { mount } from "./ui/index.ts";

const app = new App(realClock, realRandom, window);
Object.assign(window, { unisono: { snapshot: () => app.snapshot() } });
const root = document.getElementById("app");
if (!root) throw new Error("index.html lost its #app");
mount(root, app.view, app.actions);
