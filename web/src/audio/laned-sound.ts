// The sounds that are open for the player, and what of them lies where on its line: opened ahead of time, decoded around the place
// that plays, let go of by whoever asked for them. Seconds and frames of the line (lane-line.ts), seconds in the song.
// Knows neither clock nor queue: what is queued of the line is told by the player. Loaded after the join screen.

import type { Bytes } from "../lib/index.ts";
import { type DecodePace, paceOf } from "./decode/decode-pace.ts";
import {
  type Anchored,
  decodedWindow,
  type FrameSpan,
  type MakeSounds,
  type Sound,
  type SoundFile,
  type SoundParts,
  type Sounds,
} from "./decode/sound.ts";
import type { Anchor, AnchorMatch } from "./index/anchor.ts";
import {
  ALIGNED_SEC,
  beginsSec,
  CUT_FADE_SEC,
  endsSec,
  type Lane,
  type LaneChange,
  LaneLine,
  type LaneSound,
  type QueuedSpan,
  songSecAt,
} from "./lane-line.ts";
import type { LanePlace, LanesUnder } from "./render/lane-mix.ts";
import { reachOf } from "./render/low-reach.ts";
import type { Run, Segment } from "./render/segment-track.ts";
import { stretchedInput } from "./render/stretch-span.ts";
import type { Role } from "./role.ts";
import { RoleLine } from "./role-line.ts";
import { partFor } from "./role-part.ts";

/** What is decoded of a sound that sounds later: two slices, as at the start of any. */
const READY_SEC = 8;
/** Places that are reckoned in two ways differ by less. */
const JUST_SEC = 1e-5;
const NORMAL_TEMPO = 100;
/** A song that is entered where it should be by now, not at a place that is still ahead. */
const AT_ONCE = { startSec: Number.NEGATIVE_INFINITY, isOfSilence: false };

export interface LanedParts extends Omit<SoundParts, "role"> {
  /** What is queued of the line; null while nothing is. */
  readonly queued: () => QueuedSpan | null;
  /** What is queued is no longer what should sound. */
  readonly onLanesChanged: (change: LaneChange) => void;
}

interface Open {
  readonly fileId: string;
  readonly sound: Sound;
  /** How much later sound lies in this decode than in the anchor's; 0 until an anchor was matched. */
  decodeOffsetSec: number;
}

/** Where the sound sets in. */
interface Entry {
  readonly startSec: number;
  readonly isOfSilence: boolean;
}

export class LanedSound {
  readonly #parts: LanedParts;
  readonly #sounds: Sounds;
  readonly #rate: number;
  readonly #turn: number;
  readonly #line = new LaneLine();
  /** The one that was opened last comes last. */
  readonly #open = new Map<string, Open>();
  #lanes: readonly Lane[] = [];
  readonly #roles = new RoleLine();
  /** What is decoded for. */
  #wantedRole: Role = "all";
  /** The anchors asked for are made one after the other: decoding takes memory. */
  #anchoring: Promise<unknown> = Promise.resolve();

  /** `turn`: when this device goes on after a start, among those that play the same, in [0, 1). */
  constructor(parts: LanedParts, makeSounds: MakeSounds, turn = 0) {
    this.#parts = parts;
    this.#turn = turn;
    this.#rate = parts.context.sampleRate;
    this.#sounds = makeSounds({ ...parts, role: () => this.#wantedRole });
  }

  // ── opening and closing ───────────────────────────────────────────────────────────────────────────────────────

  /** Rejects FileError, SoundTooLong, Undecodable. */
  async open(fileId: string, file: SoundFile, isWanted: () => boolean, atSec: () => number): Promise<void> {
    const sound = await this.#sounds.open(file, atSec, isWanted);
    if (!sound) return;
    if (isWanted()) this.take(fileId, sound);
    else sound.close();
  }

  take(fileId: string, sound: Sound): void {
    this.#open.get(fileId)?.sound.close();
    this.#open.delete(fileId);
    this.#open.set(fileId, { fileId, sound, decodeOffsetSec: 0 });
    this.#placeAnew();
    this.#parts.onChange();
  }

