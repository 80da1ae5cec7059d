// Decides the next segment: where in the file, at what ratio, with what fade (rules P1–P8 in docs/spec/playback.md). Pure.
// The timeline says where in the file the loudspeaker should be at a local moment; the line says when a frame gets
// there. Feed-forward takes both clocks' skews from these two; the servo works on the remaining error only.

import { REJOIN_MS } from "../../protocol/constants/audio.gen.ts";
import type { OutputClock } from "../output/output-clock.ts";
import { type Run, type Segment, SegmentTrack } from "./segment-track.ts";
import { correctionPpm, easedChange } from "./servo.ts";

/** Seconds into the file that should be sounding at local moment `localMs`; negative before the start. */
export type Timeline = (localMs: number) => number;

/** Whether the file's frames from one to before another are decoded. */
export type Covers = (fromFrame: number, toFrame: number) => boolean;

/** Short enough to follow the card's wander, long enough that a late timer costs nothing. */
const SEGMENT_SEC = 0.5;
/** P7: entering mid-song. */
const ENTER_FADE_SEC = 0.02;
/** P8: from one place in the song to another: rejoin, speaker delay. */
const CROSSFADE_SEC = 0.02;
const STOP_FADE_SEC = 0.015;
/** P20: queued ahead while someone may be looking: a late timer costs nothing, a correction acts within this. */
const HORIZON_SEC = 1.5;
/** P20: a hidden page may be throttled or frozen; the music outlives it by this. Takes 23 MB as stereo at 48 kHz. */
const HIDDEN_HORIZON_SEC = 60;
/** A segment at another rate, and the interpolation at its ends, read a little beyond its length. */
const DECODED_MARGIN_SEC = 0.02;
/** A song that is not decoded in time fades out while so much of it is still queued. */
const ENDING_SEC = 0.3;

/** Clocks differ by some hundred ppm and a slew adds 1500; a timeline that jumps inside a segment must not warp it. */
const MAX_RATIO_CHANGE = 0.01;
const clampRatio = (ratio: number): number =>
  Math.min(1 + MAX_RATIO_CHANGE, Math.max(1 - MAX_RATIO_CHANGE, ratio));

export class SegmentPlanner {
  readonly track = new SegmentTrack();
  readonly #sampleRate: number;
  readonly #line: OutputClock;
  readonly #covers: Covers;
  #lastErrorMs = 0;
  #lastRatePpm = 0;
  #rejoins = 0;

  constructor(sampleRate: number, line: OutputClock, covers: Covers = () => true) {
    this.#sampleRate = sampleRate;
    this.#line = line;
    this.#covers = covers;
  }

  /** Rate change of the last planned segment against plain feed-forward, ppm. */
  get ratePpm(): number {
    return this.#lastRatePpm;
  }

  get rejoins(): number {
    return this.#rejoins;
  }

  /** File frame the output should be at when `frame` leaves it; null while the line does not stand. */
  idealPosition(frame: number, timeline: Timeline): number | null {
    const localMs = this.#line.localMsAt(frame / this.#sampleRate);
    return localMs === null ? null : timeline(localMs) * this.#sampleRate;
  }

