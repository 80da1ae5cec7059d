// After leaving, by choice or because the server said no: what that means, and the way back in one tap.

import { words } from "../copy/index.ts";
import { Mark } from "../glyphs.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";

export function Left({ view, actions }: ScreenProps) {
  const { key, refusal, isOurFault } = useSlice(view, ({ key, banner }) => ({
    key,
    isOurFault: banner?.code === "refused" && banner.reason === "page-failed",
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
        {isOurFault && (
          <CopyButton
            label={words.details.copy}
            copied={words.details.copied}
            failed={words.details.copyFailed}
            copy={() => actions.copyDiagnostics()}
          />
        )}
      </div>
    </div>
  );
}
