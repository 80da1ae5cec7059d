// The screens: a pure rendering of the view, and taps that become actions. The door of ui/; only main.ts comes in here.

import type { ReadonlySignal } from "@preact/signals";
import { h, render } from "preact";
import type { Actions, View } from "../view/index.ts";
import { startLanguage } from "./language.ts";
import { Shell, type SwarmParts } from "./shell.tsx";

/** Draws `view` into `root` and keeps it drawn; `fetchSwarm` brings the screens of a swarm. Returns what takes all away again. */
export function mount(
  root: HTMLElement,
  view: ReadonlySignal<View>,
  actions: Actions,
  fetchSwarm: () => Promise<SwarmParts>,
): () => void {
  void startLanguage(window);
  root.replaceChildren(); // what index.html painted before the script came
  render(h(Shell, { view, actions, fetchSwarm }), root);
  return () => render(null, root);
}
