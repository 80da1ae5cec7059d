// The links to all neighbours: follows the member list, opens connections one at a time, and tries again for as long as the
// neighbour is there. Local ms.
// States of a neighbour: queued (I offer, in turn) · waiting (the other offers; I call if it does not) · linked (a Link, which
// knows whether it is open) · resting (I offer again after a pause) · refused (it misbehaved; never again in this session).
// Invariants: (1) at most one Link per neighbour; (2) at most one of my offers is unanswered (WebKit uses O(N²) sockets for
// concurrent connections, bugs.webkit.org 321225); (3) answering never waits, or two peers could wait for each other.

import { type Clock, type Random, remember, toHex, type UserId } from "../../lib/index.ts";
import {
  CALL_AFTER_MS,
  FIRST_LINK_REST_MS,
  LAST_LINK_REST_MS,
  MAX_BANNED,
  OFFER_TRAVEL_MS,
  SIGNAL_SESSION_BYTES,
} from "../../protocol/constants/transfer.gen.ts";
import type { LinkState } from "../core/state.ts";
import type { Fingerprints } from "./fingerprints.ts";
import { type BulkEnd, type BulkEndEvents, Link, type LinkLoss } from "./link.ts";
import type { Signal } from "./signal.ts";

export interface MeshOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly me: UserId;
  iceServers(): RTCIceServer[];
  sendSignal(to: UserId, signal: Signal): void;
  onOpen(peer: UserId): void;
  onClosed(peer: UserId): void;
  onCtl(peer: UserId, data: unknown): void;
  attachBulk(peer: UserId, channel: RTCDataChannel, events: BulkEndEvents): BulkEnd;
  onChange(): void;
  /** A path that was lost is there again, and may be another. */
  onRenewed(): void;
  /** For tests; the browser's own when absent. */
  createConnection?(configuration: RTCConfiguration): RTCPeerConnection;
}

type State =
  | { readonly kind: "queued" }
  | { readonly kind: "waiting"; readonly cancelCall: () => void }
  | { readonly kind: "linked"; readonly link: Link }
  | { readonly kind: "resting"; readonly cancelRest: () => void }
  | { readonly kind: "refused" };

interface Neighbour {
  readonly userId: UserId;
  isAway: boolean;
  /** onOpen was reported and onClosed not yet. */
  isUp: boolean;
  /** Sessions in a row that came to nothing. */
  failures: number;
  state: State;
}

const FAILURES_BEFORE_RELAY = 2;

export class Mesh {
  readonly #options: MeshOptions;
  readonly #neighbours = new Map<UserId, Neighbour>();
  /** Outlives the neighbour: leaving and joining again does not wash anyone clean. */
  readonly #refused = new Set<UserId>();
  #isClosed = false;

  constructor(options: MeshOptions) {
    this.#options = options;
  }

  /** The links to everyone who should be one's neighbour, whatever their state. */
  states(rttMsOf: (peer: UserId) => number | null): Map<UserId, LinkState> {
    const states = new Map<UserId, LinkState>();
    for (const neighbour of this.#neighbours.values()) {
      const { userId, state } = neighbour;
      const isRelayed = state.kind === "linked" ? state.link.isRelayed : null;
      states.set(userId, { userId, state: wordFor(neighbour), isRelayed, rttMs: rttMsOf(userId) });
    }
    return states;
  }

