// A word about one event. Events go by themselves; what came to nothing stays until it is dismissed, since whoever reads
// slowly must not lose the reason. Local ms, by the browser's own timer.

import { useEffect } from "preact/hooks";
import type { Notice as NoticeView } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { Glyph } from "../glyphs.tsx";

/** Long enough to read two short sentences aloud. */
const SHOWN_MS = 7_000;

const STAYS = new Set<NoticeView["code"]>([
  "error",
  "bad-piece",
  "source-silent",
  "peer-dropped",
  "link-unproven",
  "output-changed",
]);

export function Notice({ notice, onDone }: { notice: NoticeView; onDone: () => void }) {
  const stays = STAYS.has(notice.code);
  // One timer per notice, however often the view is made anew: the key of this part is the notice's id.
  useEffect(() => {
    if (stays) return;
    const timer = setTimeout(onDone, SHOWN_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="notice">
      <p>{words.notice(notice)}</p>
      <button type="button" class="button-plain" aria-label={words.dismiss} onClick={onDone}>
        <Glyph name="close" />
      </button>
    </div>
  );
}
