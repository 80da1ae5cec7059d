// What sounds when: a pure function of plan and queue, so that every device reckons the same with nobody alive to ask. Global µs of the
// plan's clock, µs in the song (rules Q13–Q20 in docs/spec/queue.md). A stretch begins and ends at the same moments whatever window is
// asked for; only a plan that its director has written on may move them, by the rounding of a float.

import type { EntryId, FileId } from "../lib/index.ts";
import { MAX_STRETCHES, MIN_LOOP_US } from "../protocol/constants/director.gen.ts";
import type { Plan } from "./plan.ts";
import type { Queue, QueueEntry } from "./queue.ts";

/** An entry, or one of its laps, as it sounds from `startUs` to before `endUs`. */
export interface Stretch {
  readonly entryId: EntryId;
  readonly fileId: FileId;
  /** Counts repeats and loops of the entry since the plan was written. */
  readonly lap: number;
  readonly startUs: number;
  /** Infinity where nobody knows how long the song is. */
  readonly endUs: number;
  /** Where in the song it begins. */
  readonly positionUs: number;
  /** Per cent. */
  readonly tempo: number;
  /** It overlaps the stretch before, and the one after, by so much. */
  readonly fadeInUs: number;
  readonly fadeOutUs: number;
}

/** Of an entry, what a programme needs. */
export type Song = Pick<QueueEntry, "entryId" | "fileId" | "durationUs">;

/** Q13: what sounds from `fromUs` to before `toUs`, in order; at most MAX_STRETCHES, the first ones. Nothing unless the plan plays. */
export function programme(plan: Plan, queue: Queue, fromUs: number, toUs: number): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (const stretch of follow(plan, queue, fromUs)) {
    if (!(stretch.startUs < toUs) || stretches.length === MAX_STRETCHES) break;
    if (stretch.endUs > fromUs) stretches.push(stretch);
  }
  return stretches;
}

/** The latest that has begun, before the start the first; null where nothing plays, or all is over. */
export function currentAt(plan: Plan, queue: Queue, globalUs: number): Stretch | null {
  let current: Stretch | null = null;
  for (const stretch of follow(plan, queue, globalUs)) {
    if (current && !(stretch.startUs <= globalUs)) break;
    current = stretch;
  }
  return current && current.endUs > globalUs ? current : null;
}

/** When all is over; Infinity where it goes on without end, or nobody knows. */
export function programmeEndUs(plan: Plan, queue: Queue): number {
  let endUs = plan.globalStartUs;
  let left = queue.entries.length + 1;
  for (const stretch of follow(plan, queue, plan.globalStartUs)) {
    if (left-- === 0) return Infinity; // each once, and another
    endUs = stretch.endUs;
  }
  return endUs;
}

/** Who plays after the current entry, in order, and whether they go round without end. */
export function upcoming(
  { entryId, fileId, repeat }: Plan,
  queue: Queue,
): { readonly current: Song | null; readonly next: readonly Song[] } {
  if (fileId === null || entryId === null) return { current: null, next: [] };
  const at = queue.entries.findIndex((entry) => entry.entryId === entryId);
  const listed = queue.entries[at] ?? queue.played.find((entry) => entry.entryId === entryId);
  const current = { entryId, fileId, durationUs: listed?.durationUs ?? null };
  if (repeat === "one") return { current, next: [current] };
  const isHeard = ({ skipped }: QueueEntry) => skipped === null;
  const behind = queue.entries.slice(at + 1).filter(isHeard);
  const before = queue.entries.slice(0, at + 1).filter(isHeard);
  return { current, next: repeat === "all" ? [...behind, ...before] : behind };
}

