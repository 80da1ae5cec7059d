// The words of the language in use. A component that reads one is drawn anew when the language changes, because each
// read goes through a signal. English until another language has been fetched: nobody waits for words to join.

import { signal } from "@preact/signals";
import { type Copy, en } from "./en.ts";

export type { Copy };

const inUse = signal<Copy>(en);

export const words: Copy = new Proxy(en, {
  get: (_, group) => Reflect.get(inUse.value, group),
});

export function speak(copy: Copy): void {
  inUse.value = copy;
}
