// The place in the song as a slider. What is dragged or stepped is shown at once and sought when the finger or the key lets
// go, so that the others are not sent to every place on the way. Seconds into the file.

import { useSignal } from "@preact/signals";
import type { TargetedKeyboardEvent } from "preact";
import { words } from "../copy/index.ts";

/** What players everywhere move by with an arrow key. */
const ARROW_SEC = 5;

interface SeekSliderProps {
  readonly positionSec: number;
  readonly durationSec: number;
  readonly canSeek: boolean;
  readonly seek: (toSec: number) => void;
}

export function SeekSlider({ positionSec, durationSec, canSeek, seek }: SeekSliderProps) {
  /** Where it is held; null while it follows the song. */
  const held = useSignal<number | null>(null);
  const lastSec = Math.floor(durationSec);
  const shownSec = Math.min(lastSec, Math.floor(held.value ?? positionSec));
  const letGo = () => {
    if (held.value !== null) seek(held.value);
    held.value = null;
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLInputElement>) => {
    const sign = arrowSign(event.key, document.documentElement.dir === "rtl");
    if (sign === 0) return;
    event.preventDefault();
    held.value = Math.min(lastSec, Math.max(0, shownSec + sign * ARROW_SEC));
  };
  const played = durationSec > 0 ? (100 * shownSec) / lastSec : 0;
  return (
    <div class="position">
      <input
        type="range"
        class="seek"
        aria-label={words.now.seek}
        aria-valuetext={words.now.seekValue(shownSec, durationSec)}
        min={0}
        max={lastSec}
        step={1}
        value={shownSec}
        disabled={!canSeek}
        style={{ "--played": `${played}%` }}
        onInput={(event) => (held.value = event.currentTarget.valueAsNumber)}
        onChange={letGo}
        onKeyDown={onKeyDown}
        onKeyUp={letGo}
        onBlur={letGo}
      />
      <p>{words.now.position(shownSec, durationSec)}</p>
    </div>
  );
}

/** Later is where the slider's end is: on the left in a page that runs from right to left. */
export function arrowSign(key: string, isRightToLeft: boolean): -1 | 0 | 1 {
  if (key === "ArrowUp") return 1;
  if (key === "ArrowDown") return -1;
  if (key !== "ArrowLeft" && key !== "ArrowRight") return 0;
  return (key === "ArrowRight") !== isRightToLeft ? 1 : -1;
}
