// What the file swarm of one session needs from outside, and what it tells at once. Local ms.

import type { Bytes, Clock, Random, UserId } from "../lib/index.ts";
import type { BulkHome } from "./bulk/messages.ts";
import type { PeerTime } from "./core/ctl.ts";
import type { LinkProver } from "./net/link-proofs.ts";
import type { NetworkHint } from "./net/network-hint.ts";
import type { Signal } from "./net/signal.ts";

/** What a `File` has that matters here. */
export interface NamedBlob {
  readonly name: string;
  readonly blob: Blob;
}

/** Another person in the swarm. */
export interface Member {
  readonly userId: UserId;
  readonly away: boolean;
  /** Phones get fewer links in a large swarm; all peers must be told the same. */
  readonly isPhone?: boolean;
}

export interface SwarmOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly me: UserId;
  /** Where pieces are kept and content moves. */
  readonly home: BulkHome;
  /** For proving links: knows the swarm's keys. */
  readonly prover: LinkProver;
  /** Brings a signal to another peer, sealed, in order. */
  sendSignal(to: UserId, signal: Signal): void;
  /** Asked anew for every connection: credentials expire. */
  iceServers: () => RTCIceServer[];
  readonly isPhone?: boolean;
  /** `navigator.connection`, where the browser has it: on a cellular network or with Save-Data this device gives little. */
  readonly network?: NetworkHint | undefined;
  /** Whether a file annotation makes sense: who sends one that does not is dropped. The same on every peer. */
  acceptsAnnotation?(annotation: Bytes): boolean;
  /** Whether a sound index makes sense, likewise. */
  acceptsIndex?(index: Bytes): boolean;
  /** For tests; the browser's own when absent. */
  createConnection?(configuration: RTCConfiguration): RTCPeerConnection;
  /** This device's global time at a local moment, as answers to pings tell it. */
  timeAt?(localMs: number): PeerTime | null;
  /** A neighbour's time, asked for and answered at these local moments, ms. */
  onPeerTime?(peer: UserId, time: PeerTime, askedLocalMs: number, answeredLocalMs: number): void;
}
