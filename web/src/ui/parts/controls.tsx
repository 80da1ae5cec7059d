// What several sections are made of: a slider with its name and its value in words, a switch, a button that is a sign.

import { type ComponentChildren, Fragment } from "preact";
import { Glyph, type GlyphName } from "../glyphs.tsx";

interface SliderProps {
  readonly id: string;
  readonly label: string;
  /** The value in words: shown, and said in place of the number. */
  readonly text: string;
  readonly min?: number;
  readonly max: number;
  readonly value: number;
  /** With every step on the way, or once it is let go. */
  readonly onInput?: (value: number) => void;
  readonly onChange?: (value: number) => void;
}

export function Slider({ id, label, text, min = 0, max, value, onInput, onChange }: SliderProps) {
  return (
    <div class="slider">
      <label for={id}>{label}</label>
      {/* Not <output>: that is a second status region. The slider itself says this value as its own. */}
      <p aria-hidden="true">{text}</p>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={1}
        value={value}
        aria-valuetext={text}
        onInput={(event) => onInput?.(event.currentTarget.valueAsNumber)}
        onChange={(event) => onChange?.(event.currentTarget.valueAsNumber)}
      />
    </div>
  );
}

interface SwitchProps {
  readonly isOn: boolean;
  readonly word: string;
  /** Where the word alone does not say of what it is. */
  readonly label?: string;
  readonly describedBy?: string;
  readonly class?: string;
  readonly onFlip: (isOn: boolean) => void;
}

export function Switch({ isOn, word, label, describedBy, class: kind = "", onFlip }: SwitchProps) {
  return (
    <button
      type="button"
      role="switch"
      class={`switch ${kind}`}
      aria-checked={isOn}
      aria-label={label}
      aria-describedby={describedBy}
      onClick={() => onFlip(!isOn)}
    >
      <span class="switch-track" />
      <span class="switch-word">{word}</span>
    </button>
  );
}

interface SignProps {
  readonly glyph: GlyphName;
  readonly label: string;
  readonly class?: string;
  readonly isOff?: boolean;
  readonly isPressed?: boolean | undefined;
  readonly children?: ComponentChildren;
  readonly onPress: (button: HTMLButtonElement) => void;
}

export function SignButton({ glyph, label, class: kind, isOff, isPressed, children, onPress }: SignProps) {
  return (
    <button
      type="button"
      class={kind ?? "button-plain act"}
      aria-label={label}
      aria-pressed={isPressed}
      disabled={isOff}
      onClick={(event) => onPress(event.currentTarget)}
    >
      <Glyph name={glyph} />
      {children}
    </button>
  );
}

/** What is known of a song, in one line; each fact runs its own way, so that a name does not part a number from its unit. */
export function Facts({ facts }: { readonly facts: readonly string[] }) {
  return (
    <p class="meta">
      {facts.map((fact, at) => (
        <Fragment key={fact}>
          {at > 0 && " · "}
          <bdi>{fact}</bdi>
        </Fragment>
      ))}
    </p>
  );
}
