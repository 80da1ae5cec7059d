// After the chime of joining: was it heard? Whoever heard nothing gets the three causes that it mostly has.

import { useSignal } from "@preact/signals";
import { words } from "../copy/index.ts";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";

export function HeardQuestion({ view, actions }: ScreenProps) {
  // It rang with the tap; asked only once the swarm is there, the question would push away what is being read.
  const isAsking = useSlice(view, ({ asksIfHeard }) => asksIfHeard);
  const isSilent = useSignal(false);
  if (!isAsking) return null;
  return (
    <section class="heard" aria-label={words.heard.question}>
      <p>{words.heard.question}</p>
      <div class="heard-acts">
        <button type="button" class="button" onClick={() => actions.confirmHeard()}>
          {words.heard.yes}
        </button>
        {isSilent.value ? (
          <button type="button" class="button" onClick={() => actions.ringChime()}>
            {words.heard.again}
          </button>
        ) : (
          <button type="button" class="button" onClick={() => (isSilent.value = true)}>
            {words.heard.no}
          </button>
        )}
      </div>
      {/* In the page from the start, so that screen readers say what appears in it. */}
      <div aria-live="polite">
        {isSilent.value && (
          <>
            <p>{words.heard.hintsTitle}</p>
            <ul class="heard-hints">
              <li>{words.heard.silentSwitch}</li>
              <li>{words.heard.mediaVolume}</li>
              <li>{words.heard.otherOutput}</li>
            </ul>
          </>
        )}
      </div>
    </section>
  );
}
