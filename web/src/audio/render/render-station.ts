// Decoded sound by its source, and what is asked of it: slices are put in their places, segments rendered, levels and anchors
// reckoned. One request, one answer, in order. Pure; runs in render.worker.ts.

import { makeAnchor, matchAnchor } from "../index/anchor.ts";
import { levelsOf } from "./levels.ts";
import type { RenderAnswer, RenderRequest } from "./render-protocol.ts";
import { type FrameSource, renderSegment } from "./resample.ts";
import { StoredSound } from "./stored-sound.ts";

export class RenderStation {
  readonly #sources = new Map<string, StoredSound>();

  /** Null where nothing was asked. */
  handle(request: RenderRequest): RenderAnswer | null {
    switch (request.type) {
      case "load":
        this.#sources.delete(request.sourceId);
        this.#sourceOf(request.sourceId).put(0, request.channels);
        return null;
      case "unload":
        this.#sources.delete(request.sourceId);
        return null;
      case "drop":
        this.#sources.get(request.sourceId)?.drop(request.fromFrame);
        return null;
      case "slice": {
        const { id, sourceId, work } = request;
        const { isConfirmed, channels } = this.#sourceOf(sourceId).take(work, request.channels);
        const { outputFrom, outputTo, outputRate } = work;
        const levels = levelsOf(stretchOf(channels, outputFrom), outputFrom, outputTo, outputRate);
        return { type: "slice", id, taken: { isConfirmed, levels } };
      }
      case "render": {
        const source = this.#sources.get(request.sourceId);
        return {
          type: "rendered",
          id: request.id,
          channels: source ? renderSegment(source, request.segment) : [],
        };
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
