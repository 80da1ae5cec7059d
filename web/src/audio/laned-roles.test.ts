// Roles from the file to what is rendered: a channel decoded by itself, what is low over a seam and at another tempo, and how one role
// becomes another.

import { describe, expect, it } from "vitest";
import { EventClock } from "../transfer/testing/event-clock.ts";
import { FileSounds } from "./decode/file-sounds.ts";
import { makeSoundIndex } from "./index/sound-index/make-index.ts";
import type { Lane } from "./lane-line.ts";
import { LanedSound } from "./laned-sound.ts";
import { RenderChannel } from "./render/render-channel.ts";
import type { Segment } from "./render/segment-track.ts";
import type { Role } from "./role.ts";
import { fileOf } from "./testing/byte-source.ts";
import { renderWorker } from "./testing/render-worker.ts";

const RATE = 48_000;

/** 16 bits; the mask is that of 5.1 where there are six channels. */
function wav(channels: readonly Float32Array[]): Uint8Array {
  const count = channels.length;
  const frames = channels[0]?.length ?? 0;
  const bytes = new Uint8Array(44 + 2 * count * frames);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("RIFF....WAVEfmt "));
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, count, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, 2 * count * RATE, true);
  view.setUint16(32, 2 * count, true);
  view.setUint16(34, 16, true);
  bytes.set(new TextEncoder().encode("data"), 36);
  view.setUint32(40, bytes.length - 44, true);
  for (let frame = 0; frame < frames; frame++) {
    for (let at = 0; at < count; at++) {
      view.setInt16(
        44 + 2 * (frame * count + at),
        Math.round((channels[at]?.[frame] as number) * 32_768),
        true,
      );
    }
  }
  return bytes;
}

function noise(frames: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: frames }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.round(8_000 * (state / 2 ** 31 - 1)) / 32_768;
  });
}

const lane = (fileId: string, startSec: number, tempo = 100): Lane => ({
  fileId,
  startSec,
  fromSec: 0,
  toSec: Number.POSITIVE_INFINITY,
  fadeInSec: 0,
  fadeOutSec: 0,
  tempo,
});

