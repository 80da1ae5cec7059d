// What is queued, and how that is changed: it is cut off at a frame, and gone on from there otherwise. Frames of the context, seconds of the
// line. Comes with the part of the page that is loaded after the join screen.

import type { QueuedSpan } from "./lane-line.ts";
import type { LanedSound } from "./laned-sound.ts";
import type { SegmentPlanner, Timeline } from "./render/segment-planner.ts";
import type { SegmentQueue } from "./render/segment-queue.ts";
import type { Segment } from "./render/segment-track.ts";
import type { Role } from "./role.ts";

/** What will be faded over at the next cut, with something to spare. */
const CUT_ROOM_SEC = 0.1;

export class QueuedSound {
  readonly #planner: SegmentPlanner;
  readonly #queue: SegmentQueue;
  readonly #lanes: LanedSound;

  constructor(planner: SegmentPlanner, queue: SegmentQueue, lanes: LanedSound) {
    this.#planner = planner;
    this.#queue = queue;
    this.#lanes = lanes;
  }

  enqueue(segment: Segment): void {
    this.#queue.play(segment, this.#lanes.under(segment));
  }

  splice(frame: number, segment: Segment | null): void {
    this.#queue.cut(frame);
    if (segment) this.enqueue(segment);
  }

  restart(): void {
    this.#queue.clear();
    this.#planner.track.clear();
  }

  isBeforeStart(frame: number): boolean {
    return frame <= (this.#planner.track.segments[0]?.startFrame ?? 0);
  }

  /** From what leaves the output now to the end of what is queued; null where nothing is. */
  span(fromSec: number, cutFrame: number, line: Timeline, rate: number): QueuedSpan | null {
    const { track } = this.#planner;
    if (track.isEmpty) return null;
    const cutSec = (this.#planner.idealPosition(cutFrame, line) ?? fromSec * rate) / rate;
    const end = track.positionAt(track.endFrame ?? 0);
    const fixedSec = Math.max(fromSec, cutSec) + CUT_ROOM_SEC;
    return { fromSec, fixedSec, toSec: Math.max(fixedSec, (end ?? 0) / rate) };
  }

  /** P90: from the cut on; not before what will sound in the new role can be rendered. `line`: null while nothing is to play. */
  takeRole(role: Role, cutFrame: number, line: Timeline | null): void {
    const [lanes, planner] = [this.#lanes, this.#planner];
    if (lanes.role === role) return;
    const isQueued = line !== null && !planner.track.isEmpty;
    if (!isQueued || this.isBeforeStart(cutFrame)) {
      if (isQueued) this.restart();
      lanes.takeRole(null);
      return;
    }
    const run = planner.track.runAt(cutFrame);
    if (!run || !lanes.covers(...planner.spanFrom(run.position), role)) return;
    lanes.takeRole(cutFrame);
    this.splice(cutFrame, planner.replan(cutFrame, line, true));
  }
}
