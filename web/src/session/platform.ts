// What of a browser a session in a swarm stands on, besides its clock and its loudspeaker: sockets, cryptography, the file swarm.
// Simulations put a platform of their own under the same session.

import { fetchPlayerParts, type GivePlayerParts } from "../audio/index.ts";
import { type Primitives, realPrimitives } from "../control/index.ts";
import { realClock, within } from "../lib/index.ts";
import { type NetworkHint, Swarm, type SwarmOptions } from "../transfer/index.ts";
import type { CalibrationParts } from "./calibration.ts";
import type { LoadDistance } from "./distance-seat.ts";

export interface SessionPlatform {
  readonly givePlayerParts: GivePlayerParts;
  readonly makeSocket: (url: string) => WebSocket;
  readonly primitives: Primitives;
  readonly isPhone: () => boolean;
  /** What listens for a calibration; fetched when it is wanted. */
  readonly loadCalibration: () => Promise<CalibrationParts>;
  /** What measures distances; fetched likewise. */
  readonly loadDistance: LoadDistance;
  /** Adds to the options what it knows of the network. */
  readonly openSwarm: (options: SwarmOptions) => Swarm;
}

/** A person has tapped, and wants to know. */
const LOAD_LIMIT_MS = 20_000;

/** Chromium's NetworkInformation; other browsers tell nothing of their network. */
interface NavigatorWithConnection {
  readonly connection?: NetworkHint;
}

export const browserPlatform: SessionPlatform = {
  givePlayerParts: fetchPlayerParts,
  makeSocket: (url) => new WebSocket(url),
  primitives: realPrimitives,
  isPhone: () => matchMedia("(pointer: coarse)").matches,
  loadCalibration: () => within(realClock, LOAD_LIMIT_MS, import("../audio/calibration/index.ts")),
  loadDistance: async () =>
    (await within(realClock, LOAD_LIMIT_MS, import("./distance.ts"))).makeDistanceEngine,
  openSwarm: (options) =>
    new Swarm({ ...options, network: (navigator as NavigatorWithConnection).connection }),
};