  /** How far ahead of the timeline the frame leaving the output now is, ms; null when nothing sounds. */
  errorMsAt(localMs: number, timeline: Timeline): number | null {
    const audioSec = this.#line.audioSecAt(localMs);
    if (audioSec === null) return null;
    const position = this.track.positionAt(audioSec * this.#sampleRate);
    if (position === null) return null;
    return (position / this.#sampleRate - timeline(localMs)) * 1000;
  }

  /** How far ahead of the timeline a start that is queued will be, ms; null when nothing is queued. */
  startErrorMs(timeline: Timeline): number | null {
    const first = this.track.segments[0];
    const ideal = first ? this.idealPosition(first.startFrame, timeline) : null;
    return first && ideal !== null ? ((first.position - ideal) / this.#sampleRate) * 1000 : null;
  }

  /**
   * P1, P7, TR6: the first segment, at or after `earliestFrame`. A start that is still ahead begins at its exact frame with
   * the sound of `startSec`; otherwise the song is entered where it should be by then. `isOfSilence`: nothing sounds right before
   * `startSec`. Null while the line does not stand, and while the song is not decoded there.
   */
  begin(
    earliestFrame: number,
    timeline: Timeline,
    startSec = 0,
    isOfSilence = startSec === 0,
  ): Segment | null {
    const ideal = this.idealPosition(earliestFrame, timeline);
    if (ideal === null) return null;
    this.track.clear();
    const aheadFrames = startSec * this.#sampleRate - ideal;
    const isAhead = aheadFrames > 0;
    const startFrame = isAhead ? earliestFrame + Math.round(aheadFrames) : earliestFrame;
    const position = this.idealPosition(startFrame, timeline);
    if (position === null || !this.#isDecodedFrom(position)) return null;
    const isFromSilence = isAhead && isOfSilence;
    const fadeFrames = Math.round(ENTER_FADE_SEC * this.#sampleRate);
    return this.#append(
      startFrame,
      position,
      timeline,
      isFromSilence ? null : { run: null, frames: fadeFrames },
    );
  }

  /**
   * The segment after the last one: continuous (P2), unless the error calls for a crossfade (P6). Null at the end of what is
   * decoded.
   */
  next(timeline: Timeline): Segment | null {
    const startFrame = this.track.endFrame;
    if (startFrame === null) return null;
    const run = this.track.runAt(startFrame);
    const ideal = this.idealPosition(startFrame, timeline);
    if (!run || ideal === null || !this.#isDecodedFrom(run.position)) return null;
    const errorMs = ((run.position - ideal) / this.#sampleRate) * 1000;
    const isOff = Math.abs(errorMs) > REJOIN_MS;
    if (isOff) return this.#isDecodedFrom(ideal) ? this.#jump(startFrame, run, ideal, timeline) : null;
    return this.#append(startFrame, run.position, timeline, null, run.ratio);
  }

  /** P20: the segments still missing between the last one and the horizon, seen from the frame being rendered. */
  fill(renderFrame: number, isHidden: boolean, timeline: Timeline): Segment[] {
    const untilFrame = renderFrame + (isHidden ? HIDDEN_HORIZON_SEC : HORIZON_SEC) * this.#sampleRate;
    const segments: Segment[] = [];
    while ((this.track.endFrame ?? untilFrame) < untilFrame) {
      const segment = this.next(timeline);
      if (!segment) break;
      segments.push(segment);
    }
    return segments;
  }

  /**
   * P8: takes back everything from `frame` on and continues from there where the timeline now says, crossfading when
   * that is elsewhere by more than half a frame. For a changed speaker delay, a seek or a resume. Fades out where that place
   * is not decoded yet.
   */
  redirect(frame: number, timeline: Timeline): Segment | null {
    const run = this.track.runAt(frame);
    const ideal = this.idealPosition(frame, timeline);
    if (!run || ideal === null) return null;
    if (!this.#isDecodedFrom(ideal)) return this.end(frame);
    this.track.cut(frame);
    return this.#jump(frame, run, ideal, timeline);
  }

  /**
   * Where a song must fade out that is not decoded in time: shortly before the end of what is queued. Null while there is more.
   */
  endingFrame(frame: number): number | null {
    const endFrame = this.track.endFrame ?? Infinity;
    const run = this.track.runAt(endFrame);
    const isFar = endFrame - frame > ENDING_SEC * this.#sampleRate;
    if (isFar || !run || this.#isDecodedFrom(run.position)) return null;
    return Math.max(frame, endFrame - Math.round(STOP_FADE_SEC * this.#sampleRate));
  }

  /**
   * Carries on from `frame` without a jump, dropping what was queued after it (a long horizon made short). `isCrossing`: what is heard of
   * the same place becomes another thing (P90).
   */
  replan(frame: number, timeline: Timeline, isCrossing = false): Segment | null {
    const run = this.track.runAt(frame);
    if (!run) return null;
    this.track.cut(frame);
    const fadeFrom = isCrossing ? { run, frames: Math.round(CROSSFADE_SEC * this.#sampleRate) } : null;
    return this.#append(frame, run.position, timeline, fadeFrom, run.ratio);
  }

  /** Fades out from `frame` on; nothing may follow. Null when nothing sounds there. */
  end(frame: number): Segment | null {
    const run = this.track.runAt(frame);
    if (!run) return null;
    this.track.cut(frame);
    const frames = Math.round(STOP_FADE_SEC * this.#sampleRate);
    const segment: Segment = { startFrame: frame, frames, ...run, fadeFrom: null, isLast: true };
    this.track.append(segment);
    return segment;
  }

  /** Frames of the file that the next segment would need. */
  spanFrom(position: number): readonly [fromFrame: number, toFrame: number] {
    return [position, position + (SEGMENT_SEC + DECODED_MARGIN_SEC) * this.#sampleRate];
  }

  #isDecodedFrom(position: number): boolean {
    return this.#covers(...this.spanFrom(position));
  }

  #jump(startFrame: number, run: Run, ideal: number, timeline: Timeline): Segment {
    this.#rejoins += 1;
    const frames = Math.round(CROSSFADE_SEC * this.#sampleRate);
    return this.#append(startFrame, ideal, timeline, { run, frames });
  }

  /**
   * `ratioBefore`: of what it goes on from; the rate then changes evenly, as a jump of the pitch is noise beside a tone (P13).
   */
  #append(
    startFrame: number,
    position: number,
    timeline: Timeline,
    fadeFrom: Segment["fadeFrom"],
    ratioBefore?: number,
  ): Segment {
    const frames = Math.round(SEGMENT_SEC * this.#sampleRate);
    const here = this.idealPosition(startFrame, timeline) ?? position;
    const there = this.idealPosition(startFrame + frames, timeline) ?? position + frames;
    this.#lastErrorMs = ((position - here) / this.#sampleRate) * 1000;
    const knownMs = this.#line.uncertaintyMsAt(this.#line.reading?.atLocalMs ?? 0) ?? 0;
    this.#lastRatePpm = correctionPpm(this.#lastErrorMs, knownMs);
    const forward = clampRatio((there - here) / frames);
    const wantedRatio = forward * (1 + this.#lastRatePpm * 1e-6);
    const ratio = ratioBefore ?? wantedRatio;
    const ratioStep = easedChange(wantedRatio - ratio, this.#lastErrorMs) / frames;
    const segment: Segment = { startFrame, frames, position, ratio, ratioStep, fadeFrom, isLast: false };
    this.track.append(segment);
    return segment;
  }
}
