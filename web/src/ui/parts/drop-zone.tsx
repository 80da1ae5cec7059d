// The whole window takes songs that are dropped or pasted, and shows so while they are held over it. Who does not see it loses
// nothing: Add files does the same.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Actions } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { watchDrops } from "./drops.ts";

export function DropZone({ actions }: { actions: Actions }) {
  const isOver = useSignal(false);
  useEffect(
    () =>
      watchDrops(window, {
        onOver: (isNow) => {
          isOver.value = isNow;
        },
        onDropped: ({ files, folders }) => actions.addFiles(files, folders),
      }),
    [],
  );
  if (!isOver.value) return null;
  return (
    <div class="drop-hint" aria-hidden="true">
      <p>{words.files.drop}</p>
    </div>
  );
}
