// Opens the songs that will sound, the first of them first, and lets go of the others; remembers what this device cannot play, and what
// it has only a part of. Seconds in the file. Does not know why a song is wanted.

import type { Player, SoundFile } from "../audio/index.ts";
import { FileError, type FileId, remember, rememberOf, Undecodable } from "../lib/index.ts";
import { MAX_FILE_TROUBLES } from "../protocol/constants/session.gen.ts";
import type { FileTrouble } from "./core/file-troubles.ts";
import type { Shortage } from "./core/playback-target.ts";

export interface SongOpenerOptions {
  readonly player: Pick<Player, "isLoaded" | "lengthOf" | "load" | "keepOnly" | "isUnable" | "sampleRate">;
  /** The file to decode, or null while this device holds too little of it. */
  readonly fileOf: (fileId: FileId) => SoundFile | null;
  /** A song is opened anew: nothing is known of its decode. */
  readonly onOpening: (fileId: FileId) => void;
  /** What sounds of a song is no longer the one that is open. */
  readonly onReopened: () => void;
  /** A song was opened or refused. */
  readonly onChange: () => void;
}

export interface WantedSong {
  readonly fileId: FileId;
  /** Where in it sound will be wanted, s; null: it is about to end, and not opened for that. */
  readonly atSec: (() => number) | null;
}

/** The one that sounds, the next one, and one that is fading out: each takes 10 to 30 MB, or all of its sound. */
const MAX_OPEN = 3;

export class SongOpener {
  readonly #options: SongOpenerOptions;
  #wanted: readonly WantedSong[] = [];
  readonly #refusals = new Map<FileId, FileError>();
  /** Files that were tried once more. */
  readonly #retried = new Set<FileId>();
  /** Files that are being read and decoded, wanted or not. */
  readonly #underWay = new Set<FileId>();
  readonly #shortages = new Map<FileId, Shortage>();
  /** Of the files that were decoded, or had their anchor made, here, s. */
  readonly #lengths = new Map<FileId, number>();

  constructor(options: SongOpenerOptions) {
    this.#options = options;
  }

  /** The first of the songs that are wanted is being opened. */
  get isOpeningFirst(): boolean {
    const first = this.#wanted[0];
    return first !== undefined && this.#underWay.has(first.fileId);
  }

  /** Why this device will not play the file; null while nothing is known against it. */
  refusalOf(fileId: FileId): FileError | null {
    return this.#refusals.get(fileId) ?? null;
  }

  /** Decoding failed, for whatever cause, or the sound would not fit: this device leaves the file to the others (P38). */
  refuse(fileId: FileId, cause: unknown): void {
    const refusal = cause instanceof FileError ? cause : new Undecodable("failed", null, { cause });
    console.warn(`cannot play ${fileId}: ${String(refusal)}`, refusal.cause);
    rememberOf(this.#refusals, fileId, refusal, MAX_FILE_TROUBLES); // what is forgotten is tried anew if chosen again
    this.#options.onChange();
  }

  /** P38: somebody pressed Play again; what failed for want of time or memory may succeed now. */
  tryOnceMore(fileId: FileId): void {
    if (this.#retried.has(fileId) || !(this.#refusals.get(fileId) instanceof Undecodable)) return;
    remember(this.#retried, fileId, MAX_FILE_TROUBLES);
    this.#refusals.delete(fileId);
  }

  /** What this device has of the file, where it is not all of it (P39). */
  shortageOf(fileId: FileId): Shortage | null {
    return this.#shortages.get(fileId) ?? null;
  }

  /** How long the song is, s; null where it was never decoded here. */
  lengthOf(fileId: FileId): number | null {
    return this.#lengths.get(fileId) ?? null;
  }

  /** A decode of the file came to this much of that. */
  measured(fileId: FileId, heardSec: number, wholeSec: number): void {
    rememberOf(this.#lengths, fileId, wholeSec, MAX_FILE_TROUBLES);
    if (heardSec < wholeSec) rememberOf(this.#shortages, fileId, { heardSec, wholeSec }, MAX_FILE_TROUBLES);
    else this.#shortages.delete(fileId);
  }

  /** What is known of files against this device, the longest known first. */
  get troubles(): ReadonlyMap<FileId, FileTrouble> {
    const troubles = new Map<FileId, FileTrouble>();
    for (const [fileId, refusal] of this.#refusals) {
      troubles.set(fileId, refusal.code === "file-too-long" ? "too-long" : "undecodable");
    }
    for (const fileId of this.#shortages.keys()) troubles.set(fileId, "short");
    return troubles;
  }

  /** Call it as often as anything changes: in the order in which they sound, each once. */
  want(songs: readonly WantedSong[]): void {
    const { player } = this.#options;
    this.#wanted = songs.slice(0, MAX_OPEN);
    player.keepOnly(this.#wanted.map(({ fileId }) => fileId));
    for (const { fileId, atSec } of this.#wanted) {
      if (atSec) this.#open(fileId, atSec);
      // What sounds first is neither slowed down nor robbed of memory by what comes later.
      if (this.#underWay.has(fileId) && !player.isLoaded(fileId)) return;
    }
  }

  /** What is still being opened comes to nothing. */
  close(): void {
    this.#wanted = [];
  }

  /** Of a song that is open: by what is known of it now. */
  reopen(fileId: FileId): void {
    const atSec = this.#wanted.find((song) => song.fileId === fileId)?.atSec;
    if (atSec && this.#options.player.isLoaded(fileId)) this.#load(fileId, atSec, true);
  }

  #open(fileId: FileId, atSec: () => number): void {
    const { player } = this.#options;
    if (this.#refusals.has(fileId) || player.isLoaded(fileId)) return;
    if (player.isUnable) this.refuse(fileId, new FileError("file-not-audio", "no Web Audio"));
    if (player.sampleRate !== null) this.#load(fileId, atSec, false);
  }

  #load(fileId: FileId, atSec: () => number, isAnew: boolean): void {
    const { player, fileOf, onOpening, onReopened, onChange } = this.#options;
    const content = this.#underWay.has(fileId) ? null : fileOf(fileId);
    if (!content) return;
    this.#underWay.add(fileId);
    if (!isAnew) onOpening(fileId);
    // Another song that is still being read or decoded keeps nobody from this one: it comes to nothing.
    const isWanted = () => this.#wanted.some((song) => song.fileId === fileId);
    player
      .load(fileId, content, isWanted, atSec)
      .then(() => {
        const length = player.lengthOf(fileId);
        if (length) this.measured(fileId, length.decodedSec, length.durationSec);
        if (!isAnew || !isWanted()) return;
        onOpening(fileId);
        onReopened();
      })
      .catch((error: unknown) => this.refuse(fileId, error))
      .finally(() => {
        this.#underWay.delete(fileId);
        onChange();
      });
  }
}
