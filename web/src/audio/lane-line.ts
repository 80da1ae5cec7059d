// Where on the player's line of seconds which sound lies. The programme is told in lanes on seconds of its own; the line is those
// seconds, shifted. While sound is queued, nothing that is queued is moved on the line: what is told anew and says the same stays,
// and what says another thing is placed further on, so that the player can cross over from the one place to the other.
// Pure. Seconds of the line, of the programme, and of a song as this device decodes it.
//
// Invariants
//  1. What was placed lies where it was placed until it is forgotten, unless nothing of it is queued.
//  2. Places of before a move and of after it never overlap: each lane is valid on a stretch of the line of its own.

/** A stretch of a song on the programme's seconds. */
export interface Lane {
  readonly fileId: string;
  readonly startSec: number;
  /** In the song, both in seconds at the lane's tempo. */
  readonly fromSec: number;
  readonly toSec: number;
  /** Equal power; 0 where it joins what is before, or after, as if they were one sound. */
  readonly fadeInSec: number;
  readonly fadeOutSec: number;
  /** Per cent. */
  readonly tempo: number;
}

/** What is known of a lane's sound. */
export interface LaneSound {
  readonly sourceId: string;
  /** At the lane's tempo. */
  readonly durationSec: number;
  /** How much later sound lies in this decode than in the anchor's, at its own tempo. */
  readonly decodeOffsetSec: number;
}

/** On the line. */
export interface PlacedLane extends Lane {
  /** Null where it is not open here: then it is silent. */
  readonly sound: LaneSound | null;
}

interface Placed extends PlacedLane {
  readonly validFromSec: number;
  readonly validToSec: number;
}

/** What of the line is queued: from what leaves the output now, over what can be changed no more, to the end of what is queued. */
export interface QueuedSpan {
  readonly fromSec: number;
  readonly fixedSec: number;
  readonly toSec: number;
}

/** What a change of the lanes asks for: to cross over to where they are now, or to queue anew what is queued of them. */
export type LaneChange = "none" | "later" | "moved";

/** A quarter of a frame: below that a match says the same as the one before. */
export const ALIGNED_SEC = 5e-6;
/** Nobody hears whether two lanes lie side by side by so much; below half a frame. */
const SAME_SEC = 1e-5;
/** The director's programme says the same of what plays with other rounding, or by a corrected length: the servo takes it. */
const BENT_SEC = 0.002;
/** Durations are told in whole microseconds. */
const ROUNDED_SEC = 2e-6;
/** A sound that is cut off ends by this fade, which lies before the cut. */
export const CUT_FADE_SEC = 0.008;
/** After what is fixed, so much of what was there before may still be faded from; and before a new place, so much be gone back to. */
const ROOM_SEC = 10;
const FORGOTTEN_SEC = 10;

export class LaneLine {
  #placed: readonly Placed[] = [];
  #shiftSec = 0;

  /** From seconds of the programme to seconds of the line. */
  get shiftSec(): number {
    return this.#shiftSec;
  }

  /** Nothing is queued and nothing plays: the line begins anew. */
  reset(): void {
    this.#placed = [];
    this.#shiftSec = 0;
  }

