// The sound index of Ogg: Vorbis, Opus and FLAC, one stream or several one behind the other (a chain), each a run of its own.
// A point is a page that begins with a fresh packet; a slice is the stream's headers, written anew, and pages as they stand.
// Frames are counted packet by packet. The granules of the pages only say where the stream begins and ends; where one leaps
// by more than a second, the file has a hole.
// A page of another stream among those of the sound would go into the slices: such a file has no index.

import type { Bytes } from "../../../lib/index.ts";
import { isAt } from "../length/reading.ts";
import { type FileReader, PointGatherer } from "./file-reader.ts";
import { MAX_DRIFT, MAX_DURATION_SEC, MAX_PREFIX_BYTES } from "./limits.ts";
import { OggHeaders } from "./ogg-headers.ts";
import {
  FULL_LACE,
  IS_CONTINUED,
  IS_FIRST,
  IS_LAST,
  MAX_PAGE_BYTES,
  type OggPage,
  packetsOn,
  pageAt,
} from "./ogg-pages.ts";
import { type OggHead, type OggStream, streamAt } from "./ogg-streams.ts";
import type { CodedRun, SoundIndex } from "./sound-index.ts";

/** Of a chain; a day of a radio station has fewer songs. */
const MAX_LINKS = 1_000;
/** What may stand behind the last page: a tag, zeros, a page that was cut off. */
const MAX_REST_BYTES = 1 << 20;

export async function oggIndex(reader: FileReader, startByte: number): Promise<SoundIndex | null> {
  const links: Link[] = [];
  for (let at = startByte; ; ) {
    if (!reader.has(at, MAX_PAGE_BYTES)) await reader.ensure(at, MAX_PAGE_BYTES);
    const page = pageAt(reader, at);
    if (!page) return links.length > 0 && (await isEnd(reader, at)) ? indexOf(links) : null;
    if (!takePage(links, page, reader.bytes)) return null;
    at = page.endByte;
  }
}

function indexOf(links: readonly Link[]): SoundIndex | null {
  const runs = links.map((link) => link.run()).filter((run) => run !== null);
  return runs.length > 0 && codedSec(links) <= MAX_DURATION_SEC ? { runs } : null;
}

const codedSec = (links: readonly Link[]): number => links.reduce((sum, link) => sum + link.codedSec, 0);

/** Whether no page begins behind `at`; one at `at` itself is cut off. */
async function isEnd(reader: FileReader, at: number): Promise<boolean> {
  if (reader.sizeBytes - at > MAX_REST_BYTES) return false;
  const rest = await reader.copy(at, reader.sizeBytes);
  for (let behind = 1; behind < rest.length; behind++) if (isAt(rest, behind, "OggS\0")) return false;
  return true;
}

/** False where the file can have no index. */
function takePage(links: Link[], page: OggPage, bytes: Bytes): boolean {
  const link = links.at(-1);
  if ((page.flags & IS_FIRST) === 0) return link?.take(page, bytes) ?? false;
  const stream = streamAt(bytes, page.contentAt);
  // The first pages of all streams that play at once stand together, before anything else of them.
  if (link?.isFresh) return !stream || link.begin(page, bytes, stream);
  if (links.length === MAX_LINKS || codedSec(links) > MAX_DURATION_SEC) return false;
  const next = new Link();
  links.push(next);
  return !stream || next.begin(page, bytes, stream);
}

/** One stream of sound and those beside it: the first page of each, the headers, the sound. */
class Link {
  /** Only first pages so far. */
  isFresh = true;
  #stream: OggStream | null = null;
  #serial = 0;
  #sequence = 0;
  #headers: OggHeaders | null = null;
  #head: OggHead | null = null;
  #points = new PointGatherer(1);
  #hasPoint = false;
  /** A packet goes on on the next page, one that counts so many frames. */
  #isOpen = false;
  #openFrames = 0;
  /** Of the packets that have ended; and of those before the last page that ended any. */
  #frames = 0;
  #lastPageFrame = 0;
  /** The granule at frame 0. */
  #originGranule: number | null = null;
  /** How much more the last granule was than the frames before it: streams that were joined are off by a little each time. */
  #granuleOffset: number | null = null;
  #codedFrames = 0;
  #endByte = 0;
  #hasEnded = false;

  get codedSec(): number {
    return this.#codedFrames / (this.#stream?.sampleRate ?? 1);
  }