/** All that sounds from the plan's start on; where that has no end, from a little before `nearUs` on, as far as anyone may ask. */
function* follow(plan: Plan, queue: Queue, nearUs: number): Generator<Stretch, void> {
  const { current, next } = upcoming(plan, queue);
  if (plan.state !== "playing" || !current || !Number.isFinite(nearUs)) return;
  const { globalStartUs, positionUs, tempo, crossfadeMs, repeat } = plan;
  const heardUs = (songUs: number): number => (songUs * 100) / tempo;
  const lengthUs = ({ durationUs }: Song): number => (durationUs === null ? Infinity : heardUs(durationUs));
  const fadeUs = (one: Song, other: Song): number =>
    Math.min(crossfadeMs * 1000, lengthUs(one) / 2, lengthUs(other) / 2); // Q16
  const first = {
    entryId: current.entryId,
    fileId: current.fileId,
    lap: 0,
    startUs: globalStartUs,
    positionUs,
    tempo,
    fadeInUs: 0,
    fadeOutUs: 0,
  };

  const loopUs = loopOf(plan, current);
  if (loopUs) {
    const [fromUs, toUs] = loopUs;
    const loopStartUs = globalStartUs + heardUs(toUs - positionUs);
    const lapUs = heardUs(toUs - fromUs);
    yield { ...first, endUs: loopStartUs };
    const skippedLaps = Math.max(0, Math.floor((nearUs - loopStartUs) / lapUs) - 1);
    for (let more = 0; more <= MAX_STRETCHES + 1; more++) {
      const lap = skippedLaps + more;
      const startUs = loopStartUs + lap * lapUs;
      const endUs = loopStartUs + (lap + 1) * lapUs;
      yield { ...first, lap: lap + 1, startUs, endUs, positionUs: fromUs };
    }
    return;
  }

  // The rounds of what follows: each stretch's place is reckoned from the first round's start, however many came before.
  const [second] = next;
  const isRound = repeat !== "off";
  const firstLengthUs = Math.max(0, lengthUs(current) - heardUs(positionUs));
  const firstFadeUs = second ? Math.min(fadeUs(current, second), firstLengthUs) : 0;
  yield { ...first, endUs: globalStartUs + firstLengthUs, fadeOutUs: firstFadeUs };
  const roundsStartUs = globalStartUs + firstLengthUs - firstFadeUs;
  const fadesUs = next.map((song, at) => {
    const after = next[at + 1] ?? (isRound ? next[0] : undefined);
    return after ? fadeUs(song, after) : 0;
  });
  const offsetsUs = [0];
  for (const [at, song] of next.entries())
    offsetsUs.push((offsetsUs[at] ?? 0) + lengthUs(song) - (fadesUs[at] ?? 0));
  const roundUs = offsetsUs.at(-1) ?? 0;
  // Two before it: in crossfades as long as half a song the one before the last still ends.
  const skippedRounds = isRound ? Math.max(0, Math.floor((nearUs - roundsStartUs) / roundUs) - 2) : 0;
  let left = MAX_STRETCHES + 3 * next.length;
  for (let round = skippedRounds; left > 0 && (isRound || round === 0); round++) {
    const roundStartUs = roundsStartUs + (round > 0 ? round * roundUs : 0);
    for (const [at, song] of next.entries()) {
      const startUs = roundStartUs + (offsetsUs[at] ?? 0);
      if (left-- === 0 || !Number.isFinite(startUs)) return; // Q15: behind a song of unknown length nothing follows
      yield {
        ...first,
        entryId: song.entryId,
        fileId: song.fileId,
        lap: song.entryId === current.entryId ? round + 1 : round,
        startUs,
        endUs: startUs + lengthUs(song),
        positionUs: 0,
        fadeInUs: (at > 0 ? fadesUs[at - 1] : round > 0 ? fadesUs.at(-1) : firstFadeUs) ?? 0,
        fadeOutUs: fadesUs[at] ?? 0,
      };
    }
    if (next.length === 0) return;
  }
}

/** Q18: as far as the song goes; null where it is none, or where the plan is past it. */
function loopOf({ loopUs, positionUs }: Plan, { durationUs }: Song): readonly [number, number] | null {
  if (!loopUs) return null;
  const toUs = Math.min(loopUs[1], durationUs ?? Infinity);
  const isLoop = toUs - loopUs[0] >= MIN_LOOP_US && positionUs < toUs;
  return isLoop ? [loopUs[0], toUs] : null;
}
