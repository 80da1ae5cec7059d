// What the platform does to a device's sound, and how it comes back: the real player on a simulated card, in virtual time.

import { describe, expect, it } from "vitest";
import { cardPlayer } from "./testing/card-player.ts";

type Room = ReturnType<typeof cardPlayer>;

/** Plays from two seconds ahead; returns how far the loudspeaker truly is from the timeline, ms. */
function playing({ world, clock, card, player }: Room): () => number {
  const startLocalMs = clock.nowMs() + 2_000;
  player.play((localMs) => (localMs - startLocalMs) / 1_000);
  world.advance(10_000);
  return () =>
    Math.abs((card.heardSec ?? Number.POSITIVE_INFINITY) - (clock.nowMs() - startLocalMs) / 1_000) * 1_000;
}

/** With what promises wait for in between. */
async function advance({ world }: Room, ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= 100) {
    world.advance(Math.min(100, leftMs));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a sound that the platform took", () => {
  it("[P23] is asked for, and a tap is wanted only when that has failed", async () => {
    const { world, card, player } = cardPlayer();
    card.take();
    world.advance(1_000);
    expect(player.read()).toMatchObject({ state: "interrupted", needsTap: false });
    world.advance(2_000);
    expect(player.read()).toMatchObject({ state: "interrupted", needsTap: true });
    card.give();
    expect(player.read().needsTap).toBe(false);
    await player.close();
  });

  it("[P23] comes back without a tap when the platform lets it", async () => {
    const { world, card, player } = cardPlayer();
    card.take();
    card.allow();
    world.advance(100);
    expect(player.isUnlocked).toBe(true);
    await player.close();
  });
});

describe("iOS", () => {
  it("[P23] is not asked for a sound that it interrupted: it ends that by itself", async () => {
    const room = cardPlayer();
    const errorMs = playing(room);
    room.card.interrupt();
    const { resumes } = room.card;
    await advance(room, 20_000);
    room.player.askForSound();
    room.player.unlock();
    expect(room.player.read()).toMatchObject({ state: "interrupted", needsTap: false });
    expect(room.card.resumes).toBe(resumes);
    room.card.give();
    await advance(room, 5_000);
    expect(errorMs()).toBeLessThan(1);
    expect(room.moves).toEqual(["back"]);
    await room.player.close();
  });

  it("is told in the tap that this is music, so that the silent switch does not hold it back", async () => {
    const audioSession = { type: "auto" };
    Object.defineProperty(navigator, "audioSession", { value: audioSession, configurable: true });
    const { player } = cardPlayer();
    expect(audioSession.type).toBe("playback");
    Reflect.deleteProperty(navigator, "audioSession");
    await player.close();
  });
});

describe("another output", () => {
  it("[P11] [P30] is followed within a second, and said", async () => {
    const room = cardPlayer();
    const errorMs = playing(room);
    expect(errorMs()).toBeLessThan(1);
    room.card.reroute(230);
    expect(errorMs()).toBeGreaterThan(180);
    room.world.advance(3_000);
    expect(errorMs()).toBeLessThan(1);
    expect(room.moves).toEqual(["rerouted"]);
    room.card.reroute();
    room.world.advance(3_000);
    expect(errorMs()).toBeLessThan(1);
    expect(room.moves).toEqual(["rerouted", "rerouted"]);
    await room.player.close();
  });

  it("[P30] is nothing to speak of while nothing plays, and an underrun is none", async () => {
    const room = cardPlayer();
    room.card.reroute(230);
    room.world.advance(8_000);
    const errorMs = playing(room);
    room.card.underrun(20);
    room.world.advance(3_000);
    expect(errorMs()).toBeLessThan(1);
    expect(room.moves).toEqual([]);
    await room.player.close();
  });
});

