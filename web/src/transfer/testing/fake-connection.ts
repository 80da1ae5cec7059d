// RTCPeerConnection without a network: descriptions are names, two that know each other's name and one candidate connect.
// Everything happens in microtasks; `settle` lets them run out. Covers what link.ts uses, no more.

import type { UserId } from "../../lib/index.ts";
import type { BulkEnd, BulkEndEvents } from "../net/link.ts";

class FakeChannel {
  readyState: RTCDataChannelState = "connecting";
  binaryType = "blob";
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onbufferedamountlow: (() => void) | null = null;
  other: FakeChannel | null = null;

  constructor(readonly connection: FakeConnection) {}

  open(other: FakeChannel): void {
    this.other = other;
    this.readyState = "open";
    queueMicrotask(() => this.onopen?.());
  }

  send(data: string | ArrayBuffer): void {
    if (this.readyState !== "open") throw new Error("InvalidStateError");
    const { other } = this;
    this.connection.network.carry(() => other?.connection.deliver(() => other.onmessage?.({ data })));
  }

  end(): void {
    if (this.readyState === "closed") return;
    this.readyState = "closed";
    const other = this.other;
    queueMicrotask(() => {
      if (!other || other.readyState === "closed") return;
      other.readyState = "closed";
      other.onclose?.();
    });
  }
}

export class FakeConnection {
  signalingState: RTCSignalingState = "stable";
  connectionState: RTCPeerConnectionState = "new";
  localDescription: { sdp: string } | null = null;
  remoteDescription: { sdp: string } | null = null;
  /** What the network knows of the other side already, whether the page may see it or not. */
  remote: string | null = null;
  onicecandidate: ((event: { candidate: unknown }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  readonly channels: FakeChannel[] = [];
  /** Hands the page what a channel brought: now, or when its scripts run again. */
  deliver: (task: () => void) => void = (task) => task();
  offers = 0;
  #hasCandidate = false;

  constructor(
    readonly network: FakeNetwork,
    readonly name: string,
  ) {}

  createDataChannel(): FakeChannel {
    const channel = new FakeChannel(this);
    this.channels.push(channel);
    return channel;
  }

  async createOffer(): Promise<{ type: string; sdp: string }> {
    this.offers += 1;
    return { type: "offer", sdp: this.name };
  }

  async createAnswer(): Promise<{ type: string; sdp: string }> {
    return { type: "answer", sdp: this.name };
  }

  async setLocalDescription(description: { type: string; sdp: string }): Promise<void> {
    this.localDescription = description;
    this.signalingState = description.type === "offer" ? "have-local-offer" : "stable";
    const candidate = {
      candidate: `candidate:${this.name}`,
      toJSON: () => ({ candidate: `candidate:${this.name}` }),
    };
    queueMicrotask(() => this.onicecandidate?.({ candidate }));
  }

  async setRemoteDescription(description: { type: string; sdp: string }): Promise<void> {
    if (!this.network.connections.has(description.sdp)) throw new Error("not a description");
    this.remote = description.sdp;
    this.signalingState = description.type === "offer" ? "have-remote-offer" : "stable";
    if (this.network.isSlowToDescribe) this.#hasCandidate = true; // the description named it
    this.network.tryConnect(this);
    if (this.network.isSlowToDescribe) await settle(50);
    this.remoteDescription = description;
  }

  async addIceCandidate(): Promise<void> {
    this.#hasCandidate = true;
    this.network.tryConnect(this);
  }

  get canConnect(): boolean {
    return this.#hasCandidate && this.signalingState === "stable" && this.connectionState !== "closed";
  }

  async getStats(): Promise<Map<string, unknown>> {
    return new Map<string, unknown>([
      ["t", { type: "transport", id: "t", selectedCandidatePairId: "p" }],
      ["p", { type: "candidate-pair", id: "p", localCandidateId: "l", remoteCandidateId: "r" }],
      ["l", { type: "local-candidate", id: "l", candidateType: "host" }],
      ["r", { type: "remote-candidate", id: "r", candidateType: this.network.isRelayed ? "relay" : "host" }],
    ]);
  }

  /** The path changes without anyone closing anything. */
  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  close(): void {
    this.connectionState = "closed";
    for (const channel of this.channels) channel.end();
  }
}

const descriptionOf = (number: number): string =>
  `a=fingerprint:sha-256 ${number.toString(16).padStart(4, "0").toUpperCase()}`;

export class FakeNetwork {
  readonly connections = new Map<string, FakeConnection>();
  /** What each connection was made with, in order. */
  readonly configurations: RTCConfiguration[] = [];
  isRelayed = false;
  /** No path between any two: negotiation succeeds, nothing connects. */
  isBlocked = false;
  /** The channels are open before the page is told that the other's description was taken: a busy browser. */
  isSlowToDescribe = false;
  /** Brings what was sent on a channel to its other end, in order. */
  carry: (deliver: () => void) => void = queueMicrotask;

  readonly create = (configuration: RTCConfiguration = {}): RTCPeerConnection =>
    this.#make(configuration).given;

  /** For a page whose scripts may stand still. */
  readonly createFor = (deliver: FakeConnection["deliver"]) => (configuration: RTCConfiguration) => {
    const { made, given } = this.#make(configuration);
    made.deliver = deliver;
    return given;
  };

  #make(configuration: RTCConfiguration) {
    this.configurations.push(configuration);
    const made = new FakeConnection(this, descriptionOf(this.connections.size));
    this.connections.set(made.name, made);
    return { made, given: made as unknown as RTCPeerConnection };
  }

  /** Connections nobody has closed. */
  get alive(): FakeConnection[] {
    return [...this.connections.values()].filter(({ connectionState }) => connectionState !== "closed");
  }

  tryConnect(one: FakeConnection): void {
    const other = this.connections.get(one.remote ?? "");
    if (this.isBlocked || !other || other.remote !== one.name) return;
    if (!one.canConnect || !other.canConnect) return;
    for (const connection of [one, other]) {
      if (connection.connectionState !== "connected") connection.become("connected");
    }
    for (const [index, channel] of one.channels.entries()) {
      const end = other.channels[index];
      if (!end || channel.readyState !== "connecting") continue;
      channel.open(end);
      end.open(channel);
    }
  }
}

/** A bulk channel that stays where it is, and brings nothing. */
export function attachHere(_peer: UserId, channel: RTCDataChannel, events: BulkEndEvents): BulkEnd {
  channel.onopen = () => events.onOpen();
  channel.onclose = () => events.onClosed();
  return {
    get isOpen() {
      return channel.readyState === "open";
    },
    close: () => {
      channel.onopen = channel.onclose = null;
    },
  };
}

/** Lets every microtask run that is due or follows from one. */
export async function settle(turns = 200): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
}
