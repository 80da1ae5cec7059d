// What the page and the render Worker say to each other. Arrays are transferred, not copied. Frames of a source are at the
// context's rate, positions of segments and lanes frames of the line (lane-mix.ts).

import type { Anchor, AnchorMatch } from "../index/anchor.ts";
import type { ChannelName } from "../role.ts";
import type { LanesUnder } from "./lane-mix.ts";
import type { Segment } from "./segment-track.ts";
import type { SliceWork } from "./slice-work.ts";

type Channels = readonly Float32Array<ArrayBuffer>[];

export type RenderRequest =
  /** Replaces what was loaded under this id by sound that is there whole. */
  | {
      readonly type: "load";
      readonly sourceId: string;
      readonly channels: Channels;
      readonly isolated: ChannelName | null;
    }
  | { readonly type: "unload"; readonly sourceId: string }
  /** Lets go of the stretch of a source that begins at this frame. */
  | { readonly type: "drop"; readonly sourceId: string; readonly fromFrame: number }
  | (LanesUnder & { readonly type: "render"; readonly id: number; readonly segment: Segment })
  | RenderQuestion;

/** What is answered to whoever asked. */
export type RenderQuestion =
  /** A decoded slice, as the engine handed it out: to be put in its place and converted to the context's rate. */
  | {
      readonly type: "slice";
      readonly id: number;
      readonly sourceId: string;
      readonly work: SliceWork;
      /** One, or left and right; behind these, where there is a third, what is `isolated`. */
      readonly channels: Channels;
      readonly isolated: ChannelName | null;
    }
  /** Of a source of `frames`, of which what is looked at is there. */
  | {
      readonly type: "make-anchor";
      readonly id: number;
      readonly sourceId: string;
      readonly frames: number;
      readonly sampleRate: number;
    }
  | {
      readonly type: "match-anchor";
      readonly id: number;
      readonly sourceId: string;
      readonly frames: number;
      readonly sampleRate: number;
      readonly anchor: Anchor;
    }
  | {
      readonly type: "levels";
      readonly id: number;
      readonly sourceId: string;
      readonly frames: number;
      readonly sampleRate: number;
    };

export type RenderAnswer =
  | Rendered
  /** In place of the answer to a question: it could not be worked out, for example for want of memory. */
  | { readonly type: "failed"; readonly id: number; readonly detail: string }
  | { readonly type: "slice"; readonly id: number; readonly taken: TakenSlice }
  | { readonly type: "make-anchor"; readonly id: number; readonly anchor: Anchor }
  | { readonly type: "match-anchor"; readonly id: number; readonly match: AnchorMatch | null }
  | { readonly type: "levels"; readonly id: number; readonly levels: Float32Array<ArrayBuffer> };

export interface Rendered {
  readonly type: "rendered";
  readonly id: number;
  readonly channels: Channels;
}

export interface TakenSlice {
  /** Its overlap with the slice before says the same as its length; also where there was none to compare. */
  readonly isConfirmed: boolean;
  /** Of each twentieth of a second that begins in the slice (levels.ts). */
  readonly levels: Float32Array<ArrayBuffer>;
}
