// When a device decodes what: the real player on a simulated card, in virtual time, over a sound that notes how it is asked.

import { expect, it } from "vitest";
import type { DecodePace } from "../audio/decode/decode-pace.ts";
import type { Sound, SoundFile } from "../audio/decode/sound.ts";
import { cardPlayer } from "./testing/card-player.ts";

it("[P93] decodes only what is urgent from two seconds before a start to one after it, then gently, then freely", async () => {
  const told: { readonly atMs: number; readonly pace: DecodePace | undefined }[] = [];
  const sound: Sound = {
    sourceId: "source",
    durationSec: 300,
    decodedSec: 300,
    loudness: null,
    aim: (_frame, _isHidden, _laps, pace) => void told.push({ atMs: clock.nowMs(), pace }),
    covers: () => true,
    levelAt: () => 0,
    match: async () => null,
    close: () => undefined,
  };
  const { world, clock, player } = cardPlayer({
    open: async () => sound,
    anchorOf: () => Promise.reject(new Error("no file")),
  });
  const paces = (fromMs: number, toMs: number) => [
    ...new Set(told.filter(({ atMs }) => atMs > fromMs && atMs < toMs).map(({ pace }) => pace)),
  ];
  player.unload();
  await player.load("song", {} as SoundFile);
  const whole = {
    fileId: "song",
    startSec: 0,
    fromSec: 0,
    toSec: 300,
    fadeInSec: 0,
    fadeOutSec: 0,
    tempo: 100,
  };
  player.setLanes([whole]);
  const openedMs = clock.nowMs();
  world.advance(2_000);
  const announcedMs = clock.nowMs();
  const startMs = announcedMs + 700;
  player.play((localMs) => (localMs - startMs) / 1_000);
  world.advance(8_000);
  expect(paces(openedMs, announcedMs)).toEqual(["gentle"]);
  expect(paces(announcedMs, startMs + 900)).toEqual(["urgent"]);
  expect(paces(startMs + 1_100, startMs + 4_900)).toEqual(["gentle"]);
  expect(paces(startMs + 5_100, startMs + 7_000)).toEqual(["free"]);
  player.setHidden(true);
  const hiddenMs = clock.nowMs();
  player.stop();
  world.advance(1_000);
  expect(paces(hiddenMs, hiddenMs + 1_000)).toEqual(["free"]);
  await player.close();
});

it("[P97] no longer starts once it is closed", async () => {
  const { world, clock, player } = cardPlayer();
  const startMs = clock.nowMs() + 700;
  player.play((localMs) => (localMs - startMs) / 1_000);
  world.advance(1_000);
  expect(player.isStarting).toBe(true);
  await player.close();
  expect(player.isStarting).toBe(false);
});
