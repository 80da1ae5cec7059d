// After leaving, by choice or because the server said no: what that means, and the way back in one tap.

import { words } from "../copy/index.ts";
import { Mark } from "../glyphs.tsx";
import type { ScreenProps } from "../shell.tsx";
import { useSlice } from "../slice.ts";

export function Left({ view, actions }: ScreenProps) {
  const { key, refusal } = useSlice(view, ({ key, banner }) => ({
    key,
    refusal: banner?.code === "refused" ? words.banner(banner) : null,
  }));
  return (
    <div class="left">
      <Mark />
      <h1 tabIndex={-1}>{refusal === null ? words.left.title : words.left.refusedTitle}</h1>
      <p>{refusal ?? words.left.explain}</p>
      <div class="left-acts">
        <button type="button" class="button button-big button-primary" onClick={() => actions.join(key)}>
          {words.left.joinAgain}
        </button>
        <button type="button" class="button button-big" onClick={() => actions.newSwarm()}>
          {words.left.newSwarm}
        </button>
      </div>
    </div>
  );
}