  /** The first page of the sound. False where there is another already. */
  begin(page: OggPage, bytes: Bytes, stream: OggStream): boolean {
    if (this.#stream || !(stream.sampleRate > 0)) return false;
    this.#stream = stream;
    this.#serial = page.serial;
    this.#sequence = page.sequence;
    this.#points = new PointGatherer(stream.sampleRate);
    this.#headers = new OggHeaders(stream, page.serial);
    return this.#headers.take(page, bytes);
  }

  take(page: OggPage, bytes: Bytes): boolean {
    this.isFresh = false;
    const [stream, headers] = [this.#stream, this.#headers];
    if (!stream || !headers) return false; // an unknown codec, whose sound would be missing from the song
    if (page.serial !== this.#serial) return !this.#head;
    // A recording of a broadcast has its headers in front of the page that was sent just then.
    const isBehindHead = !this.#head && headers.isBefore(page, bytes);
    if (!isBehindHead && page.sequence !== this.#sequence + 1) return false;
    this.#sequence = page.sequence;
    if (isBehindHead) this.#head = headers.head();
    else if (!this.#head) return headers.take(page, bytes);
    const head = this.#head;
    if (!head || head.prefix.length > MAX_PREFIX_BYTES) return false;
    return this.#takeSound(page, bytes, head, stream.sampleRate);
  }

  /** Null where nothing of it sounds. */
  run(): CodedRun | null {
    const stream = this.#stream;
    const codedFrames = this.#codedFrames;
    if (!stream || !this.#head) return null;
    const isTrimmed = stream.kind === "ogg-vorbis" && (this.#originGranule ?? 0) < 0;
    const primingFrames = isTrimmed ? -(this.#originGranule ?? 0) : stream.preSkipFrames;
    if (codedFrames <= primingFrames) return null;
    const pointFrames = this.#points.pointFrames.filter((frame) => frame < codedFrames);
    return {
      kind: stream.kind,
      sampleRate: stream.sampleRate,
      channels: stream.channels,
      prefix: this.#head.prefix,
      pointBytes: this.#points.pointBytes.slice(0, pointFrames.length),
      pointFrames,
      endByte: this.#endByte,
      codedFrames,
      primingFrames,
      lengthFrames: codedFrames - primingFrames,
      packets: null,
      pcm: null,
    };
  }

  #takeSound(page: OggPage, bytes: Bytes, head: OggHead, sampleRate: number): boolean {
    const isContinued = (page.flags & IS_CONTINUED) !== 0;
    const hasPackets = page.lacesAt < page.contentAt;
    if (this.#hasEnded) return false;
    if (isContinued && !this.#hasPoint) {
      // A recording that began within a packet: no decoder makes sound of what is left of it.
      this.#isOpen = bytes[page.contentAt - 1] === FULL_LACE;
      return true;
    }
    if (isContinued !== this.#isOpen) return false;
    if (!isContinued && hasPackets) {
      this.#points.offer(page.startByte, this.#frames);
      this.#hasPoint = true;
    }
    const framesBefore = this.#frames;
    for (const { from, to, isWhole } of packetsOn(page, bytes)) {
      const frames = this.#isOpen ? this.#openFrames : head.count(bytes, from, to - from);
      if (frames === null) return false;
      if (isWhole) this.#frames += frames;
      else this.#openFrames = frames;
      this.#isOpen = !isWhole;
    }
    this.#endByte = page.endByte;
    this.#hasEnded = (page.flags & IS_LAST) !== 0;
    return this.#frames <= MAX_DURATION_SEC * sampleRate && this.#takeGranule(page, framesBefore, sampleRate);
  }

  /** Where the stream begins and ends by what its pages say. False where that is not what they hold. */
  #takeGranule({ granule }: OggPage, framesBefore: number, sampleRate: number): boolean {
    this.#codedFrames = this.#frames;
    if (this.#frames > framesBefore) this.#lastPageFrame = framesBefore;
    else if (!this.#hasEnded) return true;
    if (granule === null) return true;
    // A first page that states less than it holds: Vorbis' beginning is to be thrown away, or its end if that is all.
    const offset = granule - this.#frames;
    this.#originGranule ??= this.#hasEnded ? Math.max(0, offset) : offset;
    const step = offset - (this.#granuleOffset ?? this.#originGranule);
    const drift = offset - this.#originGranule;
    if (Math.abs(step) > sampleRate || Math.abs(drift) > sampleRate + this.#frames * MAX_DRIFT) return false;
    this.#granuleOffset = offset;
    if (this.#hasEnded) this.#codedFrames = this.#frames + Math.min(0, step);
    return this.#codedFrames >= this.#lastPageFrame;
  }
}
