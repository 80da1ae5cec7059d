// The sound index of WebM and Matroska with Opus or Vorbis, as downloads and browsers' recorders write them. A point is a
// block or a cluster; a slice is what stands before the first cluster, without its index and tags, then the head of a cluster
// for blocks that come without their own, then the bytes as they stand in the file. Engines go by the packets, not by times.
// Times in the file are rounded to milliseconds, so frames are counted packet by packet; where one leaps by more than a
// second, the file has a hole. A block of another track (a film) would go into the slices: such a file has no index.

import { type Bytes, concatBytes, fromHex } from "../../../lib/index.ts";
import { type FileReader, PointGatherer } from "./file-reader.ts";
import { MAX_DRIFT, MAX_DURATION_SEC, MAX_PREFIX_BYTES } from "./limits.ts";
import type { CodedRun, SoundIndex } from "./sound-index.ts";
import {
  type Element,
  elementHeadAt,
  elementsIn,
  ID,
  MAX_HEAD_BYTES,
  signed,
  unsigned,
} from "./webm-elements.ts";
import { blockAt, soundTrackIn, type WebmTrack } from "./webm-track.ts";

/** Of sound: 255 packets in one block are less. */
const MAX_BLOCK_BYTES = 1 << 20;
/** A day of packets in groups of their own has fewer. */
const MAX_ELEMENTS = 20_000_000;
const MAX_HOLE_SEC = 1;
const DEFAULT_SCALE_NS = 1_000_000;
const NS_PER_SEC = 1e9;
/** Of no stated size, so that it ends with the bytes. */
const SEGMENT_HEAD = fromHex("1853806701ffffffffffffff");
/** A cluster of no stated size, from time 0: what blocks stand in that come without the head of their own. */
const CLUSTER_HEAD = fromHex("1f43b67501ffffffffffffffe78100");
/** Their content is read as if it stood in their place. */
const ENTERED: readonly number[] = [ID.SEGMENT, ID.CLUSTER, ID.BLOCK_GROUP];
const BESIDE_CLUSTERS: readonly number[] = [
  ID.CUES,
  ID.TAGS,
  ID.SEEK_HEAD,
  ID.ATTACHMENTS,
  ID.CHAPTERS,
  ID.INFO,
  ID.TRACKS,
];

/** What is read whole, and how large it may be with its head; all else is passed over. */
const READ: ReadonlyMap<number, number> = new Map<number, number>([
  [ID.EBML, MAX_PREFIX_BYTES],
  [ID.INFO, MAX_PREFIX_BYTES],
  [ID.TRACKS, MAX_PREFIX_BYTES],
  [ID.SIMPLE_BLOCK, MAX_BLOCK_BYTES],
  [ID.BLOCK, MAX_BLOCK_BYTES],
  [ID.CLUSTER_TIMESTAMP, MAX_HEAD_BYTES + 8],
  [ID.DISCARD_PADDING, MAX_HEAD_BYTES + 8],
]);

export async function webmIndex(reader: FileReader, startByte: number): Promise<SoundIndex | null> {
  const recording = new Recording();
  let at = startByte;
  for (let count = 0; at < reader.sizeBytes; count++) {
    if (!reader.has(at, MAX_HEAD_BYTES)) await reader.ensure(at, MAX_HEAD_BYTES);
    const head = elementHeadAt(reader.bytes, at - reader.base);
    if (!head) return at + MAX_HEAD_BYTES > reader.sizeBytes ? recording.index() : null;
    const { id, headBytes, sizeBytes } = head;
    if ((count === 0) !== (id === ID.EBML) || count > MAX_ELEMENTS) return null;
    const isEntered = ENTERED.includes(id);
    if (sizeBytes === null && !isEntered) return null;
    const toByte = at + headBytes + (isEntered ? 0 : (sizeBytes ?? 0));
    if (toByte > reader.sizeBytes) {
      // Cut off; unless it is damage that claims to be as long as the rest.
      return reader.sizeBytes - at <= MAX_BLOCK_BYTES || BESIDE_CLUSTERS.includes(id)
        ? recording.index()
        : null;
    }
    const limit = READ.get(id);
    if (limit !== undefined) {
      if (toByte - at > limit) return null;
      if (!reader.has(at, toByte - at)) await reader.ensure(at, toByte - at);
    }
    const start = at - reader.base + headBytes;
    const element = { id, start, end: toByte - reader.base };
    if (!recording.take(element, reader.bytes, at, toByte)) return null;
    at = toByte;
  }
  return recording.index();
}

class Recording {
  /** EBML's head, Info and Tracks. */
  readonly #heads = new Map<number, Bytes>();
  #hasSegment = false;
  #track: WebmTrack | null = null;
  #scaleNs = DEFAULT_SCALE_NS;
  #points = new PointGatherer(1);
  #endByte = 0;
  #clusterTicks: number | null = null;
  #frames = 0;
  #blockFrames = 0;
  #discardFrames = 0;
  /** How much later the last block said to be than the packets before it are long. */
  #offsetSec: number | null = null;
  #firstOffsetSec: number | null = null;

