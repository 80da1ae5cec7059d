import { describe, expect, it } from "vitest";
import { SoundTooLong, Undecodable } from "../../lib/index.ts";
import { VirtualClock } from "../../lib/testing/index.ts";
import { type DecodingContext, type DecodingPlatform, wholeFileDecoder } from "./decode.ts";

const RATE = 1_000;
const MEGABYTE = 1_000_000;

interface Decoded {
  readonly durationSec: number;
  /** Of each channel, a value for all of its samples. */
  readonly values?: readonly number[];
}

function bufferOf({ durationSec, values = [0.5, 0.5] }: Decoded): AudioBuffer {
  const length = durationSec * RATE;
  const buffer = {
    length,
    numberOfChannels: values.length,
    duration: durationSec,
    copyFromChannel: (channel: Float32Array, index: number) => channel.fill(values[index] ?? 0),
    getChannelData: (index: number) => new Float32Array(length).fill(values[index] ?? 0),
  };
  return buffer as unknown as AudioBuffer;
}

/** Decodes anything to this, whatever the bytes are; a promise stands for itself. */
function contextOf(decoded: Decoded | Promise<AudioBuffer>) {
  const context = {
    sampleRate: RATE,
    decoded: 0,
    given: new ArrayBuffer(0),
    decodeAudioData: (bytes: ArrayBuffer) => {
      context.decoded += 1;
      context.given = bytes;
      return decoded instanceof Promise ? decoded : Promise.resolve(bufferOf(decoded));
    },
  };
  return context satisfies DecodingContext;
}

const decoder = (context: DecodingContext, platform: Partial<DecodingPlatform> = {}) =>
  wholeFileDecoder({ context, budgetBytes: 1e9, clock: new VirtualClock(), engine: "chromium", ...platform });

const failureOf = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

/** A WAV of eight bits at 10 bytes a second that claims to last this long. */
function wav(claimedSec: number, channels = 1): ArrayBuffer {
  const bytes = new Uint8Array(44 + 10 * claimedSec);
  const view = new DataView(bytes.buffer);
  for (const [at, name] of [
    [0, "RIFF"],
    [8, "WAVEfmt "],
    [36, "data"],
  ] as const) {
    for (let index = 0; index < name.length; index++) bytes[at + index] = name.charCodeAt(index);
  }
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, 10, true);
  view.setUint32(28, 10, true);
  view.setUint16(32, channels, true);
  view.setUint16(34, 8, true);
  view.setUint32(40, 10 * claimedSec, true);
  return bytes.buffer;
}

/** Ogg with a first packet of Vorbis, and no more. */
function vorbis(): ArrayBuffer {
  const text = `OggS${"\0".repeat(22)}\x01\x1e\x01vorbis${"\0".repeat(30)}`;
  return Uint8Array.from(text, (char) => char.charCodeAt(0)).buffer;
}