  /** `queued`: null while nothing is. */
  replace(
    lanes: readonly Lane[],
    queued: QueuedSpan | null,
    soundOf: (lane: Lane) => LaneSound | null,
  ): LaneChange {
    const [validFromSec, validToSec] = [
      this.#placed.at(-1)?.validFromSec ?? Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ];
    if (queued) this.#bend(lanes, queued.fromSec);
    const placedAt = (shiftSec: number) =>
      joined(lanes.map((lane) => ({ ...lane, startSec: lane.startSec + shiftSec, sound: soundOf(lane) })));
    const wanted = placedAt(this.#shiftSec);
    if (!queued) {
      this.#placed = wanted.map((lane) => ({ ...lane, validFromSec, validToSec }));
      return "none";
    }
    const kept = wanted.map((lane, at) => {
      const same = this.#placed.find(
        (candidate) => isAlike(candidate, lane) && candidate.validToSec > queued.fromSec,
      );
      if (!same || beginsSec(same) >= queued.toSec) return lane;
      // What was before the first of them is not told any more, and how it came in neither.
      const { fromSec, fadeInSec } = at === 0 && lane.fadeInSec === 0 ? same : lane;
      return { ...lane, startSec: anchorSec(same) + fromSec, fromSec, fadeInSec };
    });
    const isOver = (lane: Placed) => {
      const first = kept[0];
      const isBefore = first !== undefined && endsSec(lane) <= beginsSec(first) + first.fadeInSec + SAME_SEC;
      return isBefore || lane.validToSec < queued.fromSec;
    };
    const before = this.#placed.filter(isOver);
    const placed = this.#placed.filter((lane) => !isOver(lane));
    const differsSec = differenceFrom(placed, kept, queued.fromSec);
    if (differsSec > queued.fixedSec) {
      this.#placed = [...before, ...kept.map((lane) => ({ ...lane, validFromSec, validToSec }))];
      this.#forget(queued.fromSec);
      return differsSec < queued.toSec ? "later" : "none";
    }
    const borderSec = queued.fixedSec + ROOM_SEC;
    const old = this.#placed.map((lane) => ({ ...lane, validToSec: Math.min(lane.validToSec, borderSec) }));
    this.#shiftSec += borderSec + ROOM_SEC - queued.fromSec;
    const moved = placedAt(this.#shiftSec).map((lane) => ({ ...lane, validFromSec: borderSec, validToSec }));
    this.#placed = [...old, ...moved];
    this.#forget(queued.fromSec);
    return "moved";
  }

  /** What sounds between two places, however little. */
  between(fromSec: number, toSec: number): readonly PlacedLane[] {
    return this.#placed.filter(
      (lane) =>
        lane.validFromSec < toSec &&
        lane.validToSec > fromSec &&
        beginsSec(lane) - RINGING_SEC < toSec &&
        endsSec(lane) + RINGING_SEC > fromSec,
    );
  }

  /** What plays there: the one that began last. */
  at(sec: number): PlacedLane | null {
    const there = this.between(sec, sec).filter((lane) => beginsSec(lane) <= sec && sec < endsSec(lane));
    return there.reduce<PlacedLane | null>(
      (last, lane) => (last && last.startSec > lane.startSec ? last : lane),
      null,
    );
  }

  /** Those that begin after it, the next one first. */
  after(sec: number): readonly PlacedLane[] {
    return this.#placed
      .filter((lane) => lane.validToSec > sec && beginsSec(lane) > sec)
      .sort((one, other) => one.startSec - other.startSec);
  }

  /** The last of all that ended before it. */
  before(sec: number): PlacedLane | null {
    return this.#placed.findLast((lane) => endsSec(lane) <= sec) ?? null;
  }

  /** What plays now stays where it is on the line, and the programme's seconds go by it. */
  #bend(lanes: readonly Lane[], nowSec: number): void {
    const playing = this.at(nowSec);
    if (!playing) return;
    for (const lane of lanes) {
      const bentSec = anchorSec(lane) + this.#shiftSec - anchorSec(playing);
      if (lane.fileId !== playing.fileId || lane.tempo !== playing.tempo || Math.abs(bentSec) > BENT_SEC)
        continue;
      this.#shiftSec -= bentSec;
      return;
    }
  }

  #forget(nowSec: number): void {
    this.#placed = this.#placed.filter(
      (lane) => Math.min(endsSec(lane), lane.validToSec) > nowSec - FORGOTTEN_SEC,
    );
  }
}

/** Where a lane's song is, s at the lane's tempo, when the line is at `sec`. */
export const songSecAt = (lane: Lane, sec: number): number => sec - anchorSec(lane);

/** More than filters ring, at whatever rate: the converter's, the interpolation's, and that of the role "low". */
const RINGING_SEC = 0.06;

/** Where the song's beginning lies. */
const anchorSec = ({ startSec, fromSec }: Lane): number => startSec - fromSec;

