import { describe, expect, it } from "vitest";
import { Player } from "../../audio/index.ts";
import type { SoundPlatform } from "../../audio/output/sound-platform.ts";
import { EventClock } from "../../transfer/testing/event-clock.ts";
import { amplitudeOf, readVolume, saneVolume } from "./volume.ts";

describe("this device's volume", () => {
  it("is full until something sensible is remembered", () => {
    for (const stored of [null, "", " ", "loud", "NaN"]) expect(readVolume(stored)).toBe(1);
    expect(readVolume("0.25")).toBe(0.25);
    expect(readVolume("0")).toBe(0);
    expect(saneVolume(7)).toBe(1);
    expect(saneVolume(-1)).toBe(0);
  });

  it("means an amplitude that ears hear as the slider's share", () => {
    expect([0, 0.5, 1].map(amplitudeOf)).toEqual([0, 0.25, 1]);
  });

  it("[TR8] ramps the one gain behind the queue, also when it was set before the sound was unlocked", () => {
    const ramps: number[] = [];
    const connected: unknown[] = [];
    const gain = {
      gain: { value: 1, setTargetAtTime: (value: number) => ramps.push(value) },
      connect: (to: unknown) => connected.push(to),
    };
    const context = {
      sampleRate: 48_000,
      currentTime: 3,
      state: "running",
      destination: {},
      createGain: () => gain,
      createConstantSource: () => ({
        offset: { value: 1 },
        connect: () => undefined,
        start: () => undefined,
      }),
      resume: async () => undefined,
      close: async () => undefined,
    };
    const platform = {
      makeContext: () => context,
      makeOutputReader: () => ({ samplePeriodMs: 1_000, read: () => [] }),
      makeWorker: () => ({ terminate: () => undefined, postMessage: () => undefined }),
      soundBudgetBytes: () => 1e9,
    } as unknown as SoundPlatform;
    const nothing = () => undefined;
    const player = new Player(new EventClock(0), nothing, nothing, platform);
    player.setVolume(0.25);
    player.unlock();
    expect(gain.gain.value).toBe(0.25);
    expect(connected).toEqual([context.destination]);
    player.setVolume(0.5);
    expect(ramps).toEqual([0.5]);
  });
});
