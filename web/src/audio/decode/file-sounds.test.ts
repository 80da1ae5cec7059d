import { describe, expect, it, vi } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { INDEX_VERSION } from "../../protocol/constants/transfer.gen.ts";
import { EventClock } from "../../transfer/testing/event-clock.ts";
import { encodeIndex } from "../index/sound-index/index-codec.ts";
import { makeSoundIndex } from "../index/sound-index/make-index.ts";
import type { CodedRun } from "../index/sound-index/sound-index.ts";
import { RateConverter } from "../render/rate-converter.ts";
import { RenderChannel } from "../render/render-channel.ts";
import type { Role } from "../role.ts";
import { fileOf } from "../testing/byte-source.ts";
import { renderWorker } from "../testing/render-worker.ts";
import { FileSounds } from "./file-sounds.ts";
import type { ArrivingFile, ByteRange, Sound, SoundFile } from "./sound.ts";

const FILE_RATE = 44_100;
const SONG_SEC = 61.3;

/** Noise in stereo as a WAV of 16 bits, and its samples. */
function noiseFile(seconds: number, rate = FILE_RATE) {
  const random = new SeededRandom(5);
  const frames = Math.round(seconds * rate);
  const samples = new Int16Array(2 * frames);
  for (let at = 0; at < samples.length; at++) samples[at] = Math.round(9_000 * random.normal()) % 30_000;
  const bytes = new Uint8Array(44 + samples.byteLength);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("RIFF....WAVEfmt "));
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(16, 16, true);
  [1, 2].forEach((value, at) => {
    view.setUint16(20 + 2 * at, value, true);
  });
  view.setUint32(24, rate, true);
  view.setUint32(28, 4 * rate, true);
  view.setUint16(32, 4, true);
  view.setUint16(34, 16, true);
  bytes.set(new TextEncoder().encode("data"), 36);
  view.setUint32(40, samples.byteLength, true);
  bytes.set(new Uint8Array(samples.buffer), 44);
  const channels = [0, 1].map((side) =>
    Float32Array.from({ length: frames }, (_, frame) => (samples[2 * frame + side] as number) / 32_768),
  );
  return { file: fileOf(bytes), channels };
}

/** The longest stretch of a file that was read at once, in bytes. */
function watched(file: SoundFile) {
  const watch = { file, longestBytes: 0 };
  watch.file = {
    ...file,
    read: (from, to) => {
      watch.longestBytes = Math.max(watch.longestBytes, to - from);
      return file.read(from, to);
    },
    readWhole: () => Promise.reject(new Error("read whole")),
  };
  return watch;
}

function bench(sampleRate = 48_000, budgetBytes = Infinity) {
  const clock = new EventClock(0);
  const channel = new RenderChannel(renderWorker());
  let changes = 0;
  const wanted: { role: Role } = { role: "all" };
  const counts = { indexed: 0 };
  const sounds = new FileSounds(
    {
      context: { sampleRate, decodeAudioData: () => Promise.reject(new Error("decoded whole")) },
      channel,
      clock,
      platform: { engine: () => "chromium", soundBudgetBytes: () => budgetBytes },
      onChange: () => {
        changes += 1;
      },
      role: () => wanted.role,
    },
    {
      indexOf: (file) => {
        counts.indexed += 1;
        return makeSoundIndex(file);
      },
      decode: () => Promise.reject(new Error("no engine here")),
      loadWholeDecoder: () => import("./decode.ts"),
      turn: () => 0,
    },
  );
  /** What the render Worker hands out of a source. */
  const render = async (sourceId: string, position: number, frames: number, role: Role = "all") => {
    const answered = new Promise<readonly Float32Array[]>((resolve) => {
      channel.onRendered = ({ channels }) => resolve(channels);
    });
    const run = { position, ratio: 1, ratioStep: 0 };
    const segment = { startFrame: 0, frames, ...run, fadeFrom: null, isLast: false };
    const place = { originFrame: 0, startFrame: 0, fadeInFrames: 0, fadeOutFrames: 0, endFrame: Infinity };
    const lanes = [{ sourceId, role, sampleRate, ...place, stretch: null }];
    channel.post({ type: "render", id: channel.newId(), segment, lanes, lanesBefore: [] });
    return answered;
  };
  return { sounds, clock, render, counts, wanted, changes: () => changes };
}

