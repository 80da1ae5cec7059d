// A campaign over what reads sound indexes: `fuzz-index.ts <indexers|codec> <inputs> [first seed]`. Small real files of every
// container (made by ffmpeg) are cut, spliced, doubled and flipped, each from a seed, and go through the indexers; their indexes, damaged
// behind the deflating, go through the codec. Prints each failing seed, and a line of JSON at the end. An input that keeps the
// Worker busy for HANG_MS ends the run and is named. src/fuzz.test.ts and index-mutations.test.ts have short forms.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { makeGrid } from "../src/audio/decode/slice-grid.ts";
import { decodeIndex, encodeIndex } from "../src/audio/index/sound-index/index-codec.ts";
import { makeSoundIndex } from "../src/audio/index/sound-index/make-index.ts";
import { rangesOfSlice } from "../src/audio/index/sound-index/slice-bytes.ts";
import {
  durationSecOf,
  faultOf,
  type SoundIndex,
  sliceCountOf,
  sliceOf,
} from "../src/audio/index/sound-index/sound-index.ts";
import { SeededRandom } from "../src/lib/testing/index.ts";
import { INDEX_VERSION } from "../src/protocol/constants/transfer.gen.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Target = "indexers" | "codec";

const HANG_MS = 30_000;
/** Of one input of some 20 kB, on a machine that is busy with other things. */
const MAX_CPU_MS = 500;
/** Every container is asked, and some look twice. */
const MAX_READS_OF_FILE = 40;
const MAX_SLICE_BYTES = 400e6;
const MAX_DURATION_SEC = 24 * 3_600;
/** Its rates make tables that take a while. */
const GRID_ONE_IN = 64;
/** Of the file that an index is said to belong to: its own, and the largest that there may be, in which much more is possible. */
const FILE_BYTES = [60_000, 2 ** 32];
/** Streams that deflate let go of their memory only when nothing else is to be done. */
const PAUSE_EVERY = 500;

const MP3 = "-c:a libmp3lame -b:a 32k";
const AAC = "-c:a aac -b:a 32k";
/** How ffmpeg makes each file, and how long it is, s. */
const FILES: readonly (readonly [suffix: string, options: string, sec: number])[] = [
  ["mp3", MP3, 3],
  ["mp3", "-c:a libmp3lame -q:a 9 -metadata title=x -id3v2_version 4", 3],
  ["mp3", `${MP3} -write_xing 0 -ar 22050`, 3],
  ["aac", AAC, 3],
  ["m4a", AAC, 3],
  ["m4a", `${AAC} -movflags +faststart -metadata title=x`, 3],
  ["m4a", `${AAC} -movflags frag_keyframe+delay_moov -frag_duration 700000`, 3],
  ["m4a", `${AAC} -movflags frag_keyframe+empty_moov+default_base_moof -frag_duration 700000`, 3],
  ["m4a", "-c:a alac", 0.2],
  ["mp4", "-c:a libopus -b:a 24k -ar 48000 -strict -2", 3],
  ["flac", "-c:a flac -ar 8000", 3],
  ["flac", "-c:a flac -sample_fmt s32 -bits_per_raw_sample 24 -ar 8000", 0.5],
  ["ogg", "-c:a libvorbis -q:a 0 -ar 22050", 3],
  ["opus", "-c:a libopus -b:a 16k", 3],
  ["oga", "-c:a flac -ar 8000", 1],
  ["webm", "-c:a libopus -b:a 16k -cluster_time_limit 1000", 3],
  ["webm", "-c:a libvorbis -q:a 0 -ar 22050", 3],
  ["mka", "-c:a flac -ar 8000", 1],
  ["wav", "-c:a pcm_s16le -ar 8000", 1],
  ["wav", "-c:a pcm_s24le -ar 8000 -ac 2", 0.4],
  ["wav", "-c:a pcm_f32le -ar 8000 -rf64 always", 0.5],
  ["wav", "-c:a pcm_alaw -ar 8000", 2],
  ["wav", "-c:a pcm_u8 -ar 8000", 2],
  ["aiff", "-c:a pcm_s16be -ar 8000", 1],
  ["au", "-c:a pcm_mulaw -ar 8000", 2],
];

