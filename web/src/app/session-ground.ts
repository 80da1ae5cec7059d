// What of a browser a stay in a swarm stands on, besides its clock and its loudspeaker: sockets, a cipher, the file swarm.
// Simulations put a ground of their own under the same session.

import { type Cipher, xChaCha20Poly1305 } from "../control/index.ts";
import { type NetworkHint, Swarm, type SwarmOptions } from "../swarm/index.ts";

export interface SessionGround {
  readonly makeSocket: (url: string) => WebSocket;
  readonly cipher: Cipher;
  readonly isPhone: () => boolean;
  /** Adds to the options what it knows of the network. */
  readonly openSwarm: (options: SwarmOptions) => Swarm;
}

/** Chromium's NetworkInformation; other browsers tell nothing of their network. */
interface NavigatorWithConnection {
  readonly connection?: NetworkHint;
}

export const browserGround: SessionGround = {
  makeSocket: (url) => new WebSocket(url),
  cipher: xChaCha20Poly1305,
  isPhone: () => matchMedia("(pointer: coarse)").matches,
  openSwarm: (options) =>
    new Swarm({
      ...options,
      network: (navigator as NavigatorWithConnection).connection,
    }),
};
