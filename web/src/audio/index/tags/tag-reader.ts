// The page's side of tags.worker.ts: one song at a time, each with a limit. The Worker, and its script, are there from the first
// song on. A song whose tags break the Worker, or take it too long, is shown without them; the next gets a new Worker.

import { type Clock, realClock } from "../../../lib/index.ts";
import type { ByteSource } from "../sound-index/file-reader.ts";
import type { SongTags } from "./song-tags.ts";
import { packTags, type TagAnswer, type TagParcel } from "./tag-parcel.ts";

/** Half a second for the largest cover on a slow phone, and as much again twenty times over. */
export const TAG_LIMIT_MS = 10_000;

const makeTagWorker = (): Worker =>
  new Worker(new URL("./tags.worker.ts", import.meta.url), { type: "module" });

export class TagReader {
  readonly #makeWorker: () => Worker;
  readonly #clock: Clock;
  #worker: Worker | null = null;
  /** Settles the song that is being read. */
  #giveUp: () => void = () => undefined;
  #lastTurn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(makeWorker = makeTagWorker, clock = realClock) {
    this.#makeWorker = makeWorker;
    this.#clock = clock;
  }

  /** Null where the file says nothing, or nothing that could be read. */
  read(file: ByteSource): Promise<SongTags | null> {
    const turn = this.#lastTurn.then(async () => {
      if (this.#isClosed) return null;
      try {
        return await this.#ask(await packTags(file));
      } catch (error) {
        console.warn(`no tags: ${String(error)}`); // the file has gone, or a store does not answer
        return null;
      }
    });
    this.#lastTurn = turn;
    return turn;
  }

  /** Idempotent. What is being read, and what waits, comes out as null. */
  close(): void {
    this.#isClosed = true;
    this.#giveUp();
  }

  #ask(parcel: TagParcel): Promise<SongTags | null> {
    const worker = this.#open();
    if (!worker) return Promise.resolve(null);
    return new Promise((resolve) => {
      const settle = (tags: SongTags | null): void => {
        cancel();
        this.#giveUp = () => this.#drop();
        resolve(tags);
      };
      const fail = (): void => {
        this.#drop();
        settle(null);
      };
      const cancel = this.#clock.after(TAG_LIMIT_MS, fail);
      this.#giveUp = fail;
      worker.onmessage = ({ data }: MessageEvent<TagAnswer>) => settle(data.tags);
      worker.onerror = fail;
      worker.postMessage(parcel, [parcel.head.buffer, parcel.tail.buffer]);
    });
  }

  /** Null where there can be none: closed, or a browser without module Workers. */
  #open(): Worker | null {
    if (this.#isClosed) return null;
    try {
      this.#worker ??= this.#makeWorker();
    } catch (error) {
      console.warn(`no tags are read: ${String(error)}`);
    }
    return this.#worker;
  }

  #drop(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }
}
