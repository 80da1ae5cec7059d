// A song that is being played here, whatever of it is decoded at a time; and the file that it comes from. Frames at the context's
// rate, seconds in the song.

import type { Bytes, Clock } from "../../lib/index.ts";
import type { Anchor, AnchorMatch } from "../index/anchor.ts";
import type { ByteSource } from "../index/sound-index/file-reader.ts";
import type { SoundPlatform } from "../output/sound-platform.ts";
import type { RenderChannel } from "../render/render-channel.ts";
import type { ChannelName, Role } from "../role.ts";
import type { DecodingContext } from "./decode.ts";
import type { DecodePace } from "./decode-pace.ts";

/** P77: a rate that has held will hold for the rest of the song, with something to spare. */
export const IN_TIME_SHARE = 0.8;

export interface SoundFile extends ByteSource {
  readonly fileId: string;
  /** As somebody published it (index-codec.ts); null where none came. */
  readonly index: Bytes | null;
  /** What sounds was opened by an index that is not the file's. Opened anew, it is as the file is. */
  readonly onFalseIndex: () => void;
  /** For what can only be decoded whole. */
  readonly readWhole: () => Promise<ArrayBuffer>;
  /** Null where all of it is here; without an index nothing can begin before. */
  readonly arriving: ArrivingFile | null;
}

export interface ByteRange {
  readonly fromByte: number;
  readonly toByte: number;
}

/** A file of which parts are here. */
export interface ArrivingFile {
  readonly holds: (range: ByteRange) => boolean;
  /** What sounds next and is not here, the most urgent first; replaces what was said before. */
  readonly want: (ranges: readonly ByteRange[]) => void;
  /** Whether all of it will be here within this time, at the rate of the last seconds. */
  readonly arrivesWithin: (sec: number) => boolean;
  /** It cannot be played before it is whole. */
  readonly giveUp: () => void;
}

/** Of a sound, at the context's rate. */
export interface FrameSpan {
  readonly fromFrame: number;
  readonly toFrame: number;
}

/** Decoded around the place that plays. */
export interface DecodedWindow {
  readonly behindSec: number;
  readonly aheadSec: number;
}

/**
 * A correction or a changed delay goes back by less than what is kept behind. Slices take 10 to 100 ms each, so that what is decoded
 * ahead outlasts a phone that is busy; P20: a hidden page has queued a minute.
 */
export const decodedWindow = (isHidden: boolean): DecodedWindow => ({
  behindSec: 5,
  aheadSec: isHidden ? 65 : 20,
});

export interface Sound {
  /** In the render Worker. */
  readonly sourceId: string;
  readonly durationSec: number;
  /** What of it can be decoded here, from its beginning (P39). */
  readonly decodedSec: number;
  /** Along its way, 0 to 1 against the loudest, LOUDNESS_BARS of them; null until it was looked at. */
  readonly loudness: readonly number[] | null;
  /** What of it is decoded without a gap around the place that plays, s; null where nothing is. Sound made here has none. */
  readonly windowSec?: readonly [fromSec: number, toSec: number] | null;
  /**
   * Its time 0 is the file's first sample by its index, and each slice was confirmed: so it lies where it does on every other device
   * of which this is true (P16).
   */
  readonly isByIndex?: boolean;
  /** Those of a file with more than two that a device may play by themselves. */
  readonly channels?: readonly ChannelName[];
  /**
   * It plays at `frame`, or will begin there: decodes from there on, and lets go of what lies far off. `laps`: what else of it
   * will sound within the window, in that order. Called ten times a second: a pause of the pace is counted in calls.
   */
  aim(frame: number, isHidden: boolean, laps?: readonly FrameSpan[], pace?: DecodePace): void;
  /** Whether these frames are there to be rendered in this role; what lies outside of the song is silence, and always there. */
  covers(fromFrame: number, toFrame: number, role?: Role): boolean;
  /** How loud it is there, 0 to 1; 0 where it was not decoded. */
  levelAt(sec: number): number;
  /** Where the anchor's sound lies in it; null where that is not to be found for sure. */
  match(anchor: Anchor): Promise<AnchorMatch | null>;
  /** Idempotent. */
  close(): void;
}

/** How a song that somebody adds comes out of this device's decoder. */
export interface Anchored {
  readonly durationSec: number;
  /** More where this browser stopped early (P39). */
  readonly wholeSec: number;
  readonly anchor: Anchor | null;
}

export interface SoundParts {
  readonly context: DecodingContext;
  readonly channel: RenderChannel;
  readonly clock: Clock;
  readonly platform: Pick<SoundPlatform, "engine" | "soundBudgetBytes">;
  readonly onChange: () => void;
  /** That of this device from now on: where it is a channel of the file, that is decoded besides what all play. */
  readonly role: () => Role;
}

/** Comes with the part of the page that is loaded after the join screen. */
export interface Sounds {
  /**
   * Resolves when what sounds from `atSec` on can be rendered, and the rest of the file will be here in time; to null when it is not
   * wanted any more, or cannot be played in parts. Rejects FileError, SoundTooLong, Undecodable.
   */
  open(file: SoundFile, atSec: () => number, isWanted: () => boolean): Promise<Sound | null>;
  /** The anchor that this device would publish; its index, where it has one, is told before that. Rejects as `open` does. */
  anchorOf(file: SoundFile, onIndex: (index: Bytes) => void): Promise<Anchored>;
}

export type MakeSounds = (parts: SoundParts) => Sounds;
