// A song that was decoded whole: all of it is in the render Worker, at the context's rate.

import type { Anchor, AnchorMatch } from "../index/anchor.ts";
import { loudnessBars } from "../index/loudness.ts";
import { LEVELS_PER_SEC } from "../render/levels.ts";
import type { ChannelName } from "../role.ts";
import type { DecodedSound } from "./decode.ts";
import type { RenderQuestions } from "./render-questions.ts";
import type { Sound, SoundParts } from "./sound.ts";

type WholeParts = Pick<SoundParts, "context" | "onChange"> & { readonly channel: RenderQuestions };

export class WholeSound implements Sound {
  readonly durationSec: number;
  readonly decodedSec: number;
  loudness: readonly number[] | null = null;
  #levels: Float32Array = new Float32Array(0);
  readonly sourceId: string;
  readonly channels: readonly ChannelName[];
  readonly #frames: number;
  readonly #parts: WholeParts;

  /** Hands the channels over. */
  constructor(sourceId: string, decoded: DecodedSound, parts: WholeParts) {
    // P92: what is isolated stays what it was when the song was opened. To decode all of it anew would take as much memory again.
    const { channels, names, isolated, durationSec, wholeSec } = decoded;
    this.channels = names;
    this.sourceId = sourceId;
    this.#parts = parts;
    this.#frames = channels[0]?.length ?? 0;
    this.durationSec = wholeSec;
    this.decodedSec = durationSec;
    const transfer = channels.map((channel) => channel.buffer);
    parts.channel.post({ type: "load", sourceId, channels, isolated }, transfer);
    const { sampleRate } = parts.context;
    const question = { type: "levels", sourceId, frames: this.#frames, sampleRate } as const;
    const asked = parts.channel.ask(question).then(({ levels }) => {
      this.#levels = levels;
      // What was not decoded is silent to the end.
      const whole = new Float32Array(Math.max(levels.length, Math.round(wholeSec * LEVELS_PER_SEC)));
      whole.set(levels);
      this.loudness = loudnessBars(whole);
      parts.onChange();
    });
    asked.catch(() => undefined); // it plays without a picture
  }

  get windowSec(): [number, number] {
    return [0, this.decodedSec];
  }

  aim(): void {}

  covers(): boolean {
    return true;
  }

  levelAt(sec: number): number {
    const loudest = this.#levels.reduce((most, level) => Math.max(most, level), 0);
    return loudest > 0 ? (this.#levels[Math.floor(sec * LEVELS_PER_SEC)] ?? 0) / loudest : 0;
  }

  match(anchor: Anchor): Promise<AnchorMatch | null> {
    const { sampleRate } = this.#parts.context;
    const [sourceId, frames] = [this.sourceId, this.#frames];
    return this.#parts.channel.ask({ type: "match-anchor", sourceId, frames, sampleRate, anchor }).then(
      ({ match }) => match,
      () => null,
    );
  }

  close(): void {
    this.#parts.channel.post({ type: "unload", sourceId: this.sourceId });
  }
}