function makeFiles(): Bytes[] {
  const folder = mkdtempSync(join(tmpdir(), "unisono-fuzz-"));
  try {
    return FILES.map(([suffix, options, sec], number) => {
      const path = join(folder, `${number}.${suffix}`);
      const sound = `aevalsrc=0.3*sin(900*t*(1+t))+0.1*random(0):s=44100:d=${sec}`;
      const settings = ["-v", "error", "-f", "lavfi", "-i", sound, ...options.split(" ")];
      execFileSync("ffmpeg", [...settings, path]);
      return Uint8Array.from(readFileSync(path));
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const ODD_BYTES = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff];

/** Most changes fall on the first bytes, where the heads are; lengths become zero, huge or odd. */
function mutated(seeds: readonly Bytes[], random: SeededRandom): Bytes {
  const below = (count: number): number => Math.floor(random.fraction() * count);
  const pick = (): Bytes => seeds[below(seeds.length)] as Bytes;
  let bytes: Bytes = pick().slice();
  const place = (): number =>
    below(random.fraction() < 0.5 ? Math.min(600, bytes.length) : Math.max(1, bytes.length));
  const joined = (...parts: readonly Uint8Array[]): Bytes => {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };
  for (let count = 1 + below(5); count > 0 && bytes.length > 0; count--) {
    const at = Math.min(place(), bytes.length - 1);
    const size = 1 + below(16);
    switch (below(10)) {
      case 0:
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 2:
      case 3:
        bytes[at] = ODD_BYTES[below(ODD_BYTES.length)] ?? 0;
        break;
      case 4:
        bytes.set(random.bytes(Math.min(size, bytes.length - at)), at);
        break;
      case 5:
        bytes.fill(random.fraction() < 0.5 ? 0 : 0xff, at, at + Math.min(8, size));
        break;
      case 6:
        bytes = bytes.slice(0, at);
        break;
      case 7:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + size));
        break;
      case 8:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(place()));
        break;
      default: {
        const other = pick();
        bytes = joined(bytes.subarray(0, at), other.subarray(below(Math.min(200, other.length))));
      }
    }
  }
  return bytes.slice(0, 60_000);
}

/** What is wrong with an index that was taken; null where it keeps its promises. */
function faultOfTaken(index: SoundIndex, sizeBytes: number, seed: number): string | null {
  const fault = faultOf(index, sizeBytes);
  if (fault !== null) return fault;
  if (!(durationSecOf(index) <= MAX_DURATION_SEC)) return `${durationSecOf(index)} s`;
  for (const run of index.runs) {
    for (let number = 0; number < sliceCountOf(run); number++) {
      const slice = sliceOf(run, number);
      const { parts, leadInFrame, fromFrame, toFrame } = slice;
      if (!(leadInFrame <= fromFrame && fromFrame < toFrame)) return `slice ${number} out of order`;
      let bytes = 0;
      for (const part of parts) if ("literal" in part) bytes += part.literal.length;
      for (const { fromByte, toByte } of rangesOfSlice(slice)) {
        if (!(fromByte >= 0 && fromByte <= toByte && toByte <= sizeBytes))
          return `slice ${number} beyond the file`;
        bytes += toByte - fromByte;
      }
      if (bytes > MAX_SLICE_BYTES) return `slice ${number} of ${bytes} bytes`;
    }
  }
  if (seed % GRID_ONE_IN === 0) makeGrid(index, 48_000);
  return null;
}

/** Whether an index came out. Throws for what must not be. */
async function readFile(bytes: Bytes, seed: number): Promise<boolean> {
  let readBytes = 0;
  const read = async (fromByte: number, toByte: number): Promise<Bytes> => {
    if (!(0 <= fromByte && fromByte <= toByte && toByte <= bytes.length)) throw new Error("a read beyond");
    readBytes += toByte - fromByte;
    return bytes.slice(fromByte, toByte);
  };
  const index = await makeSoundIndex({ sizeBytes: bytes.length, read });
  if (readBytes > MAX_READS_OF_FILE * bytes.length) throw new Error(`${readBytes} bytes were read`);
  const fault = index && faultOfTaken(index, bytes.length, seed);
  if (fault) throw new Error(fault);
  return index !== null;
}

