// What the page and the render Worker say to each other. Arrays are transferred, not copied.

import type { Anchor, AnchorMatch } from "../index/anchor.ts";
import type { Segment } from "./segment-track.ts";

export type RenderRequest =
  /** Replaces what was loaded under this id. */
  | {
      readonly type: "load";
      readonly sourceId: string;
      readonly channels: readonly Float32Array<ArrayBuffer>[];
    }
  | { readonly type: "unload"; readonly sourceId: string }
  | { readonly type: "render"; readonly id: number; readonly sourceId: string; readonly segment: Segment }
  | {
      readonly type: "make-anchor";
      readonly id: number;
      readonly channels: readonly Float32Array<ArrayBuffer>[];
      readonly sampleRate: number;
    }
  | {
      readonly type: "loudness";
      readonly id: number;
      readonly sourceId: string;
      readonly bars: number;
    }
  | {
      readonly type: "match-anchor";
      readonly id: number;
      readonly sourceId: string;
      readonly sampleRate: number;
      readonly anchor: Anchor;
    };

export type RenderAnswer =
  | Rendered
  | { readonly type: "anchor"; readonly id: number; readonly anchor: Anchor | null }
  | { readonly type: "loudness"; readonly id: number; readonly loudness: readonly number[] }
  | { readonly type: "match"; readonly id: number; readonly match: AnchorMatch | null };

export interface Rendered {
  readonly type: "rendered";
  readonly id: number;
  /** Empty when the source is not loaded (any more). */
  readonly channels: readonly Float32Array<ArrayBuffer>[];
}
