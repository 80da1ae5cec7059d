// What has been queued on the sound card, exactly: consecutive segments of output frames, each a run through the file at a
// rate that may change evenly. Positions are file frames at the context's rate, fractional; `startFrame` is an integer context
// frame. Pure. Does not know what the frames sound like nor when they are due.
//
// Invariants
//  1. Segments are contiguous: each starts at the frame where the one before ends.
//  2. Without a fade, position is continuous across a join: sound never snaps.

export interface Run {
  /** File frame at the segment's first output frame. */
  readonly position: number;
  /** File frames per output frame: 1 but for some ppm. */
  readonly ratio: number;
  /** By how much `ratio` changes with each output frame. */
  readonly ratioStep: number;
}

export interface Segment extends Run {
  readonly startFrame: number;
  readonly frames: number;
  /** The sound before, faded out under this one over `frames`; null run = silence. */
  readonly fadeFrom: { readonly run: Run | null; readonly frames: number } | null;
  /** Nothing follows: this segment fades to silence over all its frames. */
  readonly isLast: boolean;
}

export class SegmentTrack {
  #segments: Segment[] = [];

  get endFrame(): number | null {
    const last = this.#segments.at(-1);
    return last ? last.startFrame + last.frames : null;
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** File frame that is (or would be, by its segment's run) sounding at `frame`; null outside of what is queued. */
  positionAt(frame: number): number | null {
    const run = this.runAt(frame);
    return run?.position ?? null;
  }

  /**
   * The run through the file from `frame` on, straight on at the rate that it has there; also right after the end of the last
   * segment.
   */
  runAt(frame: number): Run | null {
    const segment = this.#segments.findLast((candidate) => candidate.startFrame <= frame);
    if (!segment || segment.isLast || frame > segment.startFrame + segment.frames) return null;
    const passed = frame - segment.startFrame;
    return {
      position: segment.position + passed * (segment.ratio + (passed * segment.ratioStep) / 2),
      ratio: segment.ratio + passed * segment.ratioStep,
      ratioStep: 0,
    };
  }

  /** `frame`, or the end of the fade that it would cut in two: what follows would begin at full size. */
  pastFade(frame: number): number {
    const segment = this.#segments.findLast((candidate) => candidate.startFrame < frame);
    return segment?.fadeFrom ? Math.max(frame, segment.startFrame + segment.fadeFrom.frames) : frame;
  }

  append(segment: Segment): void {
    if (!Number.isInteger(segment.startFrame) || !Number.isInteger(segment.frames) || segment.frames <= 0) {
      throw new RangeError("segments are whole frames");
    }
    const endFrame = this.endFrame;
    if (endFrame !== null && endFrame !== segment.startFrame) {
      throw new RangeError(`segment at ${segment.startFrame} after ${endFrame}`); // invariant 1
    }
    this.#segments.push(segment);
  }

  /** Takes back all that was queued from `frame` on. */
  cut(frame: number): void {
    this.#segments = this.#segments
      .filter((segment) => segment.startFrame < frame)
      .map((segment) => ({ ...segment, frames: Math.min(segment.frames, frame - segment.startFrame) }));
  }

  /** Forgets what ended before `frame`. */
  forgetBefore(frame: number): void {
    this.#segments = this.#segments.filter((segment) => segment.startFrame + segment.frames > frame);
  }

  clear(): void {
    this.#segments = [];
  }
}
