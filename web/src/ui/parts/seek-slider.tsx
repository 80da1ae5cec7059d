// The place in the song as a slider over its waveform. What is dragged or stepped is shown at once and sought when the finger or the key lets
// go, so that the others are not sent to every place on the way. Seconds into the file.

import { useSignal } from "@preact/signals";
import type { ComponentChildren, TargetedKeyboardEvent } from "preact";
import { useMemo } from "preact/hooks";
import { words } from "../copy/index.ts";

/** What players everywhere move by with an arrow key. */
const ARROW_SEC = 5;
/** A row of dots, while nobody has looked into the song. */
const UNKNOWN: readonly number[] = new Array(96).fill(0);

interface SeekSliderProps {
  readonly positionSec: number;
  readonly durationSec: number;
  readonly canSeek: boolean;
  /** From 0 to 1; null where it is not known. */
  readonly loudness: readonly number[] | null;
  readonly seek: (toSec: number) => void;
  /** What else lies on the picture of the song. */
  readonly children?: ComponentChildren;
}

export function SeekSlider({ positionSec, durationSec, canSeek, loudness, seek, children }: SeekSliderProps) {
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
    <div class="position" style={{ "--played": `${played}%` }}>
      <div class="wave">
        <Wave loudness={loudness?.length ? loudness : UNKNOWN} />
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
          onInput={(event) => (held.value = event.currentTarget.valueAsNumber)}
          onChange={letGo}
          onKeyDown={onKeyDown}
          onKeyUp={letGo}
          onBlur={letGo}
        />
        {children}
      </div>
      <p class="times">
        <span>{words.now.time(shownSec)}</span>
        <span>{words.now.time(durationSec)}</span>
      </p>
    </div>
  );
}

/** The song to look at, as a picture behind the slider: what was played stands out. Drawn once for each song. */
function Wave({ loudness }: { readonly loudness: readonly number[] }) {
  const path = useMemo(() => wavePath(loudness), [loudness]);
  return (
    <>
      {["wave-ahead", "wave-played"].map((part) => (
        <svg
          key={part}
          class={part}
          aria-hidden="true"
          viewBox={`0 0 ${loudness.length} 2`}
          preserveAspectRatio="none"
        >
          <path d={path} />
        </svg>
      ))}
    </>
  );
}

/** A bar for each, around the middle line of a picture two high; silence is still a hair. */
export const wavePath = (loudness: readonly number[]): string =>
  loudness
    .map((level, bar) => {
      const half = Math.max(0.04, level);
      return `M${bar + 0.5} ${(1 - half).toFixed(2)}v${(2 * half).toFixed(2)}`;
    })
    .join("");

/** Later is where the slider's end is: on the left in a page that runs from right to left. */
export function arrowSign(key: string, isRightToLeft: boolean): -1 | 0 | 1 {
  if (key === "ArrowUp") return 1;
  if (key === "ArrowDown") return -1;
  if (key !== "ArrowLeft" && key !== "ArrowRight") return 0;
  return (key === "ArrowRight") !== isRightToLeft ? 1 : -1;
}