/** FLAC's first block alone: its rate 1000 Hz. */
function flac(channels: number, frames: number): ArrayBuffer {
  const bytes = new Uint8Array(42);
  bytes.set([...("fLaC" as string)].map((char) => char.charCodeAt(0)));
  bytes.set([0x80, 0, 0, 34], 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(18, 1_000 * 4096 + (channels - 1) * 512 + 15 * 16);
  view.setUint32(22, frames);
  return bytes.buffer;
}

describe("the whole-file decoder", () => {
  it("[P18] refuses a file by what its container says, without decoding it", async () => {
    const context = contextOf({ durationSec: 1 });
    const refusal = await failureOf(decoder(context, { budgetBytes: MEGABYTE })(wav(3_600)));
    expect(refusal).toBeInstanceOf(SoundTooLong);
    expect(refusal).toMatchObject({ code: "file-too-long", durationSec: 3_600 });
    expect((refusal as SoundTooLong).roomSec).toBeLessThan(3_600);
    expect(context.decoded).toBe(0);
  });

  it("[P19] refuses after decoding what its container kept quiet about or lied of", async () => {
    for (const bytes of [wav(1), new ArrayBuffer(500)]) {
      const context = contextOf({ durationSec: 3_600 });
      const refusal = await failureOf(decoder(context, { budgetBytes: MEGABYTE })(bytes));
      expect(refusal).toMatchObject({ code: "file-too-long", durationSec: 3_600 });
      expect(context.decoded).toBe(1);
    }
  });

  it("hands out what fits", async () => {
    const sound = await decoder(contextOf({ durationSec: 30 }))(wav(30));
    expect(sound).toMatchObject({ durationSec: 30, wholeSec: 30 });
    expect(sound.channels.map((channel) => channel.length)).toEqual([30 * RATE, 30 * RATE]);
  });

  it.each([
    [10, 30, 30],
    [19, 20, 20],
    [29.5, 30, 29.5],
    [30.1, 30, 30.1],
    [195, 198, 195],
  ])("[P39] that came to %f s of %f says that the song has %f", async (durationSec, toldSec, wholeSec) => {
    const sound = await decoder(contextOf({ durationSec }))(flac(2, toldSec * RATE));
    expect(sound).toMatchObject({ durationSec, wholeSec });
  });

  it("[P37] refuses what is no sound", async () => {
    const loud = contextOf({ durationSec: 6, values: [6.9e19, -6.9e19] });
    expect(await failureOf(decoder(loud)(wav(3)))).toMatchObject({
      code: "file-undecodable",
      reason: "noise",
    });
    const none = contextOf({ durationSec: 6, values: [Number.NaN, 0.5] });
    expect(await failureOf(decoder(none)(wav(3)))).toMatchObject({ reason: "noise" });
    const empty = contextOf({ durationSec: 0 });
    expect(await failureOf(decoder(empty)(wav(3)))).toMatchObject({ reason: "refused" });
  });

  it("[P35] mixes six channels into two, in whichever order they come", async () => {
    const values = [0.1, 0.2, 0.3, 0.8, 0.4, 0.5];
    const left = 0.1 + Math.SQRT1_2 * (0.3 + 0.4);
    const sound = await decoder(contextOf({ durationSec: 1, values }))(flac(6, 1_000));
    expect(sound.channels.map((channel) => channel[7])).toEqual([
      expect.closeTo(left, 5),
      expect.closeTo(0.2 + Math.SQRT1_2 * (0.3 + 0.5), 5),
    ]);
    const inVorbisOrder = contextOf({ durationSec: 1, values: [0.1, 0.3, 0.2, 0.4, 0.5, 0.8] });
    const raw = await decoder(inVorbisOrder, { engine: "firefox-linux" })(vorbis());
    expect(raw.channels[0]?.[7]).toBeCloseTo(left, 5);
    const ordered = await decoder(contextOf({ durationSec: 1, values }))(vorbis());
    expect(ordered.channels[0]?.[7]).toBeCloseTo(left, 5);
  });

  it("[P92] has behind them the channel that the role is, in whichever order they come", async () => {
    const values = [0.1, 0.2, 0.3, 0.8, 0.4, 0.5];
    const sound = await decoder(contextOf({ durationSec: 1, values }), { role: "back-left" })(flac(6, 1_000));
    expect(sound.isolated).toBe("surround-left");
    expect(sound.channels[2]?.[7]).toBeCloseTo(0.4, 6);
    const inVorbisOrder = contextOf({ durationSec: 1, values: [0.1, 0.3, 0.2, 0.4, 0.5, 0.8] });
    const raw = await decoder(inVorbisOrder, { engine: "firefox", role: "centre" })(vorbis());
    expect(raw.channels[2]?.[7]).toBeCloseTo(0.3, 6);
    const stereo = await decoder(contextOf({ durationSec: 1 }), { role: "centre" })(wav(1, 2));
    expect([stereo.isolated, stereo.channels.length]).toEqual([null, 2]);
  });

  it("[P36] never hands WebKitGTK a number of channels that it cannot take", async () => {
    const context = contextOf({ durationSec: 1 });
    const inWebkit = decoder(context, { engine: "webkitgtk" });
    for (const channels of [3, 4, 5, 7, 8]) {
      expect(await failureOf(inWebkit(flac(channels, 1_000)))).toMatchObject({
        reason: "refused",
        format: "FLAC",
      });
    }
    expect(context.decoded).toBe(0);
    for (const channels of [1, 2, 6]) await inWebkit(flac(channels, 1_000));
    await inWebkit(wav(1, 4)); // mixed before
    expect(context.decoded).toBe(4);
  });

  it("[P38] gives up a decode that never ends, by the length of the song", async () => {
    const clock = new VirtualClock();
    const never = contextOf(new Promise<AudioBuffer>(() => undefined));
    let failure: unknown = null;
    const decoding = decoder(never, { clock })(flac(2, 400 * RATE)).catch((error: unknown) => {
      failure = error;
    });
    clock.advance(110_000);
    await Promise.resolve();
    expect(failure).toBeNull();
    clock.advance(20_000);
    await decoding;
    expect(failure).toBeInstanceOf(Undecodable);
    expect(failure).toMatchObject({ reason: "late", format: "FLAC" });
  });

  it("[P38] turns every failure into a refusal that keeps its cause", async () => {
    const full = new RangeError("Array buffer allocation failed");
    const buffer = {
      ...bufferOf({ durationSec: 1 }),
      copyFromChannel: () => {
        throw full;
      },
    };
    const failed = contextOf(Promise.resolve(buffer));
    expect(await failureOf(decoder(failed)(wav(1)))).toMatchObject({
      reason: "failed",
      format: "WAV",
      cause: full,
    });
    const unknown = new DOMException("no", "EncodingError");
    const refused = contextOf(Promise.reject(unknown));
    expect(await failureOf(decoder(refused)(wav(1)))).toMatchObject({ reason: "refused", cause: unknown });
  });
});
