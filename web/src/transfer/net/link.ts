// One RTCPeerConnection with one neighbour: a session from the first offer to its end. The offerer is the smaller user id and
// the only one who ever offers, so there is no glare. Local ms.
// States: connecting → open ⇄ shaky (path lost, being restarted) → closed. Every other order is a bug and throws.
// Invariants: (1) `onOpen` at most once, before any message; (2) `onLost` exactly once unless `close()` came first;
// (3) nothing is reported after either. A closed link is never used again: a new session is a new Link.

import type { Clock } from "../../lib/index.ts";
import { type Fingerprints, fingerprintsIn } from "./fingerprints.ts";
import type { Signal } from "./signal.ts";

export type LinkPhase = "connecting" | "open" | "shaky" | "closed";
/** Why a link ended by itself. */
export type LinkLoss = "timeout" | "failed" | "channel-closed" | "negotiation" | "remote-bye" | "flood";

/** A link's bulk channel, once it was handed over to whoever sends and receives there. */
export interface BulkEnd {
  readonly isOpen: boolean;
  close(): void;
}

export interface BulkEndEvents {
  onOpen(): void;
  /** The channel takes and brings nothing any more. */
  onClosed(): void;
}

export interface LinkOptions {
  readonly clock: Clock;
  readonly session: string;
  readonly isOfferer: boolean;
  readonly connection: RTCPeerConnection;
  sendSignal(signal: Signal): void;
  onOpen(): void;
  onCtl(data: unknown): void;
  /** Takes the bulk channel over, in the task that has made it: no later one may. */
  attachBulk(channel: RTCDataChannel, events: BulkEndEvents): BulkEnd;
  onLost(loss: LinkLoss): void;
  /** Phase, path or relay state changed. */
  onChange(): void;
  /** The path was lost and is there again. */
  onRenewed(): void;
}

/** From the first offer to open channels; on a LAN it takes 0.2 s, through TURN on a phone about 2 s. */
const CONNECT_TIMEOUT_MS = 8_000;
/** A lift ride or a Wi-Fi roam heals by itself within this; then the paths are renewed. */
const RESTART_AFTER_MS = 2_000;
/** A path that has not come back by then gets a new connection. */
const GIVE_UP_AFTER_MS = 8_000;
/** A phone with many networks has some thirty. Each is an address to which checks are sent, so it may not be any number. */
const MAX_CANDIDATES = 64;
/** What comes before this side is open waits, unjudged: an honest neighbour says hello, and then hears one before it says more. */
const MAX_EARLY_MESSAGES = 64;

const NEXT_PHASES: Readonly<Record<LinkPhase, readonly LinkPhase[]>> = {
  connecting: ["open", "closed"],
  open: ["shaky", "closed"],
  shaky: ["open", "closed"],
  closed: [],
};

export class Link {
  readonly session: string;
  readonly isOfferer: boolean;
  readonly startedLocalMs: number;
  readonly #options: LinkOptions;
  readonly #connection: RTCPeerConnection;
  readonly #ctl: RTCDataChannel;
  readonly #bulk: BulkEnd;
  #phase: LinkPhase = "connecting";
  #isRelayed: boolean | null = null;
  #negotiation: Promise<void> = Promise.resolve();
  #earlyCandidates: RTCIceCandidateInit[] = [];
  /** Since their last offer. */
  #theirCandidates = 0;
  #cancelTimers: (() => void)[] = [];
  readonly #early: (() => void)[] = [];
  /** Own candidates that came before the description they belong to was sent; null once it was. */
  #unsentCandidates: Signal[] | null = [];