const settled = async (): Promise<void> => {
  for (let step = 0; step < 30; step++) {
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
};

async function bench(files: Record<string, Uint8Array>, lanes: readonly Lane[]) {
  const channel = new RenderChannel(renderWorker());
  const laned = new LanedSound(
    {
      context: { sampleRate: RATE, decodeAudioData: () => Promise.reject(new Error("decoded whole")) },
      channel,
      clock: new EventClock(0),
      platform: { engine: () => "chromium", soundBudgetBytes: () => Infinity },
      onChange: () => undefined,
      queued: () => null,
      onLanesChanged: () => undefined,
    },
    (parts) =>
      new FileSounds(parts, {
        indexOf: (file) => makeSoundIndex(file),
        decode: () => Promise.reject(new Error("no engine here")),
        loadWholeDecoder: () => import("./decode/decode.ts"),
        turn: () => 0,
      }),
  );
  for (const [fileId, bytes] of Object.entries(files)) {
    await laned.open(
      fileId,
      { ...fileOf(bytes), fileId },
      () => true,
      () => 0,
    );
  }
  laned.setLanes(lanes);
  const render = (position: number, frames: number, more: Partial<Segment> = {}) => {
    const rendered = new Promise<readonly Float32Array[]>((resolve) => {
      channel.onRendered = ({ channels }) => resolve(channels);
    });
    const run = { position, ratio: 1, ratioStep: 0, fadeFrom: null, isLast: false };
    const segment: Segment = { startFrame: 0, frames, ...run, ...more };
    channel.post({ type: "render", id: channel.newId(), segment, ...laned.under(segment) });
    return rendered;
  };
  const take = (role: Role, fromFrame: number | null = null) => {
    laned.wantRole(role);
    laned.takeRole(fromFrame);
  };
  return { laned, render, take };
}

const largestDifference = (one: Float32Array, other: Float32Array): number =>
  one.reduce((most, value, at) => Math.max(most, Math.abs(value - (other[at] as number))), 0);

describe("a file of six channels", () => {
  const six = Array.from({ length: 6 }, (_, at) => noise(9 * RATE, at + 1));

  it("[P87] [P92] is decoded anew for the channel that a role is, and sounds on as it was until then", async () => {
    const { laned, render, take } = await bench({ six: wav(six) }, [lane("six", 0)]);
    const span = [2 * RATE, 3 * RATE] as const;
    laned.aim(2, 0, false);
    await settled();
    expect(laned.covers(...span)).toBe(true);
    const [left, right] = await render(2 * RATE, 4_800);
    laned.wantRole("centre");
    expect(laned.covers(...span, "centre")).toBe(false);
    expect(laned.covers(...span)).toBe(true);
    laned.aim(2, 0, false);
    await settled();
    expect(laned.covers(...span, "centre")).toBe(true);
    laned.takeRole(null);
    expect(await render(2 * RATE, 4_800)).toEqual([six[2]?.slice(2 * RATE, 2 * RATE + 4_800)]);
    // What all play is the same beside it; and so it is in a role that needs no channel, without decoding anew.
    take("right");
    expect(laned.covers(...span)).toBe(true);
    expect(await render(2 * RATE, 4_800)).toEqual([right]);
    take("all");
    expect(await render(2 * RATE, 4_800)).toEqual([left, right]);
  });

  it("[P87] has names for its channels, and plays something near what it does not have", async () => {
    const { laned, render, take } = await bench({ six: wav(six) }, [lane("six", 0)]);
    expect(laned.soundOf("six")?.channels).toEqual([
      "front-left",
      "front-right",
      "centre",
      "lfe",
      "surround-left",
      "surround-right",
    ]);
    take("back-right");
    laned.aim(2, 0, false);
    await settled();
    expect(await render(RATE, 480)).toEqual([six[5]?.slice(RATE, RATE + 480)]);
  });
});

describe("what is low", () => {
  it("[P89] is over a seam what it would be without one", async () => {
    const [left, right] = [noise(8 * RATE, 7), noise(8 * RATE, 8)];
    const cut = 4 * RATE + 77;
    const pieces = [
      [left.slice(0, cut), right.slice(0, cut)],
      [left.slice(cut), right.slice(cut)],
    ].map(wav);
    const album = await bench({ one: pieces[0] as Uint8Array, other: pieces[1] as Uint8Array }, [
      lane("one", 0),
      lane("other", cut / RATE),
    ]);
    const whole = await bench({ whole: wav([left, right]) }, [lane("whole", 0)]);
    for (const { take, laned } of [album, whole]) {
      take("low");
      laned.aim(0, 0, false);
    }
    await settled();
    for (const from of [cut - 6_000, cut - 2_000, cut - 10, cut + 1_000]) {
      const [heard, wanted] = await Promise.all([album.render(from, 4_000), whole.render(from, 4_000)]);
      expect(heard).toHaveLength(2);
      for (const [side, samples] of heard.entries())
        expect(largestDifference(samples, wanted[side] as Float32Array)).toBeLessThan(3e-6);
    }
  });

  it("[P89] adds up with the rest at another tempo", async () => {
    const { laned, render, take } = await bench({ song: wav([noise(9 * RATE, 9), noise(9 * RATE, 10)]) }, [
      lane("song", 0, 80),
    ]);
    laned.aim(4, 0, false);
    await settled();
    const parts: (readonly Float32Array[])[] = [];
    for (const role of ["all", "low", "without-low"] as const) {
      take(role);
      parts.push(await render(4 * RATE, 4_800));
    }
    const [all, low, rest] = parts.map((channels) => channels[1] as Float32Array) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    expect(largestDifference(low, all)).toBeGreaterThan(0.01);
    expect(
      largestDifference(
        low.map((value, at) => value + (rest[at] as number)),
        all,
      ),
    ).toBeLessThan(1e-6);
  });

  it("[P88] asks for what lies beside it", async () => {
    const { laned, take } = await bench({ song: wav([noise(30 * RATE, 9)]) }, [lane("song", 0)]);
    take("low");
    laned.aim(2, 0, false);
    await settled();
    const ends = Math.round((laned.soundOf("song")?.windowSec?.[1] ?? 0) * RATE);
    expect(ends).toBeGreaterThan(10 * RATE);
    expect(laned.covers(ends - RATE, ends - 1_500)).toBe(false);
    expect(laned.covers(ends - RATE, ends - 1_500, "left")).toBe(true);
  });
});

describe("a role that changes", () => {
  it("[P90] crosses over at equal gain from what was queued before, and only there", async () => {
    const tone = Float32Array.from({ length: 8 * RATE }, (_, at) => 0.5 * Math.sin((at * 2 * Math.PI) / 960));
    const { laned, render, take } = await bench({ song: wav([tone, tone.map((value) => -value)]) }, [
      lane("song", 0),
    ]);
    laned.aim(2, 0, false);
    await settled();
    take("left", 1_000);
    const run = { position: 2 * RATE, ratio: 1, ratioStep: 0 };
    const [left] = await render(2 * RATE, 24_000, { startFrame: 1_000, fadeFrom: { run, frames: 960 } });
    // Of left nothing has changed, and of right it has become left without ever being louder.
    const wanted = tone.slice(2 * RATE, 2 * RATE + 24_000);
    expect(largestDifference(left as Float32Array, wanted)).toBeLessThan(1e-4);
    const before = await render(2 * RATE, 480, { startFrame: 500 });
    expect(before).toHaveLength(2);
  });
});