  /** Sound made here, all of it there, in the only lane. */
  takeMade(sourceId: string, channels: readonly Float32Array<ArrayBuffer>[], durationSec: number): void {
    const { channel } = this.#parts;
    channel.post(
      { type: "load", sourceId, channels, isolated: null },
      channels.map(({ buffer }) => buffer),
    );
    this.#lanes = [wholeLane(sourceId)];
    this.take(sourceId, {
      sourceId,
      durationSec,
      decodedSec: durationSec,
      loudness: null,
      aim() {},
      covers: () => true,
      levelAt: () => 0,
      match: async () => null,
      close: () => channel.post({ type: "unload", sourceId }),
    });
  }

  /** Lets go of all others. What was asked to be rendered of them still is. */
  keepOnly(fileIds: readonly string[]): void {
    const gone = [...this.#open.values()].filter(({ fileId }) => !fileIds.includes(fileId));
    for (const { fileId, sound } of gone) {
      this.#open.delete(fileId);
      sound.close();
    }
    if (gone.length > 0) this.#placeAnew();
  }

  closeAll(): void {
    this.#lanes = [];
    this.keepOnly([]);
  }

  get isAnyOpen(): boolean {
    return this.#open.size > 0;
  }

  /** The sound of a file that is open. */
  soundOf(fileId: string): Sound | null {
    return this.#open.get(fileId)?.sound ?? null;
  }

  /** The anchor that this device's decode of a file would publish, and how long it is; its index first. Rejects as `open` does. */
  anchorOf(file: SoundFile, onIndex: (index: Bytes) => void): Promise<Anchored> {
    const anchored = this.#anchoring.then(() => this.#sounds.anchorOf(file, onIndex));
    this.#anchoring = anchored.catch(() => undefined);
    return anchored;
  }

  // ── alignment ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Rules P16, P17; null where the anchor was not found, or the sound was closed meanwhile. */
  async align(fileId: string, anchor: Anchor): Promise<AnchorMatch | null> {
    const open = this.#open.get(fileId);
    const match = open && (await open.sound.match(anchor));
    if (!match || this.#open.get(fileId) !== open) return null;
    this.setDecodeOffset(fileId, match.offsetSec);
    return match;
  }

  setDecodeOffset(fileId: string, decodeOffsetSec: number): void {
    const open = this.#open.get(fileId);
    if (!open || Math.abs(decodeOffsetSec - open.decodeOffsetSec) <= ALIGNED_SEC) return;
    open.decodeOffsetSec = decodeOffsetSec;
    this.#placeAnew();
  }

  // ── the role ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Of what is queued from now on. */
  get role(): Role {
    return this.#roles.role;
  }

  /** A channel of a file is decoded from now on. */
  wantRole(role: Role): void {
    this.#wantedRole = role;
  }

  /** What is queued from this frame of the context on, and not before, is in the wanted role. `null`: nothing is queued. */
  takeRole(fromFrame: number | null): void {
    if (fromFrame === null) this.#roles.reset(this.#wantedRole);
    else this.#roles.change(fromFrame, this.#wantedRole);
  }

  // ── the line ──────────────────────────────────────────────────────────────────────────────────────────────────

  setLanes(lanes: readonly Lane[]): void {
    this.#lanes = lanes;
    this.#placeAnew();
  }

  /** Nothing is queued any more. */
  beginAnew(): void {
    this.#line.reset();
    this.#placeAnew();
  }

  /** From seconds of the programme to seconds of the line. */
  get shiftSec(): number {
    return this.#line.shiftSec;
  }

  /** Whether these frames of the line can be rendered in a role. A lane whose sound is not open is silent. */
  covers(fromFrame: number, toFrame: number, role = this.#roles.role): boolean {
    const rate = this.#rate;
    return this.#line.between(fromFrame / rate, toFrame / rate).every((lane) => {
      const open = this.#openOf(lane);
      if (!open) return true;
      const from = Math.max(fromFrame, beginsSec(lane) * rate);
      const to = Math.min(toFrame, endsSec(lane) * rate);
      if (from >= to) return true;
      const part = this.#partOf(open, role);
      const reach = reachOf(part, rate);
      const { fromFrame: fromSound, toFrame: toSound } = this.#soundUnder(
        lane,
        open,
        from - reach,
        to + reach,
      );
      return open.sound.covers(fromSound, toSound, part);
    });
  }

  /** What is to be added up to render a segment. */
  under(segment: Segment): LanesUnder {
    const { fadeFrom, frames, startFrame } = segment;
    const of = (run: Run, count: number, role: Role) => {
      const toFrame = run.position + count * (run.ratio + (count * run.ratioStep) / 2);
      return this.#lanesBetween(run.position, toFrame, role);
    };
    return {
      lanes: of(segment, frames, this.#roles.at(startFrame)),
      lanesBefore: fadeFrom?.run ? of(fadeFrom.run, fadeFrom.frames, this.#roles.at(startFrame - 1)) : [],
    };
  }

  #lanesBetween(fromFrame: number, toFrame: number, role: Role): readonly LanePlace[] {
    const rate = this.#rate;
    return this.#line.between(fromFrame / rate, toFrame / rate).flatMap((lane) => {
      if (!lane.sound) return [];
      const offsetFrames = lane.sound.decodeOffsetSec * rate;
      const { tempo } = lane;
      return {
        sourceId: lane.sound.sourceId,
        role: this.#partOf(this.#openOf(lane), role),
        sampleRate: rate,
        originFrame: -songSecAt(lane, 0) * rate - (tempo === NORMAL_TEMPO ? offsetFrames : 0),
        stretch: tempo === NORMAL_TEMPO ? null : { tempo, sampleRate: rate, offsetFrames },
        startFrame: lane.startSec * rate,
        fadeInFrames: lane.fadeInSec * rate,
        fadeOutFrames: lane.fadeOutSec * rate,
        endFrame: endsSec(lane) * rate,
      };
    });
  }

  /**
   * Where the sound sets in when the line is at `nowSec` and nothing is queued, not before `notBeforeSec`: where the programme is by
   * now, or at the next lane that can sound. Null where none can.
   */
  entryAt(nowSec: number, notBeforeSec: number): Entry | null {
    const placeSec = Math.max(nowSec, notBeforeSec);
    const here = this.#line.at(placeSec + JUST_SEC);
    const open = here && this.#openOf(here);
    if (open) {
      if (placeSec > notBeforeSec) return AT_ONCE;
      // A decode's lead-in is silence and stays; a place within it moves as the sound there does.
      const isBeginning = songSecAt(here, notBeforeSec) <= JUST_SEC;
      const isAsDecoded = isBeginning && here.tempo === NORMAL_TEMPO;
      const startSec = isAsDecoded ? notBeforeSec - open.decodeOffsetSec : notBeforeSec;
      return { startSec, isOfSilence: isBeginning };
    }
    const next = this.#line.after(placeSec).find((lane) => this.#openOf(lane));
    return next ? { startSec: beginsSec(next), isOfSilence: true } : null;
  }

  /**
   * What plays is decoded on, and what comes next from its beginning. `restSec`: where the song will begin while nothing plays.
   * `startsInSec`: until sound sets in, negative after that. Returns how hurried that is.
   */
  aim(
    lineSec: number | null,
    restSec: number,
    isHidden: boolean,
    startsInSec = Number.NEGATIVE_INFINITY,
  ): DecodePace {
    const pace = paceOf(startsInSec, isHidden, this.#turn);
    for (const open of this.#open.values()) {
      if (lineSec === null) open.sound.aim(restSec * this.#rate, isHidden, [], pace);
      else this.#aim(open, lineSec, isHidden, pace);
    }
    return pace;
  }

  /** That of the lane which sounds at a place, or of the next one; where there are no lanes, what was opened last. */
  current(lineSec: number | null): Open | null {
    if (lineSec === null || this.#lanes.length === 0) return [...this.#open.values()].at(-1) ?? null;
    const lane = this.#line.at(lineSec) ?? this.#line.after(lineSec)[0] ?? this.#line.before(lineSec);
    return lane ? this.#openOf(lane) : null;
  }

  /** Where its song is; before and after all lanes that of the nearest one. */
  songSecAt(lineSec: number): number {
    const lane = this.#line.at(lineSec) ?? this.#line.after(lineSec)[0] ?? this.#line.before(lineSec);
    return lane ? (songSecAt(lane, lineSec) * lane.tempo) / NORMAL_TEMPO : lineSec - this.#line.shiftSec;
  }

  /** A lane whose sound is not open is due there, and no other sounds. */
  isMissing(lineSec: number): boolean {
    const lane = this.#line.at(lineSec);
    return lane !== null && this.#openOf(lane) === null;
  }

  #aim(open: Open, nowSec: number, isHidden: boolean, pace: DecodePace): void {
    const { fileId, sound } = open;
    const rate = this.#rate;
    const { aheadSec } = decodedWindow(isHidden);
    const isOfIt = (lane: Lane) => lane.fileId === fileId;
    const here = this.#line.between(nowSec, nowSec).filter((lane) => isOfIt(lane) && nowSec < endsSec(lane));
    const coming = this.#line.after(nowSec).filter((lane) => isOfIt(lane) && !here.includes(lane));
    const first = here.at(-1) ?? coming.shift();
    if (!first) return;
    // Of a song that fades over into itself two places sound.
    const laps = [...here.slice(0, -1), ...coming].flatMap((lane): FrameSpan[] => {
      const begins = Math.max(nowSec, beginsSec(lane));
      const ends = Math.min(endsSec(lane) + CUT_FADE_SEC, nowSec + aheadSec);
      if (begins >= nowSec + aheadSec) return [];
      return [this.#soundUnder(lane, open, begins * rate, ends * rate)];
    });
    // Of a song that sounds later, the window has its beginning, and comes nearer as it does.
    // A stretched sound reaches back by seconds, so that what is urgent of it lies farther ahead.
    const { tempo } = first;
    const earliestSec = beginsSec(first) - (aheadSec - READY_SEC);
    const frame = Math.max(nowSec, earliestSec) * rate;
    sound.aim(
      this.#soundUnder(first, open, frame, frame).fromFrame,
      isHidden,
      laps,
      tempo === NORMAL_TEMPO ? pace : "free",
    );
  }

  /** Frames of the sound that decide what frames of the line sound like: at another tempo also some seconds before them. */
  #soundUnder(lane: Lane, { decodeOffsetSec }: Open, fromFrame: number, toFrame: number): FrameSpan {
    const rate = this.#rate;
    const [from, to] = [fromFrame, toFrame].map((frame) => songSecAt(lane, frame / rate) * rate) as [
      number,
      number,
    ];
    const isNormal = lane.tempo === NORMAL_TEMPO;
    const song = isNormal ? { fromFrame: from, toFrame: to } : stretchedInput(lane.tempo, rate, from, to);
    const offset = decodeOffsetSec * rate;
    return { fromFrame: song.fromFrame + offset, toFrame: song.toFrame + offset };
  }

  #partOf(open: Open | null, role: Role): Role {
    return partFor(role, open?.sound.channels ?? []);
  }

  #openOf(lane: Lane): Open | null {
    return this.#open.get(lane.fileId) ?? null;
  }

  #placeAnew(): void {
    const change = this.#line.replace(this.#lanes, this.#parts.queued(), (lane): LaneSound | null => {
      const open = this.#openOf(lane);
      if (!open) return null;
      const { sourceId } = open.sound;
      const durationSec = (open.sound.durationSec * NORMAL_TEMPO) / lane.tempo;
      return { sourceId, durationSec, decodeOffsetSec: open.decodeOffsetSec };
    });
    if (change !== "none") this.#parts.onLanesChanged(change);
  }
}

/** A song alone, from its beginning, on seconds of its own. */
const wholeLane = (fileId: string): Lane => ({
  fileId,
  startSec: 0,
  fromSec: 0,
  toSec: Number.POSITIVE_INFINITY,
  fadeInSec: 0,
  fadeOutSec: 0,
  tempo: NORMAL_TEMPO,
});
