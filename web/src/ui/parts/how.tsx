// A long explanation behind a short question, for who asks.

import type { ComponentChildren } from "preact";
import { words } from "../copy/index.ts";

/** `about`: what it explains, for whoever hears only the question. */
export function How({ about, children }: { about: string; children: ComponentChildren }) {
  return (
    <details class="how">
      <summary>
        {words.how}
        <span class="unseen"> {about}</span>
      </summary>
      <p class="hint">{children}</p>
    </details>
  );
}
