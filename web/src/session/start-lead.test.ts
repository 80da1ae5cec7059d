// From the tap on Play to sound everywhere, in virtual time: real sessions and players on simulated cards and paths.

import { describe, expect, it } from "vitest";
import { IDEAL_SONG_ID } from "./testing/sim-device.ts";
import { SimRoom } from "./testing/sim-room.ts";

const STEP_MS = 5;
const LIMIT_MS = 5_000;

/** A room of three that has been together for a while; each way's least and mean extra delay, ms. */
async function room(seed: number, leastMs: number, queueMs: number, latencyMs: number): Promise<SimRoom> {
  const made = new SimRoom(seed, "ada", "bo", "cy");
  for (const { session, path, card } of made.devices) {
    Object.assign(path, { leastMs, meanQueueMs: queueMs });
    session.setSpeakerDelay(0);
    card?.reroute(latencyMs);
  }
  await made.advance(8_000);
  return made;
}

/** The director taps Play: until the last of them sounds, and how much of the song's beginning anybody missed, ms. */
async function tapPlay(made: SimRoom): Promise<{ readonly soundMs: number; readonly missedMs: number }> {
  const { devices, world } = made;
  made.split().director.session.play(IDEAL_SONG_ID);
  const fromSec = made.split().director.session.director.plan.positionUs / 1e6;
  const begunSec = new Map<string, number>();
  let soundMs = 0;
  for (; begunSec.size < devices.length && soundMs < LIMIT_MS; soundMs += STEP_MS) {
    world.clock.advance(STEP_MS);
    await new Promise((resolve) => setImmediate(resolve));
    for (const { name, heardSec } of devices)
      if (heardSec !== null && !begunSec.has(name)) begunSec.set(name, heardSec);
  }
  return { soundMs, missedMs: (Math.max(...begunSec.values()) - fromSec) * 1_000 };
}

describe("[D15] a tap on Play", () => {
  it.each([1, 2, 3])("is heard from everywhere within 0.7 s in a quiet room (seed %d)", async (seed) => {
    const made = await room(seed, 1, 1, 60);
    const { soundMs, missedMs } = await tapPlay(made);
    expect(soundMs).toBeLessThanOrEqual(700);
    expect(missedMs).toBeLessThanOrEqual(2 * STEP_MS);
    await made.close();
  });

  it("is heard as soon after a pause", async () => {
    const made = await room(4, 1, 1, 60);
    await tapPlay(made);
    await made.advance(5_000);
    made.split().director.session.pause();
    await made.advance(2_000);
    const { soundMs, missedMs } = await tapPlay(made);
    expect(soundMs).toBeLessThanOrEqual(700);
    expect(missedMs).toBeLessThanOrEqual(30); // mid-song it fades in
    await made.close();
  });

  it("starts by no clock that slept, whatever event is the first after it", async () => {
    const made = await room(6, 1, 1, 60);
    const { director, others } = made.split();
    others[0]?.card?.take();
    director.session.play(IDEAL_SONG_ID);
    await made.advance(1_000);
    expect(director.session.director.plan.state).toBe("preparing");
    director.clock.sleep();
    others[0]?.card?.give();
    await made.advance(2_000);
    const { server } = made;
    const wokenUs = server.globalUs(director.session.director.plan.clockId);
    director.clock.wake(); // what the other said is the first that it hears
    await made.advance(3_000);
    const { plan } = director.session.director;
    expect(plan.state).toBe("playing");
    expect(plan.globalStartUs).toBeGreaterThan(wokenUs);
    await made.close();
  });

  it.each([
    ["on a busy Wi-Fi", 5, 40, 60],
    ["on mobile networks", 60, 25, 60],
    ["with wireless loudspeakers that the browser knows of", 2, 2, 350],
  ])("costs nobody the beginning %s", async (_, leastMs, queueMs, latencyMs) => {
    const made = await room(5, leastMs, queueMs, latencyMs);
    const { missedMs } = await tapPlay(made);
    expect(missedMs).toBeLessThanOrEqual(2 * STEP_MS);
    await made.close();
  });
});
