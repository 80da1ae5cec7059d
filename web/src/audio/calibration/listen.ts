// A recording of the timetable in, when each of its chirps was heard out. Pure.

import { makeChirp } from "./chirp.ts";
import type { Heard } from "./lateness.ts";
import { MatchedFilter } from "./matched-filter.ts";
import { SEARCH_AFTER_SEC, SEARCH_BEFORE_SEC, timetable } from "./timetable.ts";

export interface Recording {
  readonly samples: Float32Array<ArrayBuffer>;
  readonly sampleRate: number;
  /** Where in it the timetable begins, as well as the page can tell: the same error for all devices does no harm. */
  readonly startFrame: number;
}

/** What of the timetable is in the recording. */
export function heardIn(devices: number, recording: Recording): readonly Heard[] {
  const { samples, sampleRate, startFrame } = recording;
  const filter = new MatchedFilter(makeChirp(sampleRate), sampleRate);
  return timetable(devices).map((slot): Heard => {
    const slotFrame = startFrame + slot.startSec * sampleRate;
    const [from, to] = [
      slotFrame - SEARCH_BEFORE_SEC * sampleRate,
      slotFrame + SEARCH_AFTER_SEC * sampleRate,
    ];
    const arrival = filter.find(samples, from, to);
    return { slot, afterSlotMs: arrival && ((arrival.atFrame - slotFrame) / sampleRate) * 1000 };
  });
}