async function opened(sounds: FileSounds, file: SoundFile, atSec: number): Promise<Sound> {
  const sound = await sounds.open(
    file,
    () => atSec,
    () => true,
  );
  if (!sound) throw new Error("it is wanted, and can be played");
  return sound;
}

/** Until the window has what it wants. */
const settled = async (): Promise<void> => {
  for (let step = 0; step < 40; step++) {
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve)); // streams deflate aside
  }
};

describe("a song in a window", () => {
  it.each([48_000, 44_100])(
    "[P74] sounds bit for bit like the song converted whole, at %i Hz",
    async (rate) => {
      const { file, channels } = noiseFile(SONG_SEC);
      const { sounds, render } = bench(rate);
      const sound = await opened(sounds, file, 0);
      const converter = new RateConverter(FILE_RATE, rate);
      const frames = converter.outputFrameAt(channels[0]?.length ?? 0);
      const whole = channels.map((channel) => converter.convert(channel, 0, 0, frames));
      expect(sound.durationSec).toBeCloseTo(SONG_SEC, 4);
      for (const sec of [0, 4.5, 17.77, 33, 48, 60]) {
        const frame = Math.round(sec * rate);
        sound.aim(frame, false);
        await settled();
        const length = Math.min(rate, frames - frame);
        expect(sound.covers(frame, frame + length)).toBe(true);
        const rendered = await render(sound.sourceId, frame, length);
        expect(rendered).toEqual(whole.map((channel) => channel.slice(frame, frame + length)));
      }
    },
  );

  it("[P74] holds what is around the place that plays, reads no more, and lets go of the rest", async () => {
    const { file } = noiseFile(200);
    const watch = watched(file);
    const { sounds } = bench();
    const sound = await opened(sounds, watch.file, 100);
    expect(sound.covers(100 * 48_000, 104 * 48_000)).toBe(true);
    sound.aim(100 * 48_000, false);
    await settled();
    expect(sound.covers(96 * 48_000, 119 * 48_000)).toBe(true);
    expect(sound.covers(0, 48_000)).toBe(false);
    sound.aim(10 * 48_000, false);
    expect(sound.covers(100 * 48_000, 104 * 48_000)).toBe(false);
    await settled();
    expect(sound.covers(5 * 48_000, 29 * 48_000)).toBe(true);
    // A second of lead-in and five of sound, or a step of the index; never the file.
    expect(watch.longestBytes).toBeLessThan(1.2e6);
  });

  it("[P81] has both ends of a loop decoded, however far apart, and lets go of the one it leaves", async () => {
    const { file } = noiseFile(200);
    const { sounds } = bench();
    const sound = await opened(sounds, file, 150);
    const lap = { fromFrame: 10 * 48_000, toFrame: 18 * 48_000 };
    sound.aim(150 * 48_000, false, [lap]);
    await settled();
    expect(sound.covers(149 * 48_000, 169 * 48_000)).toBe(true);
    expect(sound.covers(lap.fromFrame, lap.toFrame)).toBe(true);
    sound.aim(10 * 48_000, false, []);
    await settled();
    expect(sound.covers(lap.fromFrame, lap.toFrame)).toBe(true);
    expect(sound.covers(150 * 48_000, 151 * 48_000)).toBe(false);
  });

  it("[P78] rings beyond both of its ends as its converter does, and no further", async () => {
    const { file, channels } = noiseFile(7);
    const { sounds, render } = bench();
    const sound = await opened(sounds, file, 0);
    const converter = new RateConverter(FILE_RATE, 48_000);
    const end = converter.outputFrameAt(channels[0]?.length ?? 0);
    for (const from of [-200, end - 200]) {
      const rendered = await render(sound.sourceId, from, 400);
      expect(rendered).toEqual(channels.map((channel) => converter.convert(channel, 0, from, from + 400)));
    }
  });

  it("[P20] is decoded a minute ahead while the page is hidden", async () => {
    const { sounds } = bench();
    const sound = await opened(sounds, noiseFile(200).file, 0);
    sound.aim(0, true);
    await settled();
    expect(sound.covers(0, 62 * 48_000)).toBe(true);
  });

  it("shows how loud it is along its way, without having been decoded whole at once", async () => {
    const { sounds, changes } = bench();
    const sound = await opened(sounds, noiseFile(SONG_SEC).file, 0);
    const pass = async (ticks: number) => {
      for (let tick = 0; tick < ticks; tick++) {
        sound.aim(0, false);
        for (let turn = 0; turn < 200; turn++) await Promise.resolve();
      }
    };
    expect(sound.loudness?.[0]).toBeGreaterThan(0.8); // of what is decoded, at once
    expect(sound.loudness?.at(-1)).toBe(0);
    await pass(20);
    expect(sound.loudness?.every((bar) => bar > 0.8)).toBe(true); // a coarse one of all
    await pass(90);
    expect(sound.loudness).toHaveLength(96);
    expect(sound.loudness?.every((bar) => bar > 0.8)).toBe(true);
    expect(sound.levelAt(30)).toBeGreaterThan(0.8);
    expect(changes()).toBeGreaterThan(5);
  });

  it("[P16] has its anchor made and found from a few slices", async () => {
    const { file } = noiseFile(150);
    const { sounds } = bench();
    const { anchor, durationSec } = await sounds.anchorOf(watched(file).file, () => undefined);
    expect(durationSec).toBeCloseTo(150, 4);
    expect(anchor?.places).toHaveLength(3);
    const sound = await opened(sounds, watched(file).file, 0);
    sound.aim(0, false);
    const match = anchor && (await sound.match(anchor));
    expect(match).toMatchObject({ isSteady: true });
    expect(Math.abs(match?.offsetSec ?? 1)).toBeLessThan(1e-6);
  });

  it("[P75] is silent where its file cannot be read, and goes on behind that", async () => {
    const { file } = noiseFile(SONG_SEC);
    const damaged: SoundFile = {
      ...file,
      read: (from, to) =>
        from > 5e6 && from < 5.4e6 && to - from < 1e6 + 1e5 && to - from > 9e5 && to < 7e6
          ? Promise.reject(new Error("a bad block"))
          : file.read(from, to),
    };
    const { sounds } = bench();
    const sound = await opened(sounds, damaged, 0);
    sound.aim(30 * 48_000, false);
    await settled();
    expect(sound.covers(26 * 48_000, 29 * 48_000)).toBe(true);
    expect(sound.covers(40 * 48_000, 45 * 48_000)).toBe(true);
  });

  it("[P77] sounds while its file arrives, from where it is to sound, and asks for what is due", async () => {
    const { file } = noiseFile(SONG_SEC);
    const index = await makeSoundIndex(file);
    const folded = index && (await encodeIndex(index));
    let heldBytes = 0;
    let isInTime = false;
    let wanted: readonly ByteRange[] = [];
    const arriving: ArrivingFile = {
      holds: ({ toByte }) => toByte <= heldBytes,
      want: (ranges) => {
        wanted = ranges;
      },
      arrivesWithin: () => isInTime,
      giveUp: () => undefined,
    };
    const { sounds, clock } = bench();
    let sound: Sound | null = null;
    const opening = sounds
      .open(
        { ...file, index: folded, arriving },
        () => 0,
        () => true,
      )
      .then((opened) => {
        sound = opened;
      });
    const pass = async () => {
      clock.advance(400);
      await settled();
    };
    // Its index unfolds aside, which a busy machine may take longer for than the second that a poll waits by itself.
    await expect.poll(() => pass().then(() => wanted[0]?.fromByte), { timeout: 50_000 }).toBe(44);
    heldBytes = 12 * 4 * FILE_RATE;
    await pass();
    expect(sound).toBeNull(); // it would break off
    isInTime = true;
    await pass();
    await opening;
    const song = sound as unknown as Sound;
    expect(song.covers(0, 9 * 48_000)).toBe(true);
    expect(song.covers(11 * 48_000, 16 * 48_000)).toBe(false);
    song.aim(40 * 48_000, false);
    expect(wanted[0]?.fromByte).toBeGreaterThan(30 * 4 * FILE_RATE);
    heldBytes = file.sizeBytes;
    song.aim(40 * 48_000, false);
    await settled();
    expect(wanted).toEqual([]);
    expect(song.covers(40 * 48_000, 60 * 48_000)).toBe(true);
  });

  it("[P77] is let go of while it arrives, when another song is wanted", async () => {
    const { file } = noiseFile(20);
    const index = await makeSoundIndex(file);
    const folded = (index && (await encodeIndex(index))) as Uint8Array<ArrayBuffer>;
    let isWanted = true;
    const { sounds, clock } = bench();
    const arriving: ArrivingFile = {
      holds: () => false,
      want: () => undefined,
      arrivesWithin: () => false,
      giveUp: () => undefined,
    };
    const opening = sounds.open(
      { ...file, index: folded, arriving },
      () => 0,
      () => isWanted,
    );
    await settled();
    isWanted = false;
    const passing = setInterval(() => clock.advance(400), 1);
    expect(await opening).toBeNull();
    clearInterval(passing);
  });

  describe("[P84] that is here whole, and came with an index", () => {
    const published = async (file: SoundFile, change: (run: CodedRun) => Partial<CodedRun> = () => ({})) => {
      const index = await makeSoundIndex(file);
      const folded =
        index && (await encodeIndex({ runs: index.runs.map((run) => ({ ...run, ...change(run) })) }));
      if (!folded) throw new Error("no index");
      return folded;
    };
    /** Time passes, and all that can be done in it is. */
    const pass = async (clock: EventClock, sec: number) => {
      for (let at = 0; at < 5 * sec; at++) {
        clock.advance(200);
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
      }
    };

    it("sounds by that index at once, which is checked later, beside it, and once", async () => {
      const { file } = noiseFile(200);
      const watch = watched(file);
      const { sounds, clock, counts } = bench();
      const onFalseIndex = vi.fn();
      const index = await published(file);
      const held = { ...watch.file, index, onFalseIndex };
      const sound = await opened(sounds, held, 100);
      expect(sound.covers(100 * 48_000, 104 * 48_000)).toBe(true);
      await pass(clock, 9);
      expect(counts.indexed).toBe(0);
      await pass(clock, 6);
      expect([counts.indexed, onFalseIndex.mock.calls.length]).toEqual([1, 0]);
      expect(watch.longestBytes).toBeLessThan(1.2e6);
      sound.close();
      await opened(sounds, held, 0);
      await pass(clock, 15);
      expect(counts.indexed).toBe(1);
    });

    it("is opened anew where the index is of another sound, and then sounds as the file does", async () => {
      const { file, channels } = noiseFile(SONG_SEC);
      const { sounds, clock, render, counts } = bench(FILE_RATE);
      // Half of the song, played from its tenth second on: every slice fits the next.
      const index = await published(file, (run) => ({
        primingFrames: 10 * FILE_RATE,
        lengthFrames: Math.floor(run.codedFrames / 2),
      }));
      const onFalseIndex = vi.fn();
      const held = { ...file, index, onFalseIndex };
      const lying = await opened(sounds, held, 0);
      expect(lying.durationSec).toBeCloseTo(SONG_SEC / 2, 3);
      await pass(clock, 15);
      expect([counts.indexed, onFalseIndex.mock.calls.length]).toEqual([1, 1]);
      const sound = await opened(sounds, held, 0);
      expect([sound.durationSec, counts.indexed]).toEqual([SONG_SEC, 1]);
      const rendered = await render(sound.sourceId, 0, 4_096);
      expect(rendered).toEqual(channels.map((channel) => channel.slice(0, 4_096)));
    });

    it("sounds by an index of its own at once where the slices of the other do not fit", async () => {
      const { file } = noiseFile(SONG_SEC);
      const { sounds, counts } = bench();
      const index = await published(file, (run) => ({
        pointFrames: run.pointFrames.map((frame, at) => (at === 0 ? 0 : frame + 5_000 * (at % 3))),
        codedFrames: run.codedFrames + 20_000,
      }));
      const sound = await opened(sounds, { ...file, index }, 20);
      expect([sound.durationSec, counts.indexed]).toEqual([SONG_SEC, 1]);
    });

    it("is opened by its own index where the other makes no sense", async () => {
      const { file } = noiseFile(20);
      const { sounds, counts } = bench();
      const sound = await opened(sounds, { ...file, index: Uint8Array.of(INDEX_VERSION, 1, 2, 3) }, 0);
      expect([sound.durationSec, counts.indexed]).toEqual([20, 1]);
    });

    it("is not read again by who added it", async () => {
      const { file } = noiseFile(20);
      const { sounds, clock, counts } = bench();
      await sounds.anchorOf(file, () => undefined);
      await opened(sounds, { ...file, index: await published(file) }, 0);
      await pass(clock, 15);
      expect(counts.indexed).toBe(1);
    });

    it("is checked as soon as all of it is here where it began to sound before", async () => {
      const { file } = noiseFile(SONG_SEC);
      const { sounds, clock, counts } = bench();
      let heldBytes = 30 * 4 * FILE_RATE;
      const arriving: ArrivingFile = {
        holds: ({ toByte }) => toByte <= heldBytes,
        want: () => undefined,
        arrivesWithin: () => true,
        giveUp: () => undefined,
      };
      await opened(sounds, { ...file, index: await published(file), arriving }, 0);
      await pass(clock, 15);
      expect(counts.indexed).toBe(0);
      heldBytes = file.sizeBytes;
      await pass(clock, 2);
      expect(counts.indexed).toBe(1);
    });

    it("is not read on when another song is played meanwhile", async () => {
      const { file } = noiseFile(SONG_SEC);
      const { sounds, clock, counts } = bench();
      const onFalseIndex = vi.fn();
      const index = await published(file, () => ({ lengthFrames: 10 * FILE_RATE }));
      const held = { ...file, index, onFalseIndex };
      const sound = await opened(sounds, held, 0);
      await pass(clock, 5);
      sound.close();
      await pass(clock, 15);
      expect([counts.indexed, onFalseIndex.mock.calls.length]).toEqual([0, 0]);
    });
  });

  it("is decoded whole where it has no index", async () => {
    const { sounds } = bench();
    await expect(
      sounds.open(
        fileOf(new Uint8Array(1_000)),
        () => 0,
        () => true,
      ),
    ).rejects.toMatchObject({
      code: "file-undecodable",
    });
  });

  it("[S49] is not read to be decoded whole where its bytes alone are more than this device has memory for", async () => {
    const { sounds } = bench(48_000, 999);
    const { file } = watched(fileOf(new Uint8Array(1_000)));
    await expect(
      sounds.open(
        file,
        () => 0,
        () => true,
      ),
    ).rejects.toMatchObject({ code: "file-too-long" });
  });

  it("[P41] whose file never answers is given up", async () => {
    const { sounds, clock } = bench();
    const stuck = fileOf(new Uint8Array(1_000));
    let isRead = (): void => undefined;
    const read = new Promise<void>((resolve) => {
      isRead = resolve;
    });
    const readWhole = () => {
      isRead();
      return new Promise<ArrayBuffer>(() => undefined);
    };
    const opening = sounds.open(
      { ...stuck, readWhole },
      () => 0,
      () => true,
    );
    const failed = expect(opening).rejects.toBeInstanceOf(Error);
    await read; // what decodes whole files is loaded first, in its own time
    for (let second = 0; second < 70; second++) {
      clock.advance(1_000);
      await settled();
    }
    await failed;
  });
});
