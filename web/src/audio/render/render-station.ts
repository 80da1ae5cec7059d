// Decoded sound by its source, and what is asked of it: slices are put in their places, segments rendered, levels and anchors
// reckoned. One request, one answer, in order. Pure; runs in render.worker.ts.

import { makeAnchor, matchAnchor } from "../index/anchor.ts";
import { type LanePlace, type MixedLane, renderLanes } from "./lane-mix.ts";
import { levelsOf } from "./levels.ts";
import type { RenderAnswer, RenderRequest } from "./render-protocol.ts";
import type { FrameSource } from "./resample.ts";
import { StoredSound } from "./stored-sound.ts";
import type { StretchedSource } from "./stretch.ts";

/** A change of tempo takes two of a sound at once, and so does a crossfade of two sounds. */
const KEPT_STRETCHED = 4;

export class RenderStation {
  readonly #sources = new Map<string, StoredSound>();
  /** Sounds at other tempos, those last used, by sound and how it is stretched. */
  readonly #stretched = new Map<string, { readonly sourceId: string; readonly source: StretchedSource }>();
  /** Null until it was loaded: then a lane at another tempo is silent. */
  stretching: typeof StretchedSource | null = null;

  /** Null where nothing was asked. */
  handle(request: RenderRequest): RenderAnswer | null {
    switch (request.type) {
      case "load":
        this.#unload(request.sourceId);
        this.#sourceOf(request.sourceId).put(0, request.channels);
        return null;
      case "unload":
        this.#unload(request.sourceId);
        return null;
      case "drop":
        this.#sources.get(request.sourceId)?.drop(request.fromFrame);
        return null;
      case "slice": {
        const { id, sourceId, work } = request;
        const { isConfirmed, channels } = this.#sourceOf(sourceId).take(work, request.channels);
        const { outputFrom, outputTo, outputRate } = work;
        for (const stretched of this.#stretched.values()) {
          if (stretched.sourceId === sourceId) stretched.source.changed(outputFrom, outputTo);
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
      const stored = this.#sources.get(place.sourceId);
      const source = stored && (place.stretch ? this.#stretchedOf(place, stored) : stored);
      return source ? [{ place, source }] : [];
    });
  }

  #stretchedOf({ sourceId, stretch }: LanePlace, stored: StoredSound): StretchedSource | null {
    if (!stretch || !this.stretching) return null;
    const key = `${sourceId} ${stretch.tempo} ${stretch.offsetFrames}`;
    const source = this.#stretched.get(key)?.source ?? new this.stretching(stored, stretch);
    this.#stretched.delete(key);
    this.#stretched.set(key, { sourceId, source });
    for (const oldest of this.#stretched.keys()) {
      if (this.#stretched.size > KEPT_STRETCHED) this.#stretched.delete(oldest);
    }
    return source;
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
