// What plays and what comes, in order. By pointer an entry is dragged by its grip; Move up and Move down do the same by key.

import { useSignal } from "@preact/signals";
import type { TargetedPointerEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Actions, QueueEntryView, QueueView } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { Glyph, type GlyphName } from "../glyphs.tsx";
import { Facts, SignButton, Switch } from "../parts/controls.tsx";
import { beforeAt, dropPlace, firstToCome } from "../queue-order.ts";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";

/** So near to an edge of the screen the page follows what is dragged, by so much a move. Px. */
const EDGE_PX = 96;
const FOLLOW_PX = 14;

interface Drag {
  readonly from: number;
  readonly to: number;
  readonly byPx: number;
}

export function Queue({ view, actions }: ScreenProps) {
  const { entries, planState, isLocked, canLock, canClear, cannotAdd, remainingMin, hasFiles } = useSlice(
    view,
    ({ queue: { remainingSec, entries, ...rest }, files }) => ({
      ...rest,
      entries: entries.map((entry) => ({ ...entry, heldShare: Math.floor(100 * entry.heldShare) / 100 })),
      remainingMin: remainingSec && Math.ceil(remainingSec / 60),
      hasFiles: files.length > 0,
    }),
  );
  if (entries.length === 0 && !hasFiles) return null;
  return (
    <section class="queue" aria-labelledby="queue-title">
      <div class="section-head">
        <h2 id="queue-title" tabIndex={-1}>
          {words.queue.title}
        </h2>
        {!!remainingMin && <p class="meta">{words.queue.remaining(60 * remainingMin)}</p>}
      </div>
      <Entries entries={entries} planState={planState} actions={actions} />
      {entries.length === 0 && <p class="hint">{words.queue.empty}</p>}
      {cannotAdd && <p class="hint">{words.queue.cannotAdd[cannotAdd]}</p>}
      {(canLock || (canClear && entries.length > 0)) && (
        <div class="queue-acts">
          {canLock && (
            <Switch class="switch-line" isOn={isLocked} word={words.queue.lock} onFlip={actions.lockQueue} />
          )}
          {canClear && entries.length > 0 && (
            <button type="button" class="button button-plain" onClick={() => actions.clearQueue()}>
              {words.queue.clear}
            </button>
          )}
        </div>
      )}
    </section>
  );
}

interface EntriesProps extends Pick<QueueView, "entries" | "planState"> {
  readonly actions: Actions;
}