  constructor(options: LinkOptions) {
    this.#options = options;
    this.session = options.session;
    this.isOfferer = options.isOfferer;
    this.startedLocalMs = options.clock.nowMs();
    const connection = options.connection;
    this.#connection = connection;
    // Negotiated by number: no announcement to wait for, and no stranger's channels.
    this.#ctl = connection.createDataChannel("ctl", { negotiated: true, id: 0, ordered: true });
    const bulk = connection.createDataChannel("bulk", { negotiated: true, id: 1, ordered: true });
    this.#bulk = options.attachBulk(bulk, {
      onOpen: () => this.#openWhenReady(),
      onClosed: () => this.#lose("channel-closed"),
    });
    this.#listen();
    this.#after(CONNECT_TIMEOUT_MS, () => this.#lose("timeout"));
    if (this.isOfferer) this.#negotiate(() => this.#offer(false));
  }

  get phase(): LinkPhase {
    return this.#phase;
  }

  /** Whether content goes through a TURN relay; null until known. */
  get isRelayed(): boolean | null {
    return this.#isRelayed;
  }

  /** What both descriptions say of the two certificates; null before both are there. */
  get fingerprints(): Fingerprints | null {
    const own = fingerprintsIn(this.#connection.localDescription?.sdp);
    const theirs = fingerprintsIn(this.#connection.remoteDescription?.sdp);
    return own && theirs ? { own, theirs } : null;
  }

  /** Takes a signal of this session. */
  receive(signal: Signal): void {
    switch (signal.kind) {
      case "offer":
        this.#theirCandidates = 0;
        if (!this.isOfferer) this.#negotiate(() => this.#answer(signal.sdp));
        return;
      case "answer":
        if (this.isOfferer) this.#negotiate(() => this.#accept(signal.sdp));
        return;
      case "candidate":
        if (++this.#theirCandidates > MAX_CANDIDATES) return;
        this.#negotiate(() => this.#addCandidate(signal.candidate));
        return;
      case "bye":
        this.#lose("remote-bye");
        return;
      case "call":
        return; // about having no session; the mesh answers it
    }
  }

  /** Sends a control message. On a channel that is just closing it is lost, as the link is. */
  sendCtl(text: string): void {
    if (this.#ctl.readyState !== "open") return;
    try {
      this.#ctl.send(text);
    } catch {
      this.#lose("channel-closed"); // a lost link, not an error of whoever used it
    }
  }

  /** Ends the session silently; idempotent. */
  close(): void {
    if (this.#phase === "closed") return;
    this.#enter("closed");
    this.#stopTimers();
    this.#early.length = 0;
    this.#bulk.close();
    this.#ctl.onopen = this.#ctl.onclose = this.#ctl.onmessage = null;
    this.#connection.onicecandidate = null;
    this.#connection.onconnectionstatechange = null;
    this.#connection.close();
  }

  #listen(): void {
    const { onCtl, sendSignal } = this.#options;
    this.#ctl.onopen = () => this.#openWhenReady();
    this.#ctl.onclose = () => this.#lose("channel-closed");
    this.#ctl.onmessage = ({ data }) => this.#whileOpen(() => onCtl(data));
    this.#connection.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return; // the end of candidates needs no word
      const { candidate: text, sdpMid, sdpMLineIndex, usernameFragment } = candidate.toJSON();
      const own: Signal = {
        kind: "candidate",
        session: this.session,
        candidate: {
          candidate: text ?? "",
          sdpMid: sdpMid ?? null,
          sdpMLineIndex: sdpMLineIndex ?? null,
          usernameFragment: usernameFragment ?? null,
        },
      };
      if (this.#unsentCandidates) this.#unsentCandidates.push(own);
      else sendSignal(own);
    };
    this.#connection.onconnectionstatechange = () => this.#followConnection();
  }

  #openWhenReady(): void {
    const isReady = this.#ctl.readyState === "open" && this.#bulk.isOpen;
    // Without both descriptions this side could not prove itself: a busy browser shows them after the channels.
    if (!isReady || !this.fingerprints || this.#phase !== "connecting") return;
    this.#stopTimers();
    this.#enter("open");
    this.#options.onOpen();
    for (const act of this.#early.splice(0)) this.#whileOpen(act);
    this.#findPath();
  }

  /** The neighbour may be ready, and speak, a moment before both channels are open here. */
  #whileOpen(act: () => void): void {
    if (this.#phase === "connecting") {
      this.#early.push(act);
      if (this.#early.length > MAX_EARLY_MESSAGES) this.#lose("flood");
    } else if (this.#phase !== "closed") act();
  }

  #followConnection(): void {
    const state = this.#connection.connectionState;
    if (state === "failed") this.#lose("failed");
    if (state === "connected" && this.#phase === "shaky") {
      this.#stopTimers();
      this.#enter("open");
      this.#options.onRenewed();
      this.#findPath();
    }
    if (state === "disconnected" && this.#phase === "open") {
      this.#enter("shaky");
      this.#after(GIVE_UP_AFTER_MS, () => this.#lose("timeout"));
      if (this.isOfferer) this.#after(RESTART_AFTER_MS, () => this.#negotiate(() => this.#offer(true)));
    }
  }

  /** A path that is known to be lost is renewed now. */
  wake(): void {
    if (this.isOfferer && this.#phase === "shaky") this.#negotiate(() => this.#offer(true));
  }

  async #offer(isRestart: boolean): Promise<void> {
    if (this.#connection.signalingState !== "stable") return; // the former offer is still out
    await this.#connection.setLocalDescription(await this.#connection.createOffer({ iceRestart: isRestart }));
    const sdp = this.#connection.localDescription?.sdp ?? "";
    this.#describe({ kind: "offer", session: this.session, sdp, isRestart });
  }

  async #answer(sdp: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: "offer", sdp });
    await this.#addEarlyCandidates();
    await this.#connection.setLocalDescription(await this.#connection.createAnswer());
    const answer = this.#connection.localDescription?.sdp ?? "";
    this.#describe({ kind: "answer", session: this.session, sdp: answer });
  }

  /** A candidate that overtook its description would meet a peer that knows nothing of the session. */
  #describe(description: Signal): void {
    this.#options.sendSignal(description);
    const candidates = this.#unsentCandidates ?? [];
    this.#unsentCandidates = null;
    for (const candidate of candidates) this.#options.sendSignal(candidate);
  }

  async #accept(sdp: string): Promise<void> {
    if (this.#connection.signalingState !== "have-local-offer") return; // an answer twice
    await this.#connection.setRemoteDescription({ type: "answer", sdp });
    await this.#addEarlyCandidates();
  }

  async #addCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    if (!this.#connection.remoteDescription) {
      this.#earlyCandidates.push(candidate);
      return;
    }
    // One unusable candidate (an mDNS name nobody resolves, a family this device lacks) does not spoil the others.
    await this.#connection.addIceCandidate(candidate).catch(() => undefined);
  }

  async #addEarlyCandidates(): Promise<void> {
    const candidates = this.#earlyCandidates;
    this.#earlyCandidates = [];
    for (const candidate of candidates) await this.#addCandidate(candidate);
  }

  /** Steps of the negotiation run one after the other; one that fails ends the session. */
  #negotiate(step: () => Promise<void>): void {
    this.#negotiation = this.#negotiation
      .then(() => (this.#phase === "closed" ? undefined : step()))
      .then(() => this.#openWhenReady())
      .catch(() => this.#lose("negotiation"));
  }

  /** Asks the browser which path was chosen; a browser that cannot tell leaves it unknown. */
  #findPath(): void {
    this.#connection
      .getStats()
      .then((report) => {
        this.#isRelayed = isPathRelayed(report);
        if (this.#phase !== "closed") this.#options.onChange();
      })
      .catch(() => undefined);
  }

  #lose(loss: LinkLoss): void {
    if (this.#phase === "closed") return;
    this.close();
    this.#options.onLost(loss);
  }

  #enter(phase: LinkPhase): void {
    if (!NEXT_PHASES[this.#phase].includes(phase)) throw new TypeError(`link: ${this.#phase} → ${phase}`);
    this.#phase = phase;
    this.#options.onChange();
  }

  #after(delayMs: number, task: () => void): void {
    this.#cancelTimers.push(this.#options.clock.after(delayMs, task));
  }

  #stopTimers(): void {
    for (const cancel of this.#cancelTimers) cancel();
    this.#cancelTimers = [];
  }
}

interface PathStats {
  readonly type: string;
  readonly id: string;
  readonly selectedCandidatePairId?: string;
  readonly selected?: boolean;
  readonly nominated?: boolean;
  readonly state?: string;
  readonly localCandidateId?: string;
  readonly remoteCandidateId?: string;
  readonly candidateType?: string;
}

function isPathRelayed(report: RTCStatsReport): boolean | null {
  const stats = new Map<string, PathStats>();
  report.forEach((entry: PathStats) => {
    stats.set(entry.id, entry);
  });
  const all = [...stats.values()];
  const chosenId = all.find(({ type }) => type === "transport")?.selectedCandidatePairId;
  // Firefox has no transport entry before 150; there the pair itself says that it is selected.
  const pair = chosenId
    ? stats.get(chosenId)
    : all.find(({ type, selected, nominated, state }) => {
        return type === "candidate-pair" && (selected || (nominated && state === "succeeded"));
      });
  if (!pair) return null;
  const ends = [pair.localCandidateId, pair.remoteCandidateId].map((id) => id && stats.get(id));
  return ends.some((end) => end && end.candidateType === "relay");
}
