import { describe, expect, it } from "vitest";
import { SoundTooLong } from "../lib/index.ts";
import { type DecodingContext, wholeFileDecoder } from "./decode.ts";

const RATE = 1_000;
const MEGABYTE = 1_000_000;

/** Decodes anything to this much stereo, whatever the bytes are. */
function contextOf(durationSec: number) {
  const context = {
    sampleRate: RATE,
    decoded: 0,
    decodeAudioData: () => {
      context.decoded += 1;
      const length = durationSec * RATE;
      const sound = { length, numberOfChannels: 2, duration: durationSec, copyFromChannel: () => undefined };
      return Promise.resolve(sound as unknown as AudioBuffer);
    },
  };
  return context satisfies DecodingContext;
}

/** A WAV of eight-bit mono at 10 bytes a second that claims to last this long. */
function wav(claimedSec: number): ArrayBuffer {
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
  view.setUint16(22, 1, true);
  view.setUint32(28, 10, true);
  view.setUint32(40, 10 * claimedSec, true);
  return bytes.buffer;
}

describe("the whole-file decoder", () => {
  it("[P18] refuses a file by what its container says, without decoding it", async () => {
    const context = contextOf(1);
    const refusal = await wholeFileDecoder(context, MEGABYTE)(wav(3_600)).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SoundTooLong);
    expect(refusal).toMatchObject({ code: "file-too-long", durationSec: 3_600 });
    expect(Math.round((refusal as SoundTooLong).roomSec)).toBe(125);
    expect(context.decoded).toBe(0);
  });

  it("[P19] refuses after decoding what its container kept quiet about or lied of", async () => {
    for (const bytes of [wav(1), new ArrayBuffer(500)]) {
      const context = contextOf(3_600);
      const refusal = await wholeFileDecoder(context, MEGABYTE)(bytes).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: "file-too-long", durationSec: 3_600 });
      expect(context.decoded).toBe(1);
    }
  });

  it("hands out what fits", async () => {
    const sound = await wholeFileDecoder(contextOf(30), MEGABYTE)(wav(30));
    expect(sound.durationSec).toBe(30);
    expect(sound.channels.map((channel) => channel.length)).toEqual([30 * RATE, 30 * RATE]);
  });
});
