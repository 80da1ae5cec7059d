// What the page and the render Worker say to each other. Arrays are transferred, not copied.

import type { Segment } from "./segment-track.ts";

export type RenderRequest =
  /** Replaces what was loaded under this id. */
  | {
      readonly type: "load";
      readonly sourceId: string;
      readonly channels: readonly Float32Array<ArrayBuffer>[];
    }
  | { readonly type: "unload"; readonly sourceId: string }
  | { readonly type: "render"; readonly id: number; readonly sourceId: string; readonly segment: Segment };

export interface Rendered {
  readonly id: number;
  /** Empty when the source is not loaded (any more). */
  readonly channels: readonly Float32Array<ArrayBuffer>[];
}