async function readIndex(unfolded: Bytes, seed: number): Promise<boolean> {
  const folded = deflateRawSync(unfolded, { level: 1 });
  const bytes = new Uint8Array(1 + folded.length);
  bytes[0] = INDEX_VERSION;
  bytes.set(folded, 1);
  if (seed % 16 === 0) bytes[seed % bytes.length] = seed; // what does not unfold
  const sizeBytes = FILE_BYTES[seed % FILE_BYTES.length] as number;
  const index = await decodeIndex(bytes, sizeBytes);
  const fault = index && faultOfTaken(index, sizeBytes, seed);
  if (fault) throw new Error(fault);
  return index !== null;
}

/** Of real files, as they are before they are deflated. */
async function unfoldedIndexes(files: readonly Bytes[]): Promise<Bytes[]> {
  const unfolded: Bytes[] = [];
  for (const file of files) {
    const read = async (fromByte: number, toByte: number) => file.slice(fromByte, toByte);
    const index = await makeSoundIndex({ sizeBytes: file.length, read });
    const folded = index && (await encodeIndex(index));
    if (folded) unfolded.push(Uint8Array.from(inflateRawSync(folded.subarray(1))));
  }
  return unfolded;
}

interface Course {
  readonly target: Target;
  readonly inputs: number;
  readonly firstSeed: number;
  readonly files: readonly Bytes[];
  /** Holds the seed that is being tried. */
  readonly progress: SharedArrayBuffer;
}

/** In a Worker, so that whoever waits for it sees where it stands still. */
async function run({ target, inputs, firstSeed, files, progress }: Course): Promise<void> {
  const seeds = target === "indexers" ? files : await unfoldedIndexes(files);
  const at = new Float64Array(progress);
  const failed: number[] = [];
  let [taken, slowestMs] = [0, 0];
  for (let seed = firstSeed; seed < firstSeed + inputs; seed++) {
    at[0] = seed;
    const bytes = mutated(seeds, new SeededRandom(seed));
    const beganMs = process.threadCpuUsage().user / 1_000;
    try {
      if (await (target === "indexers" ? readFile(bytes, seed) : readIndex(bytes, seed))) taken += 1;
      const tookMs = process.threadCpuUsage().user / 1_000 - beganMs;
      slowestMs = Math.max(slowestMs, tookMs);
      if (tookMs > MAX_CPU_MS) throw new Error(`${tookMs} ms`);
    } catch (error) {
      failed.push(seed);
      console.log(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
    }
    if (seed % PAUSE_EVERY === 0) await new Promise((resolve) => setImmediate(resolve));
    if (seed % 10_000 === 0) {
      console.log(`${seed} of ${target}, ${taken} taken`);
    }
  }
  const summary = { target, files: seeds.length, inputs, firstSeed, taken, failed };
  parentPort?.postMessage({ ...summary, slowestMs: Math.round(slowestMs) });
}

async function main(): Promise<void> {
  const [target = "indexers", inputs = "10000", firstSeed = "1"] = process.argv.slice(2);
  const progress = new SharedArrayBuffer(8);
  const course: Course = {
    target: target as Target,
    inputs: Number(inputs),
    firstSeed: Number(firstSeed),
    files: makeFiles(),
    progress,
  };
  const worker = new Worker(new URL(import.meta.url), { workerData: course, execArgv: process.execArgv });
  const at = new Float64Array(progress);
  let last = -1;
  const watch = setInterval(() => {
    if (at[0] === last) {
      console.log(`seed ${last}: stands still`);
      process.exit(1);
    }
    last = at[0] ?? 0;
  }, HANG_MS);
  worker.on("message", (summary: { failed: number[] }) => {
    console.log(JSON.stringify(summary));
    clearInterval(watch);
    process.exitCode = summary.failed.length > 0 ? 1 : 0;
  });
  worker.on("error", (error) => {
    console.log(`seed ${at[0]}: ${String(error)}`);
    process.exit(1);
  });
}

if (isMainThread) await main();
else await run(workerData as Course);