/** From where on it can be heard: without a fade it goes back as far as the song. */
export const beginsSec = (lane: Lane): number => (lane.fadeInSec > 0 ? lane.startSec : anchorSec(lane));
export const endsSec = (lane: Lane): number => anchorSec(lane) + lane.toSec;

const isAlike = (one: Lane, other: Lane): boolean =>
  one.fileId === other.fileId &&
  one.tempo === other.tempo &&
  Math.abs(anchorSec(one) - anchorSec(other)) <= SAME_SEC;

/**
 * Ends that lie within the sound get their fade. What begins where the one before ends begins there exactly: after its last frame, not
 * at the whole microsecond.
 */
function joined(lanes: readonly PlacedLane[]): PlacedLane[] {
  const done: PlacedLane[] = [];
  for (const lane of lanes) {
    const last = done.at(-1);
    const exactSec = last?.sound && isWhole(last) ? anchorSec(last) + last.sound.durationSec : Number.NaN;
    const isNext = lane.fadeInSec === 0 && Math.abs(lane.startSec - exactSec) <= ROUNDED_SEC;
    const startSec = isNext ? exactSec : lane.startSec;
    const isCut = lane.fadeOutSec === 0 && lane.sound !== null && !isWhole(lane);
    done.push({ ...lane, startSec, fadeOutSec: isCut ? CUT_FADE_SEC : lane.fadeOutSec });
  }
  return done;
}

/** It goes on to the end of its sound, which then ends by itself. */
const isWhole = ({ sound, toSec }: PlacedLane): boolean =>
  sound !== null && sound.durationSec <= toSec + ROUNDED_SEC;

/** The first place from `fromSec` on where they sound otherwise. */
function differenceFrom(
  placed: readonly PlacedLane[],
  wanted: readonly PlacedLane[],
  fromSec: number,
): number {
  let differsSec = Number.POSITIVE_INFINITY;
  const differ = (sec: number, untilSec: number) => {
    if (untilSec > fromSec) differsSec = Math.min(differsSec, Math.max(fromSec, sec));
  };
  const counterpart = (lane: PlacedLane, among: readonly PlacedLane[]) =>
    among.find((candidate) => isAlike(candidate, lane) && overlap(candidate, lane));
  for (const lane of wanted) {
    const same = counterpart(lane, placed);
    if (same) compare(same, lane, differ);
    else differ(beginsSec(lane), endsSec(lane));
  }
  for (const lane of placed) if (!counterpart(lane, wanted)) differ(beginsSec(lane), endsSec(lane));
  return differsSec;
}

const overlap = (one: Lane, other: Lane): boolean =>
  beginsSec(one) < endsSec(other) && beginsSec(other) < endsSec(one);

function compare(one: PlacedLane, other: PlacedLane, differ: (sec: number, untilSec: number) => void): void {
  if (isOtherSound(one.sound, other.sound)) differ(beginsSec(one), endsSec(one));
  const beginnings = [one, other].map(beginsSec);
  if (isApart(beginnings) || one.fadeInSec !== other.fadeInSec) {
    const fadeSec = Math.max(one.fadeInSec, other.fadeInSec);
    differ(Math.min(...beginnings), Math.max(...beginnings) + fadeSec);
  }
  const ends = [one, other].map(endsSec);
  if (isApart(ends) || one.fadeOutSec !== other.fadeOutSec) {
    const fadeSec = Math.max(one.fadeOutSec, other.fadeOutSec);
    differ(Math.min(...ends) - fadeSec, Math.max(...ends));
  }
}

/** Infinity is not apart from itself. */
const isApart = ([one, other]: readonly number[]): boolean =>
  one !== other && Math.abs((one as number) - (other as number)) > SAME_SEC;

function isOtherSound(one: LaneSound | null, other: LaneSound | null): boolean {
  if (!one || !other) return one !== other;
  const movedSec = Math.abs(one.decodeOffsetSec - other.decodeOffsetSec);
  return one.sourceId !== other.sourceId || movedSec > ALIGNED_SEC;
}