  setNeighbours(wanted: ReadonlyMap<UserId, { readonly isAway: boolean }>): void {
    if (this.#isClosed) return;
    for (const neighbour of [...this.#neighbours.values()]) {
      if (!wanted.has(neighbour.userId)) this.#remove(neighbour);
    }
    for (const [userId, { isAway }] of wanted) {
      const neighbour = this.#neighbours.get(userId);
      if (neighbour) this.#setAway(neighbour, isAway);
      else this.#add(userId, isAway);
    }
    this.#startNext();
    this.#options.onChange();
  }

  receive(from: UserId, signal: Signal): void {
    const neighbour = this.#neighbours.get(from);
    if (!neighbour || this.#isClosed) return;
    const link = neighbour.state.kind === "linked" ? neighbour.state.link : null;
    if (link?.session === signal.session) {
      link.receive(signal);
      return;
    }
    if (neighbour.state.kind === "refused") return;
    if (signal.kind === "call" && this.#isOfferer(from)) this.#answerCall(neighbour, link);
    if (signal.kind !== "offer" || this.#isOfferer(from)) return; // stale, or out of turn
    if (signal.isRestart) this.#signal(from, { kind: "bye", session: signal.session });
    else this.#answerOffer(neighbour, signal);
  }

  /** The DTLS fingerprints of both ends of the link to this peer, as its descriptions name them; null without a link. */
  fingerprintsOf(peer: UserId): Fingerprints | null {
    return this.#linkOf(peer)?.fingerprints ?? null;
  }

  sendCtl(peer: UserId, text: string): void {
    this.#linkOf(peer)?.sendCtl(text);
  }

  /** Ends the link. `isForGood`: and never makes another one in this session. Calls onClosed. */
  drop(peer: UserId, isForGood: boolean): void {
    const neighbour = this.#neighbours.get(peer);
    if (isForGood) remember(this.#refused, peer, MAX_BANNED);
    if (!neighbour) return;
    const link = this.#linkOf(peer);
    if (link) this.#signal(peer, { kind: "bye", session: link.session });
    if (isForGood) this.#setState(neighbour, { kind: "refused" });
    else this.#retry(neighbour);
    this.#startNext();
    this.#options.onChange();
  }

  /** Another network, or the end of a sleep: nobody waits out the pause that the former state of things had earned. */
  wake(): void {
    for (const neighbour of this.#neighbours.values()) {
      if (neighbour.state.kind === "linked") neighbour.state.link.wake();
      else this.#hurry(neighbour);
    }
    this.#startNext();
  }

  /** Ends all links; idempotent. */
  close(): void {
    if (this.#isClosed) return;
    for (const neighbour of [...this.#neighbours.values()]) this.#remove(neighbour);
    this.#isClosed = true;
  }

  #isOfferer(peer: UserId): boolean {
    return this.#options.me < peer;
  }

  #linkOf(peer: UserId): Link | null {
    const state = this.#neighbours.get(peer)?.state;
    return state?.kind === "linked" ? state.link : null;
  }

  #add(userId: UserId, isAway: boolean): void {
    const neighbour: Neighbour = { userId, isAway, isUp: false, failures: 0, state: { kind: "queued" } };
    this.#neighbours.set(userId, neighbour);
    if (this.#refused.has(userId)) neighbour.state = { kind: "refused" };
    else if (!this.#isOfferer(userId)) this.#await(neighbour);
  }

  #remove(neighbour: Neighbour): void {
    const { userId, state } = neighbour;
    if (state.kind === "linked") this.#signal(userId, { kind: "bye", session: state.link.session });
    this.#setState(neighbour, { kind: "refused" });
    this.#neighbours.delete(userId);
  }

  #setAway(neighbour: Neighbour, isAway: boolean): void {
    const isBack = neighbour.isAway && !isAway;
    neighbour.isAway = isAway;
    if (isBack) this.#hurry(neighbour);
  }

  #hurry(neighbour: Neighbour): void {
    const { kind } = neighbour.state;
    if (kind !== "resting" && kind !== "waiting") return;
    neighbour.failures = 0;
    if (this.#isOfferer(neighbour.userId)) this.#setState(neighbour, { kind: "queued" });
    else this.#await(neighbour);
  }

  /**
   * Offers to the next in the queue, unless an offer is still out. Who is away cannot answer. Whoever was tried least goes first:
   * a few who cannot be reached are back in the queue before the last of it had its turn, and it would never come.
   */
  #startNext(): void {
    const all = [...this.#neighbours.values()];
    const isOffering = all.some(({ state }) => {
      return state.kind === "linked" && state.link.isOfferer && state.link.phase === "connecting";
    });
    const [next] = all
      .filter(({ state, isAway }) => state.kind === "queued" && !isAway)
      .sort((a, b) => a.failures - b.failures);
    if (isOffering || !next || this.#isClosed) return;
    this.#open(next, toHex(this.#options.random.bytes(SIGNAL_SESSION_BYTES)), true);
  }

  #answerCall(neighbour: Neighbour, link: Link | null): void {
    const isOnItsWay =
      link?.phase === "connecting" && this.#options.clock.nowMs() - link.startedLocalMs < OFFER_TRAVEL_MS;
    if (isOnItsWay) return;
    this.#setState(neighbour, { kind: "queued" });
    this.#startNext();
  }

  #answerOffer(neighbour: Neighbour, offer: Signal): void {
    this.#open(neighbour, offer.session, false)?.receive(offer);
  }

  #open(neighbour: Neighbour, session: string, isOfferer: boolean): Link | null {
    const { userId } = neighbour;
    const { clock, createConnection, iceServers, onCtl, attachBulk, onChange, onRenewed } = this.#options;
    // A browser out of connections (Chromium: 500 not yet collected) throws here; a pause lets it collect.
    let connection: RTCPeerConnection;
    try {
      const configuration = configurationFor(iceServers(), neighbour.failures);
      connection = createConnection ? createConnection(configuration) : new RTCPeerConnection(configuration);
    } catch {
      this.#retry(neighbour);
      onChange(); // a browser without such connections is to be told apart from one that is still at it
      return null;
    }
    const link: Link = new Link({
      clock,
      session,
      isOfferer,
      connection,
      sendSignal: (signal) => this.#signal(userId, signal),
      onOpen: () => this.#opened(neighbour),
      onCtl: (data) => onCtl(userId, data),
      attachBulk: (channel, events) => attachBulk(userId, channel, events),
      onLost: (loss) => this.#lost(neighbour, link, loss),
      onChange,
      onRenewed,
    });
    this.#setState(neighbour, { kind: "linked", link });
    onChange();
    return link;
  }

  #opened(neighbour: Neighbour): void {
    neighbour.failures = 0;
    neighbour.isUp = true;
    this.#options.onOpen(neighbour.userId);
    this.#startNext();
  }

  #lost(neighbour: Neighbour, link: Link, loss: LinkLoss): void {
    if (neighbour.state.kind !== "linked" || neighbour.state.link !== link) return;
    // The other side of a broken session may not have noticed.
    if (loss !== "remote-bye") this.#signal(neighbour.userId, { kind: "bye", session: link.session });
    this.#retry(neighbour);
    this.#startNext();
    this.#options.onChange();
  }

  #retry(neighbour: Neighbour): void {
    const pauseMs = Math.min(LAST_LINK_REST_MS, FIRST_LINK_REST_MS * 2 ** neighbour.failures);
    const restMs = pauseMs * (0.5 + 0.5 * this.#options.random.fraction());
    neighbour.failures += 1;
    if (!this.#isOfferer(neighbour.userId)) {
      this.#await(neighbour);
      return;
    }
    const cancelRest = this.#options.clock.after(restMs, () => {
      this.#setState(neighbour, { kind: "queued" });
      this.#startNext();
    });
    this.#setState(neighbour, { kind: "resting", cancelRest });
  }

