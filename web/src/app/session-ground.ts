// What of a browser a stay in a swarm stands on, besides its clock and its loudspeaker: sockets, cryptography, the file swarm.
// Simulations put a ground of their own under the same session.

import { openCryptoWorker, type Primitives, realPrimitives } from "../control/index.ts";
import { type NetworkHint, openHasher, Swarm, type SwarmOptions } from "../swarm/index.ts";
import type { Ear } from "./lining-up.ts";

export interface SessionGround {
  readonly makeSocket: (url: string) => WebSocket;
  readonly primitives: Primitives;
  readonly isPhone: () => boolean;
  /** What listens for a measurement; fetched when it is wanted. */
  readonly loadEar: () => Promise<Ear>;
  /** Adds to the options what it knows of the network. */
  readonly openSwarm: (options: SwarmOptions) => Swarm;
}

/** Chromium's NetworkInformation; other browsers tell nothing of their network. */
interface NavigatorWithConnection {
  readonly connection?: NetworkHint;
}

export const browserGround: SessionGround = {
  makeSocket: (url) => new WebSocket(url),
  primitives: realPrimitives,
  isPhone: () => matchMedia("(pointer: coarse)").matches,
  loadEar: () => import("../playback/calibration/index.ts"),
  openSwarm: (options) =>
    new Swarm({
      ...options,
      hasher: openHasher(openCryptoWorker),
      network: (navigator as NavigatorWithConnection).connection,
    }),
};