describe("a context that says that it runs and stands still", () => {
  it("[P31] is kicked, and plays on where the song is by then", async () => {
    const room = cardPlayer();
    const errorMs = playing(room);
    room.card.jam(1);
    await advance(room, 8_000);
    expect(room.player.read()).toMatchObject({ state: "playing", needsTap: false });
    expect(errorMs()).toBeLessThan(1);
    await room.player.close();
  });

  it("[P31] is replaced in the next tap when a kick does not help", async () => {
    const room = cardPlayer();
    const { card, player } = room;
    const errorMs = playing(room);
    card.jam(Number.POSITIVE_INFINITY);
    await advance(room, 8_000);
    expect(player.read()).toMatchObject({ state: "interrupted", needsTap: true });
    player.unlock();
    expect(player.loadedId).toBeNull(); // whoever plays it loads it again
    player.loadSound("song", [], 600);
    await advance(room, 10_000);
    expect(player.read()).toMatchObject({ state: "playing", needsTap: false });
    expect(errorMs()).toBeLessThan(1);
    await player.close();
  });

  it("[P31] is left alone when it was only the page that stood still", async () => {
    const room = cardPlayer();
    const errorMs = playing(room);
    room.clock.freeze();
    room.world.advance(10_000);
    room.clock.thaw();
    room.world.advance(3_000);
    expect(room.player.read().needsTap).toBe(false);
    expect(errorMs()).toBeLessThan(1);
    await room.player.close();
  });
});

describe("a fade", () => {
  it("[P32] goes on to its end when the sound is sent elsewhere meanwhile", async () => {
    const room = cardPlayer();
    const { world, clock, card, player } = room;
    const enteredLocalMs = clock.nowMs();
    let delayMs = 0;
    player.play((localMs) => 60 + (localMs + delayMs - enteredLocalMs) / 1_000);
    // An anchor that was matched just after the entry, then a finger on the slider of the delay.
    for (let moves = 0; moves < 40; moves++) {
      world.advance(10);
      delayMs += 3;
      player.redirect();
    }
    world.advance(3_000);
    expect(card.brokenFades).toBe(0);
    const dueSec = 60 + (clock.nowMs() + delayMs - enteredLocalMs) / 1_000;
    expect(Math.abs((card.heardSec ?? 0) - dueSec) * 1_000).toBeLessThan(1);
    player.stop();
    await player.close();
  });
});

describe("a role", () => {
  it("[P90] is heard within a fifth of a second, in place, however often it changes meanwhile", async () => {
    const room = cardPlayer();
    const errorMs = playing(room);
    const { world, card, player } = room;
    const rejoins = player.read().rejoins;
    const heardRole = () => card.heard.at(-1)?.role;
    expect(heardRole()).toBe("all");
    for (const role of ["left", "low", "right"] as const) {
      player.setRole(role);
      world.advance(5);
    }
    expect(heardRole()).toBe("all"); // what is on its way to the loudspeaker is not changed any more
    world.advance(300);
    expect(heardRole()).toBe("right");
    expect(errorMs()).toBeLessThan(1);
    world.advance(5_000);
    expect(heardRole()).toBe("right");
    expect(player.read().rejoins).toBe(rejoins);
    expect(card.brokenFades).toBe(0);
    await player.close();
  });

  it("[P90] that was set before a song is its role from the first frame on, and of the next one", async () => {
    const room = cardPlayer();
    const { world, card, player } = room;
    player.setRole("without-low");
    playing(room);
    expect(card.heard.at(-1)?.role).toBe("without-low");
    player.stop();
    world.advance(1_000);
    player.setRole("left");
    playing(room);
    expect(card.heard.at(-1)?.role).toBe("left");
    await player.close();
  });
});

describe("an output that nobody plays on", () => {
  it("[P33] is kept awake by what no ear and no converter of 16 bits can tell from silence", async () => {
    const { card, player } = cardPlayer();
    expect(Math.abs(card.keepAliveLevel)).toBeGreaterThan(0);
    expect(Math.abs(card.keepAliveLevel)).toBeLessThan(0.01 / 2 ** 15);
    await player.close();
  });
});