  /** Waits for the other's offer, and asks for one if none comes: it may not know that I have no connection. */
  #await(neighbour: Neighbour): void {
    const pauseMs = Math.min(LAST_LINK_REST_MS, CALL_AFTER_MS * 2 ** neighbour.failures);
    const cancelCall = this.#options.clock.after(pauseMs, () => {
      if (!neighbour.isAway) {
        const session = toHex(this.#options.random.bytes(SIGNAL_SESSION_BYTES));
        this.#signal(neighbour.userId, { kind: "call", session });
        neighbour.failures += 1;
      }
      this.#await(neighbour);
    });
    this.#setState(neighbour, { kind: "waiting", cancelCall });
  }

  /** The one setter: leaving a state ends what it owned, and a link that was up is reported closed. */
  #setState(neighbour: Neighbour, state: State): void {
    const former = neighbour.state;
    neighbour.state = state;
    if (former.kind === "waiting") former.cancelCall();
    if (former.kind === "resting") former.cancelRest();
    if (former.kind === "linked") former.link.close();
    if (!neighbour.isUp || (state.kind === "linked" && state.link.phase !== "connecting")) return;
    neighbour.isUp = false;
    this.#options.onClosed(neighbour.userId);
  }

  #signal(to: UserId, signal: Signal): void {
    this.#options.sendSignal(to, signal);
  }
}

/**
 * The last rung of the ladder: after two sessions that came to nothing, every other attempt uses the relay alone. A path that
 * looks open and is not (a firewall that drops what it let negotiate) would otherwise win every time.
 */
function configurationFor(iceServers: RTCIceServer[], failures: number): RTCConfiguration {
  const hasRelay = iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/i.test(url)));
  const isRelayTurn = hasRelay && failures >= FAILURES_BEFORE_RELAY && failures % 2 === 0;
  return isRelayTurn ? { iceServers, iceTransportPolicy: "relay" } : { iceServers };
}

function wordFor({ state, failures }: Neighbour): LinkState["state"] {
  if (state.kind === "refused") return "failed";
  if (state.kind === "linked" && state.link.phase !== "connecting") return "open";
  return failures > 1 ? "failed" : "connecting";
}