function Entries({ entries, planState, actions }: EntriesProps) {
  const list = useRef<HTMLUListElement>(null);
  const drag = useSignal<Drag | null>(null);
  /** Of the page, as the rows lay when one of them was taken up; px. */
  const start = useRef({ atPx: 0, middlesPx: [] as number[], heightPx: 0 });
  const pressed = useRef<Pressed | null>(null);
  useLayoutEffect(() => {
    if (pressed.current) keepFocus(pressed.current, list.current);
    pressed.current = null;
  }, [entries]);

  const move = (from: number, to: number) => {
    const entryId = entries[from]?.entryId;
    const beforeId = beforeAt(entries, from, to);
    if (entryId && beforeId !== undefined) actions.moveEntry(entryId, beforeId);
  };
  const onDown = (from: number, event: TargetedPointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    const boxes = [...(list.current?.children ?? [])].map((row) => row.getBoundingClientRect());
    start.current = {
      atPx: event.clientY + scrollY,
      middlesPx: boxes.map(({ top, height }) => top + height / 2 + scrollY),
      heightPx: boxes[from]?.height ?? 0,
    };
    drag.value = { from, to: from, byPx: 0 };
  };
  const onMove = (event: TargetedPointerEvent<HTMLElement>) => {
    if (!drag.value) return;
    const { from } = drag.value;
    if (event.clientY < EDGE_PX) scrollBy(0, -FOLLOW_PX);
    if (event.clientY > innerHeight - 2 * EDGE_PX) scrollBy(0, FOLLOW_PX);
    const byPx = event.clientY + scrollY - start.current.atPx;
    const { middlesPx } = start.current;
    const place = dropPlace(middlesPx, from, (middlesPx[from] ?? 0) + byPx);
    drag.value = { from, byPx, to: Math.max(firstToCome(entries), place) };
  };
  const letGo = () => {
    if (drag.value) move(drag.value.from, drag.value.to);
    drag.value = null;
  };
  /** How far a row is from its place while one is dragged: the others make room. */
  const shiftPx = (index: number): number => {
    if (!drag.value) return 0;
    const { from, to, byPx } = drag.value;
    if (index === from) return byPx;
    if (index > from && index <= to) return -start.current.heightPx;
    return index < from && index >= to ? start.current.heightPx : 0;
  };
  const { up, down, remove, boost, boosts } = words.queue;
  return (
    // biome-ignore lint/a11y/noRedundantRoles: WebKit takes the role away when the bullets are gone
    <ul ref={list} class={drag.value ? "rows dragging" : "rows"} role="list" aria-labelledby="queue-title">
      {entries.map((entry, index) => {
        const { entryId, canMove, canRemove, canBoost, isBoostedByMe, isCurrent } = entry;
        const name = entry.title ?? entry.name;
        const act = (glyph: GlyphName, label: string, press: () => void, isOff = false, boostCount = "") => (
          <SignButton
            glyph={glyph}
            label={boostCount ? `${label} · ${boostCount}` : label}
            isPressed={glyph === "boost" ? isBoostedByMe : undefined}
            isOff={isOff}
            onPress={(button) => {
              pressed.current = { button, place: index };
              press();
            }}
          >
            {boostCount}
          </SignButton>
        );
        const isStuck = (to: number) => beforeAt(entries, index, to) === undefined;
        return (
          <li
            key={entryId}
            class={rowClass(entry, drag.value?.from === index)}
            style={{ transform: drag.value ? `translateY(${shiftPx(index)}px)` : "" }}
            aria-current={isCurrent ? "true" : undefined}
          >
            {canMove && !isCurrent && (
              <span
                class="grip"
                aria-hidden="true"
                onPointerDown={(event) => onDown(index, event)}
                onPointerMove={onMove}
                onPointerUp={letGo}
                onPointerCancel={() => (drag.value = null)}
              >
                <Glyph name="grip" />
              </span>
            )}
            {entry.coverUrl !== null && (
              <img class="file-cover" src={entry.coverUrl} alt="" width={44} height={44} />
            )}
            <div class="row-body">
              <p class="file-name" dir="auto">
                {name || "…"}
              </p>
              {entry.title !== null && <span class="unseen">{entry.name}</span>}
              <Facts facts={entryFacts(entry, planState)} />
            </div>
            <div class="acts">
              {act(
                "boost",
                boost(name),
                () => actions.boostEntry(entryId, !isBoostedByMe),
                !canBoost,
                entry.boosts > 0 ? boosts(entry.boosts) : "",
              )}
              {act("up", up(name), () => move(index, index - 1), !canMove || isStuck(index - 1))}
              {act("down", down(name), () => move(index, index + 1), !canMove || isStuck(index + 1))}
              {act("close", remove(name), () => actions.removeEntry(entryId), !canRemove)}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

interface Pressed {
  readonly button: HTMLButtonElement;
  /** Of its row, from 0. */
  readonly place: number;
}

/**
 * A button loses the focus when its row goes away, when it can do no more, and in some browsers when its row moves. Whoever works by
 * key stays in the list then: at the button, else at another that can be pressed, in the row that stands where its own stood.
 */
function keepFocus({ button, place }: Pressed, list: HTMLElement | null): void {
  const { activeElement, body } = document;
  if (activeElement !== body && activeElement !== button) return;
  const rows = [...(list?.children ?? [])];
  const row = rows.find((each) => each.contains(button)) ?? rows[Math.min(place, rows.length - 1)];
  const kind = [...(button.parentElement?.children ?? [])].indexOf(button);
  const acts = [...(row?.querySelectorAll<HTMLButtonElement>("button") ?? [])];
  const canPress = ({ disabled }: HTMLButtonElement) => !disabled;
  // Those before it first: whoever goes on pressing Move down at the end must not come to Remove.
  const other = acts.slice(0, kind + 1).findLast(canPress) ?? acts.find(canPress);
  (other ?? document.getElementById("queue-title"))?.focus();
}

function rowClass({ isCurrent, isOver, skipped }: QueueEntryView, isDragged: boolean): string {
  const kinds = [isCurrent && "file-chosen", (isOver || skipped) && "entry-over", isDragged && "dragged"];
  return ["row entry", ...kinds].filter((kind) => kind).join(" ");
}

function entryFacts(entry: QueueEntryView, planState: QueueView["planState"]): string[] {
  const { skipped, artist, durationSec, isCurrent, isOver, addedByName, heldShare } = entry;
  const { paused, chosen, playing } = words.files;
  const stateWords = { stopped: paused, preparing: chosen, playing };
  const facts: (string | null | false)[] = [
    skipped && words.queue.skipped[skipped],
    isCurrent && stateWords[planState],
    isOver && words.queue.over,
    artist,
    durationSec !== null && words.now.time(durationSec),
    words.files.from([addedByName]),
    heldShare < 1 && words.queue.held(heldShare),
  ];
  return facts.filter((fact): fact is string => !!fact);
}
