// What happens to devices in any storm, and what people do: each act with its undoing. True ms.

import { randomBelow } from "../../lib/index.ts";
import type { Chaos } from "./chaos.ts";
import type { SimDevice } from "./sim-device.ts";

/** Nothing falls asleep for less; a step of local time within a round trip could not be told from the network. */
export const MIN_SLEEP_MS = 300;
/** Far enough from the song's end that it plays on until the room has been judged. */
const MAX_SEEK_SEC = 300;

type Act = (chaos: Chaos, device: SimDevice) => string;

export const ACTS: Readonly<Record<string, Act>> = {
  joins: (chaos) => (chaos.isFull ? "nobody" : chaos.join()),
  leaves: (chaos, device) => (chaos.alive.length > 1 ? chaos.leave(device) : "not the last one"),
  dies: (chaos, device) => (chaos.alive.length > 1 ? chaos.die(device) : "not the last one"),
  "is cut off": (chaos, device) => {
    device.path.cut();
    return chaos.later(30_000, () => device.path.heal(), device);
  },
  "is on a bad network": (chaos, { path }) => {
    [path.lossShare, path.shuffleMs] = [0.4 * chaos.random.fraction(), 2_000 * chaos.random.fraction()];
    return chaos.later(20_000, () => chaos.calmPath(path));
  },
  freezes: (chaos, device) => {
    device.clock.freeze();
    return chaos.later(25_000, () => device.clock.thaw(), device);
  },
  sleeps: (chaos, device) => {
    const { clock, path, card } = device;
    clock.sleep();
    path.cut();
    card?.take();
    const wake = (): void => {
      clock.wake();
      path.heal();
      card?.give();
    };
    return chaos.later(40_000, wake, device, MIN_SLEEP_MS);
  },
  "sees the server killed": (chaos) => {
    if (!chaos.server.isUp) return "again";
    if (chaos.random.fraction() < 0.5) chaos.server.kill();
    else chaos.server.goAway();
    return chaos.later(12_000, () => chaos.restart());
  },
  "is hidden or shown": (_chaos, device) => {
    device.isVisible = !device.isVisible;
    device.clock.deliver(() => device.session.setVisible(device.isVisible));
    return device.isVisible ? "shown" : "hidden";
  },
  "is online": (_chaos, { clock, session }) => {
    clock.deliver(() => session.wake());
    return "";
  },
  "takes over": (_chaos, { clock, session }) => {
    clock.deliver(() => session.takeOver());
    return "";
  },
  "takes over with everyone": ({ alive }) => {
    for (const { clock, session } of alive) clock.deliver(() => session.takeOver());
    return "";
  },
  resigns: (_chaos, { clock, session }) => {
    clock.deliver(() => session.resign());
    return "";
  },
  plays: ({ alive, songId }) => {
    for (const { clock, session } of alive)
      clock.deliver(() => session.director.isMe && session.play(songId));
    return "";
  },
  stops: ({ alive }) => {
    for (const { clock, session } of alive) clock.deliver(() => session.director.isMe && session.stop());
    return "";
  },
  pauses: ({ alive }) => {
    for (const { clock, session } of alive) clock.deliver(() => session.director.isMe && session.pause());
    return "";
  },
  seeks: (chaos) => {
    const toSec = randomBelow(chaos.random, MAX_SEEK_SEC);
    for (const { clock, session } of chaos.alive)
      clock.deliver(() => session.director.isMe && session.seek(toSec));
    return `to ${toSec} s`;
  },
  "starts now": (_chaos, { clock, session }) => {
    clock.deliver(() => session.startNow());
    return "";
  },
  "moves its slider": (chaos, { clock, session }) => {
    const delayMs = randomBelow(chaos.random, 500);
    clock.deliver(() => session.setSpeakerDelay(delayMs));
    return `${delayMs} ms`;
  },
  "loses its sound": (chaos, device) => {
    device.card?.take();
    return chaos.later(8_000, () => device.card?.give(), device);
  },
  "changes its output": (chaos, device) => {
    const latencyMs = 60 + 240 * chaos.random.fraction();
    device.card?.reroute(latencyMs);
    return `${latencyMs.toFixed(0)} ms ${chaos.later(12_000, () => device.card?.reroute(), device)}`;
  },
  underruns: (chaos, { card }) => {
    const ms = 20 * chaos.random.fraction();
    card?.underrun(ms);
    return `${ms.toFixed(1)} ms`;
  },
};
