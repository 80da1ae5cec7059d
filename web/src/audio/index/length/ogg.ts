// The length of Ogg (Vorbis, Opus, FLAC): from where the first page with sound begins to the last granule, streams that follow each
// other added up. Who records a broadcast gets the headers and then whatever is sent just then, so a stream may begin at any granule;
// the same result as the sound index has (audio/index/sound-index/ogg.ts), also where a file can have none. Pure.

import { OggHeaders } from "../sound-index/ogg-headers.ts";
import {
  FULL_LACE,
  IS_CONTINUED,
  IS_FIRST,
  IS_LAST,
  type OggPage,
  packetsOn,
} from "../sound-index/ogg-pages.ts";
import { type OggHead, type OggStream, streamAt } from "../sound-index/ogg-streams.ts";
import { isAt, type SoundLength, viewOf } from "./reading.ts";

const PAGE_HEADER_BYTES = 27;
/** A page holds at most 255 packets of 120 ms; a stream whose first page ends later than this was cut from a longer one. */
const MAX_PAGE_SEC = 60;

type SoundPage = Pick<OggPage, "lacesAt" | "contentAt" | "flags" | "granule">;

export function oggLength(bytes: Uint8Array): SoundLength | null {
  const view = viewOf(bytes);
  const streams: StreamLength[] = [];
  const open = new Map<number, StreamLength>();
  for (let at = 0; at + PAGE_HEADER_BYTES <= bytes.length && isAt(bytes, at, "OggS"); ) {
    const lacesAt = at + PAGE_HEADER_BYTES;
    const contentAt = lacesAt + view.getUint8(at + 26);
    const flags = view.getUint8(at + 5);
    const serial = view.getUint32(at + 14, true);
    const stream = flags & IS_FIRST ? streamAt(bytes, contentAt) : null;
    if (stream && stream.sampleRate > 0) {
      open.set(serial, new StreamLength(stream, serial));
      streams.push(open.get(serial) as StreamLength);
    }
    const high = view.getInt32(at + 10, true);
    const granule = high < 0 ? null : high * 2 ** 32 + view.getUint32(at + 6, true);
    open.get(serial)?.take({ lacesAt, contentAt, flags, granule }, bytes);
    at = contentAt;
    for (const size of bytes.subarray(lacesAt, contentAt)) at += size;
  }
  if (streams.length === 0) return null;
  const durationSec = streams.reduce((sum, stream) => sum + stream.durationSec, 0);
  return { durationSec, channels: Math.max(...streams.map(({ channels }) => channels)) };
}

class StreamLength {
  readonly #stream: OggStream;
  readonly #headers: OggHeaders;
  #head: OggHead | null = null;
  /** Whether a packet has begun. */
  #hasBegun = false;
  /** A packet of so many frames goes on on the next page. */
  #isOpen = false;
  #openFrames = 0;
  /** Of the packets that have ended. */
  #frames = 0;
  /** The granule at which the sound begins; null until it is known. */
  #originGranule: number | null = null;
  #lastGranule = 0;

  constructor(stream: OggStream, serial: number) {
    this.#stream = stream;
    this.#headers = new OggHeaders(stream, serial);
  }

  get channels(): number {
    return this.#stream.channels;
  }

  get durationSec(): number {
    const { kind, preSkipFrames, sampleRate } = this.#stream;
    const origin = this.#originGranule ?? 0;
    // Vorbis that begins before 0 does so to have its beginning thrown away.
    const primingFrames = kind === "ogg-vorbis" && origin < 0 ? -origin : preSkipFrames;
    return Math.max(0, this.#lastGranule - origin - primingFrames) / sampleRate;
  }

  take(page: SoundPage, bytes: Uint8Array): void {
    const { granule } = page;
    if (this.#originGranule === null && !this.#countFrames(page, bytes) && granule) {
      // Its packets say nothing, so where its first page begins is not known, only where that ends.
      this.#originGranule = granule > MAX_PAGE_SEC * this.#stream.sampleRate ? granule : 0;
    }
    if (granule) this.#lastGranule = granule;
  }

  /** Until the first page of sound that says where it ends. False where its packets cannot be counted. */
  #countFrames(page: SoundPage, bytes: Uint8Array): boolean {
    const { flags, granule, contentAt } = page;
    if (!this.#head) {
      // All pages of headers are at 0.
      if (!this.#headers.isBefore(page, bytes)) return !granule && this.#headers.take(page, bytes);
      this.#head = this.#headers.head();
    }
    const isContinued = (flags & IS_CONTINUED) !== 0;
    if (isContinued && !this.#hasBegun) {
      // A recording that began within a packet: no decoder makes sound of what is left of it.
      this.#isOpen = bytes[contentAt - 1] === FULL_LACE;
      return true;
    }
    if (!this.#head || isContinued !== this.#isOpen) return false;
    this.#hasBegun = true;
    for (const { from, to, isWhole } of packetsOn(page, bytes)) {
      const frames = this.#isOpen ? this.#openFrames : this.#head.count(bytes, from, to - from);
      if (frames === null) return false;
      if (isWhole) this.#frames += frames;
      else this.#openFrames = frames;
      this.#isOpen = !isWhole;
    }
    const hasEnded = (flags & IS_LAST) !== 0;
    if (granule === null || (this.#frames === 0 && !hasEnded)) return true;
    // Where the first page is the last, too, it is its end that is to be thrown away.
    this.#originGranule = hasEnded ? Math.max(0, granule - this.#frames) : granule - this.#frames;
    return true;
  }
}
