// Decoded sound by its source, and what is asked of it: slices are put in their places, segments rendered, levels and anchors
// reckoned. One request, one answer, in order. Pure; runs in render.worker.ts.

import { makeAnchor, matchAnchor } from "../index/anchor.ts";
import { isChannel } from "../role-part.ts";
import { type LanePlace, type MixedLane, renderLanes } from "./lane-mix.ts";
import { levelsOf } from "./levels.ts";
import { LowBand } from "./low-band.ts";
import { partOf, withIsolated } from "./part-source.ts";
import type { RenderAnswer, RenderRequest } from "./render-protocol.ts";
import type { FrameSource } from "./resample.ts";
import { StoredSound } from "./stored-sound.ts";
import type { StretchedSource } from "./stretch.ts";

/** A change of tempo or of the role takes two of a sound at once, and so does a crossfade of two sounds. */
const KEPT_STRETCHED = 4;

export class RenderStation {
  readonly #sources = new Map<string, StoredSound>();
  /** Sounds at other tempos, those last used, by sound and how it is stretched. */
  readonly #stretched = new Map<string, { readonly sourceId: string; readonly source: StretchedSource }>();
  /** What is low in a sound, at whatever tempo. */
  readonly #low = new WeakMap<FrameSource, LowBand>();
  /** Null until it was loaded: then a lane at another tempo is silent. */
  stretching: typeof StretchedSource | null = null;

  /** Null where nothing was asked. Never throws: whoever asked would wait for ever, and so would all who ask after them. */
  handle(request: RenderRequest): RenderAnswer | null {
    try {
      return this.#handle(request);
    } catch (error) {
      console.warn(`${request.type} failed: ${String(error)}`);
      const isAwaited = "id" in request && request.type !== "render"; // a segment that does not come is a gap in the sound
      return isAwaited ? { type: "failed", id: request.id, detail: String(error) } : null;
    }
  }

  #handle(request: RenderRequest): RenderAnswer | null {
    switch (request.type) {
      case "load":
        this.#unload(request.sourceId);
        this.#sourceOf(request.sourceId).put(0, request.channels, request.isolated);
        return null;
      case "unload":
        this.#unload(request.sourceId);
        return null;
      case "drop":
        this.#sources.get(request.sourceId)?.drop(request.fromFrame);
        return null;
      case "slice": {
        const { id, sourceId, work, isolated } = request;
        const { isConfirmed, channels } = this.#sourceOf(sourceId).take(work, request.channels, isolated);
        const { outputFrom, outputTo, outputRate } = work;
        this.#low.get(this.#sourceOf(sourceId))?.clear();
        for (const stretched of this.#stretched.values()) {
          if (stretched.sourceId !== sourceId) continue;
          stretched.source.changed(outputFrom, outputTo);
          this.#low.get(stretched.source)?.clear();
        }
        const levels = levelsOf(stretchOf(channels, outputFrom), outputFrom, outputTo, outputRate);
        return { type: "slice", id, taken: { isConfirmed, levels } };
      }
      case "render": {
        const { id, segment, lanes, lanesBefore } = request;
        const channels = renderLanes(segment, this.#lanesOf(lanes), this.#lanesOf(lanesBefore));
        return { type: "rendered", id, channels };
      }
      case "make-anchor": {
        const { id, sourceId, frames, sampleRate } = request;
        const source = this.#sourceOf(sourceId);
        return { type: "make-anchor", id, anchor: makeAnchor({ source, frames }, sampleRate) };
      }
      case "match-anchor": {
        const { id, sourceId, frames, sampleRate, anchor } = request;
        const source = this.#sources.get(sourceId);
        const match = source ? matchAnchor({ source, frames }, sampleRate, anchor) : null;
        return { type: "match-anchor", id, match };
      }
      case "levels": {
        const { id, sourceId, frames, sampleRate } = request;
        return { type: "levels", id, levels: levelsOf(this.#sourceOf(sourceId), 0, frames, sampleRate) };
      }
    }
  }

  /** A lane whose source is not loaded, or not any more, is silent. */
  #lanesOf(places: readonly LanePlace[]): MixedLane[] {
    return places.flatMap((place) => {
      const { sourceId, stretch, role } = place;
      const stored = this.#sources.get(sourceId);
      if (!stored) return [];
      const played = isChannel(role) ? withIsolated(stored, role) : stored;
      const whole = stretch ? this.#stretchedOf(place, played) : played;
      if (!whole) return [];
      return [{ place, source: partOf(whole, role, () => this.#lowOf(whole, place)) }];
    });
  }

  #stretchedOf({ sourceId, stretch, role }: LanePlace, played: FrameSource): StretchedSource | null {
    const make = this.stretching;
    if (!stretch || !make) return null;
    const key = `${sourceId} ${stretch.tempo} ${stretch.offsetFrames}${isChannel(role) ? ` ${role}` : ""}`;
    const source = this.#stretched.get(key)?.source ?? new make(played, stretch);
    this.#stretched.delete(key);
    this.#stretched.set(key, { sourceId, source });
    for (const oldest of this.#stretched.keys()) {
      if (this.#stretched.size > KEPT_STRETCHED) this.#stretched.delete(oldest);
    }
    return source;
  }

  #lowOf(whole: FrameSource, { sampleRate }: LanePlace): LowBand {
    const low = this.#low.get(whole) ?? new LowBand(whole, sampleRate);
    this.#low.set(whole, low);
    return low;
  }

  #unload(sourceId: string): void {
    this.#sources.delete(sourceId);
    for (const [key, stretched] of this.#stretched) {
      if (stretched.sourceId === sourceId) this.#stretched.delete(key);
    }
  }

  #sourceOf(sourceId: string): StoredSound {
    const source = this.#sources.get(sourceId) ?? new StoredSound();
    this.#sources.set(sourceId, source);
    return source;
  }
}

/** Channels that begin at `fromFrame`. */
function stretchOf(channels: readonly Float32Array<ArrayBuffer>[], fromFrame: number): FrameSource {
  const stretch = new StoredSound();
  stretch.put(fromFrame, channels);
  return stretch;
}
