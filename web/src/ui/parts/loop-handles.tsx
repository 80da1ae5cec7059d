// The two ends of a loop, on the waveform: A above and B below, so that a thumb never meets both. Dragged or stepped; what
// is dragged is shown at once and sent when it is let go. Seconds in the song.

import { useSignal } from "@preact/signals";
import type { TargetedKeyboardEvent, TargetedPointerEvent } from "preact";
import { words } from "../copy/index.ts";
import { type Loop, moveEnd } from "../loop-range.ts";
import { arrowSign } from "./seek-slider.tsx";

const ARROW_SEC = 0.1;
const PAGE_SEC = 5;
const ENDS = [0, 1] as const;

interface LoopHandlesProps {
  readonly loopSec: Loop;
  readonly durationSec: number;
  readonly canChange: boolean;
  readonly setLoop: (loopSec: Loop) => void;
}

export function LoopHandles({ loopSec, durationSec, canChange, setLoop }: LoopHandlesProps) {
  const held = useSignal<Loop | null>(null);
  const shown = held.value ?? loopSec;
  const share = (sec: number) => `${(100 * sec) / durationSec}%`;
  const onMove = (end: 0 | 1, event: TargetedPointerEvent<HTMLElement>) => {
    const box = event.currentTarget.parentElement?.getBoundingClientRect();
    if (!box || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const along = (event.clientX - box.left) / box.width;
    const played = document.documentElement.dir === "rtl" ? 1 - along : along;
    held.value = moveEnd(shown, end, played * durationSec, durationSec);
  };
  const letGo = () => {
    if (held.value) setLoop(held.value);
    held.value = null;
  };
  const onKeyDown = (end: 0 | 1, event: TargetedKeyboardEvent<HTMLElement>) => {
    const page = { PageUp: PAGE_SEC, PageDown: -PAGE_SEC }[event.key] ?? 0;
    const step = page || ARROW_SEC * arrowSign(event.key, document.documentElement.dir === "rtl");
    if (step === 0) return;
    event.preventDefault();
    held.value = moveEnd(shown, end, shown[end] + step, durationSec);
  };
  return (
    <>
      <div class="loop" style={{ "--from": share(shown[0]), "--to": share(shown[1]) }} />
      {canChange &&
        ENDS.map((end) => (
          <div
            key={end}
            role="slider"
            tabIndex={0}
            class={`loop-end loop-end-${end}`}
            style={{ "--at": shown[end] / durationSec }}
            aria-label={words.now.loopEnds[end]}
            aria-valuemin={0}
            aria-valuemax={Math.floor(durationSec)}
            aria-valuenow={Math.round(10 * shown[end]) / 10}
            aria-valuetext={words.now.fineTime(shown[end])}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
            }}
            onPointerMove={(event) => onMove(end, event)}
            onPointerUp={letGo}
            onPointerCancel={letGo}
            onKeyDown={(event) => onKeyDown(end, event)}
            onKeyUp={letGo}
            onBlur={letGo}
          />
        ))}
    </>
  );
}
