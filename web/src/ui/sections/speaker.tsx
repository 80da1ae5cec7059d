// This device: its volume, lining its loudspeaker up with the others by ear, what it gives to others. A late speaker starts earlier; the
// words say which way it goes, so nobody has to work out a sign. Delays in ms.

import { useSignal } from "@preact/signals";
import { words } from "../copy/index.ts";
import { Slider, Switch } from "../parts/controls.tsx";
import { Glow } from "../parts/glow.tsx";
import { How } from "../parts/how.tsx";
import { roleParts } from "../role-parts.ts";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";
import { Measure } from "./measure.tsx";

const MAX_SLIDER_MS = 500;
/** Just above what ears tell apart in music, so that each tap is heard. */
const STEP_MS = 10;
const FINE_STEP_MS = 1;
/** A Bluetooth loudspeaker of the slowest kind, and as much again. */
const MAX_TYPED_MS = 2_000;

export function Speaker({ view, actions }: ScreenProps) {
  const { delayMs, volume, isClicking } = useSlice(view, ({ speakerDelayMs, volume, isClickTestOn }) => ({
    delayMs: speakerDelayMs,
    volume,
    isClicking: isClickTestOn,
  }));
  const isGlowing = useSignal(false);
  const roles = roleParts.value;
  return (
    <section class="speaker" aria-labelledby="speaker-title">
      <div class="section-head">
        <h2 id="speaker-title">{words.speaker.title}</h2>
      </div>
      <Slider
        id="volume"
        label={words.speaker.volume}
        text={words.speaker.volumeValue(volume)}
        max={100}
        value={Math.round(100 * volume)}
        onInput={(percent) => actions.setVolume(percent / 100)}
      />
      <button
        type="button"
        class="button button-toggle glow-toggle"
        aria-pressed={isGlowing.value}
        onClick={() => (isGlowing.value = !isGlowing.value)}
      >
        {words.speaker.glow}
      </button>
      {isGlowing.value && <Glow actions={actions} />}
      {roles && <roles.RoleHere view={view} actions={actions} />}
      <Slider
        id="speaker-delay"
        label={words.speaker.label}
        text={words.speaker.value(delayMs)}
        max={MAX_SLIDER_MS}
        value={delayMs}
        onInput={actions.setSpeakerDelay}
      />
      <div class="speaker-acts">
        <button
          type="button"
          class="button button-toggle"
          aria-pressed={isClicking}
          onClick={() => actions.setClickTest(!isClicking)}
        >
          {words.speaker.clickTest}
        </button>
        <How about={words.speaker.label}>{words.speaker.hint}</How>
      </div>
      {isClicking && <p class="hint">{words.speaker.clicking}</p>}
      <div class="nudges">
        <button type="button" class="button" onClick={() => actions.setSpeakerDelay(delayMs + STEP_MS)}>
          <span>{words.speaker.late}</span>
          <small>{words.speaker.lateStep}</small>
        </button>
        <button
          type="button"
          class="button"
          disabled={delayMs === 0}
          onClick={() => actions.setSpeakerDelay(Math.max(0, delayMs - STEP_MS))}
        >
          <span>{words.speaker.early}</span>
          <small>{words.speaker.earlyStep}</small>
        </button>
        <button type="button" class="button" onClick={() => actions.setSpeakerDelay(delayMs + FINE_STEP_MS)}>
          {words.speaker.fineLate}
        </button>
        <button
          type="button"
          class="button"
          disabled={delayMs === 0}
          onClick={() => actions.setSpeakerDelay(delayMs - FINE_STEP_MS)}
        >
          {words.speaker.fineEarly}
        </button>
      </div>
      <div class="typed-delay">
        <label for="typed-delay">{words.speaker.typed}</label>
        <input
          id="typed-delay"
          type="number"
          inputMode="numeric"
          min={0}
          max={MAX_TYPED_MS}
          step={1}
          value={delayMs}
          onChange={(event) => actions.setSpeakerDelay(event.currentTarget.valueAsNumber)}
        />
        <button
          type="button"
          class="button"
          disabled={delayMs === 0}
          onClick={() => actions.setSpeakerDelay(0)}
        >
          {words.speaker.reset}
        </button>
      </div>
      <Measure view={view} actions={actions} />
    </section>
  );
}

export function Giving({ view, actions }: ScreenProps) {
  const { isGivingLittle, hasFiles } = useSlice(view, (shown) => ({
    isGivingLittle: shown.isGivingLittle,
    hasFiles: shown.files.length > 0,
  }));
  if (!hasFiles) return null;
  return (
    <div class="giving">
      <p class="hint" id="giving-hint">
        {words.files.giveLittleHint(isGivingLittle)}
      </p>
      <Switch
        isOn={isGivingLittle}
        word={words.files.giveLittle}
        describedBy="giving-hint"
        onFlip={actions.setGivingLittle}
      />
    </div>
  );
}