  /** False where the file can have no index. */
  take(element: Element, bytes: Bytes, fromByte: number, toByte: number): boolean {
    const isInCluster = this.#clusterTicks !== null;
    if (isInCluster && !BESIDE_CLUSTERS.includes(element.id)) this.#endByte = toByte;
    switch (element.id) {
      case ID.EBML:
      case ID.INFO:
      case ID.TRACKS:
        return (
          isInCluster ||
          this.#takeHead(element, bytes, bytes.slice(element.end - (toByte - fromByte), element.end))
        );
      case ID.SEGMENT: {
        const isFirst = !this.#hasSegment;
        this.#hasSegment = true;
        return isFirst;
      }
      case ID.CLUSTER:
        return this.#beginCluster(fromByte);
      case ID.CLUSTER_TIMESTAMP:
        this.#clusterTicks = unsigned(bytes, element);
        return isInCluster;
      case ID.BLOCK_GROUP:
        this.#points.offer(fromByte, this.#frames);
        return isInCluster;
      case ID.SIMPLE_BLOCK:
        this.#points.offer(fromByte, this.#frames);
        return isInCluster && this.#takeBlock(element, bytes);
      case ID.BLOCK:
        return isInCluster && this.#takeBlock(element, bytes);
      case ID.DISCARD_PADDING:
        this.#discardFrames = Math.round(
          (signed(bytes, element) * (this.#track?.sampleRate ?? 0)) / NS_PER_SEC,
        );
        return this.#discardFrames >= 0 && this.#discardFrames <= this.#blockFrames;
      default:
        return element.id !== ID.ENCRYPTED_BLOCK;
    }
  }

  index(): SoundIndex | null {
    const track = this.#track;
    const codedFrames = this.#frames - this.#discardFrames;
    if (!track || codedFrames <= track.primingFrames) return null;
    const pointFrames = this.#points.pointFrames.filter((frame) => frame < codedFrames);
    const parts = [ID.EBML, ID.SEGMENT, ID.INFO, ID.TRACKS].map((id) =>
      id === ID.SEGMENT ? SEGMENT_HEAD : this.#heads.get(id),
    );
    const run: CodedRun = {
      kind: "webm",
      sampleRate: track.sampleRate,
      channels: track.channels,
      prefix: concatBytes(...parts.filter((part) => part !== undefined), CLUSTER_HEAD),
      pointBytes: this.#points.pointBytes.slice(0, pointFrames.length),
      pointFrames,
      endByte: this.#endByte,
      codedFrames,
      primingFrames: track.primingFrames,
      lengthFrames: codedFrames - track.primingFrames,
      packets: null,
      pcm: null,
    };
    return run.prefix.length <= MAX_PREFIX_BYTES ? { runs: [run] } : null;
  }

  #takeHead(element: Element, bytes: Bytes, whole: Bytes): boolean {
    if (this.#heads.has(element.id)) return false;
    this.#heads.set(element.id, whole);
    if (element.id === ID.INFO) {
      const scale = elementsIn(bytes, element.start, element.end).find(({ id }) => id === ID.TIMESTAMP_SCALE);
      if (scale) this.#scaleNs = unsigned(bytes, scale);
    }
    if (element.id !== ID.TRACKS) return true;
    this.#track = soundTrackIn(bytes, element);
    this.#points = new PointGatherer(this.#track?.sampleRate ?? 1);
    return (this.#track?.sampleRate ?? 0) > 0;
  }

  #beginCluster(fromByte: number): boolean {
    if (!this.#track || !this.#hasSegment) return false;
    this.#points.offer(fromByte, this.#frames);
    this.#clusterTicks = 0;
    return true;
  }

  #takeBlock({ start, end }: Element, bytes: Bytes): boolean {
    const track = this.#track;
    if (!track) return false;
    const block = blockAt(bytes, start, end);
    if (!block || block.track !== track.number || this.#discardFrames > 0) return false;
    const sec = (((this.#clusterTicks ?? 0) + block.ticks) * this.#scaleNs) / NS_PER_SEC;
    const offsetSec = sec - this.#frames / track.sampleRate;
    this.#firstOffsetSec ??= offsetSec;
    const leapSec = Math.abs(offsetSec - (this.#offsetSec ?? offsetSec));
    const driftSec =
      Math.abs(offsetSec - this.#firstOffsetSec) - (this.#frames / track.sampleRate) * MAX_DRIFT;
    const hasHole = Math.max(leapSec, driftSec) > MAX_HOLE_SEC;
    this.#offsetSec = offsetSec;
    const framesBefore = this.#frames;
    let at = block.start;
    for (const size of block.packetSizes) {
      const frames = track.count(bytes, at, size);
      if (frames === null) return false;
      this.#frames += frames;
      at += size;
    }
    this.#blockFrames = this.#frames - framesBefore;
    return !hasHole && this.#frames <= MAX_DURATION_SEC * track.sampleRate;
  }
}
