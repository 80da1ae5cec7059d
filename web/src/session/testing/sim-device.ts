// One simulated device: the real session on a simulated platform. Three depths: "control" has an ideal loudspeaker and no
// file swarm; "sound" has the real player on a simulated card; "whole" has the real file swarm on top of it.

import { sha256 } from "@noble/hashes/sha2.js";
import { delaysFor } from "../../audio/calibration/lateness.ts";
import * as wholeDecoding from "../../audio/decode/decode.ts";
import { FileSounds } from "../../audio/decode/file-sounds.ts";
import { type Lane, type PlaybackReading, Player, type Timeline } from "../../audio/index.ts";
import { playerPartsWith } from "../../audio/player-parts.ts";
import type { Cipher, Primitives, SwarmKeys } from "../../control/index.ts";
import { type FileId, fromHex, type Random, type SwarmId, toHex, type UserId } from "../../lib/index.ts";
import { SeededRandom } from "../../lib/testing/index.ts";
import { PageHome } from "../../transfer/bulk/page-home.ts";
import { fileIdOf, makeManifest, pieceCountOf, pieceSizeOf } from "../../transfer/core/manifest.ts";
import { Swarm } from "../../transfer/index.ts";
import type { Hasher } from "../../transfer/store/hash.ts";
import { MemoryStore } from "../../transfer/store/memory-store.ts";
import type { EventClock } from "../../transfer/testing/event-clock.ts";
import type { FakeNetwork } from "../../transfer/testing/fake-connection.ts";
import { SlowStore } from "../../transfer/testing/slow-store.ts";
import type { CalibrationParts } from "../calibration.ts";
import type { SessionNews } from "../core/news.ts";
import { DistanceMeasurer, type DistanceParts } from "../distance.ts";
import { SwarmSession } from "../session.ts";
import { SimCard } from "./sim-card.ts";
import { SimClock } from "./sim-clock.ts";
import { SimPath } from "./sim-path.ts";
import { type SimServer, SimSocket } from "./sim-server.ts";

export type Depth = "control" | "sound" | "whole";

/** What everybody has where files are ideal. */
export const IDEAL_SONG_ID = "5".repeat(64) as FileId;
export const IDEAL_SONG_IDS = [IDEAL_SONG_ID, "6".repeat(64) as FileId, "7".repeat(64) as FileId];
const SWARM_ID = "0".repeat(32) as SwarmId;
const SONG_SEC = 600;
/** Of the others. */
const OTHER_SONG_SEC = 9;
/** Four pieces that begin as an MP3 does. */
const SIM_SONG = Uint8Array.from(
  { length: 200_000 },
  (_, index) => [0x49, 0x44, 0x33][index] ?? (index * 7919) % 251,
);
const MAX_CLOCK_OFF_PPM = 40;
const MAX_CARD_OFF_PPM = 150;

/** Of some of the bytes: nobody forges any here, and hashing them all would take longer than the rest of a storm. */
const HASHED_EACH = 509;
const sampledHash = (bytes: Uint8Array): Uint8Array =>
  sha256(
    Uint8Array.from(
      { length: Math.ceil(bytes.length / HASHED_EACH) },
      (_, index) => bytes[index * HASHED_EACH] ?? 0,
    ),
  );
/** In the same turn, as no worker or thread pool answers in virtual time. */
const plainHasher: Hasher = {
  digest: async (bytes) => ({ hash: sampledHash(bytes), bytes }),
};

const SIM_MANIFEST = makeManifest(
  SIM_SONG.length,
  piecesOf(SIM_SONG).map((piece) => sampledHash(piece)),
);
/** The song that the first device brings where files are real. */
export const SIM_SONG_ID = fileIdOf(SIM_MANIFEST);

/** What a File has that matters here, without the browser's threads. */
const simFile = {
  name: "song.mp3",
  size: SIM_SONG.length,
  arrayBuffer: async () => SIM_SONG.slice().buffer,
  slice: (from: number, to: number) => ({ arrayBuffer: async () => SIM_SONG.slice(from, to).buffer }),
} as unknown as File;

/** Spends nothing on secrecy: the envelope around it, with its sizes and its replay window, is the real one. */
const plainCipher: Cipher = () => ({
  encrypt: (plain) => {
    const sealed = new Uint8Array(plain.length + 16);
    sealed.set(plain);
    return sealed;
  },
  decrypt: (sealed) => sealed.subarray(0, sealed.length - 16),
});

/** Nobody forges anything here: what is signed is believed, and a session key begins with its user id. */
export const plainPrimitives: Primitives = {
  cipher: plainCipher,
  sign: () => new Uint8Array(64),
  hasSigned: () => true,
  publicKeyOf: (seed) => seed,
  userIdOf: (publicKey) => toHex(publicKey.subarray(0, 16)) as UserId,
  agreementKeyOf: (secret) => secret,
  agree: () => new Uint8Array(32),
};

export interface SimWorld {
  readonly clock: EventClock;
  readonly random: SeededRandom;
  readonly server: SimServer;
  readonly network: FakeNetwork;
  readonly depth: Depth;
  /** Stores answer as discs do; else in the same turn. */
  readonly areStoresSlow?: boolean;
}

export class SimDevice {
  readonly userId: UserId;
  readonly clock: SimClock;
  readonly path: SimPath;
  readonly card: SimCard | null;
  readonly session: SwarmSession;
  /** Set when the server refused it for good. */
  refusal: string | null = null;
  /** Gone without a word: battery empty. */
  isDead = false;
  isVisible = true;
  /** Hears nothing of the room: what comes of a calibration is what it is told to find. */
  ear: CalibrationParts = {
    delaysFor,
    openMicrophone: async () => ({
      recordingFrom: () => ({ samples: new Float32Array(1), sampleRate: 48_000, startFrame: 0 }),
      close: () => undefined,
    }),
    measureInWorker: async (devices) => Array.from({ length: devices }, () => ({ verdict: "unheard" })),
  };
  /** The same of a distance. */
  distanceEar: DistanceParts = {
    openMicrophone: () => this.ear.openMicrophone(() => this.clock.nowMs()),
    hearInWorker: async () => [],
  };
  /** What measurements have told this device. */
  readonly appliedCalibration: (SessionNews & { code: "lined-up" })[] = [];
  /** What the page was told of who directs. */
  readonly told: (SessionNews & { code: "director-changed" })[] = [];
  /** What was refused of the queue. */
  readonly refusals: string[] = [];
  readonly #ideal: IdealPlayer | null;

  constructor(
    readonly name: string,
    world: SimWorld,
  ) {
    const { random, server } = world;
    this.userId = userIdOf(name, random);
    this.clock = new SimClock(
      world.clock,
      world.clock.nowMs() - 10_000 * random.fraction(),
      off(random, MAX_CLOCK_OFF_PPM),
    );
    this.path = new SimPath(
      world.clock,
      random,
      0.3 + 25 * random.fraction() ** 3,
      3 * random.fraction() ** 2,
    );
    const own = new SeededRandom(Math.floor(random.fraction() * 2 ** 32));
    if (world.depth === "control") {
      this.card = null;
      this.#ideal = new IdealPlayer(this.clock);
    } else {
      this.card = new SimCard(world.clock, this.clock, own, off(random, MAX_CARD_OFF_PPM));
      this.#ideal = null;
    }
    // Who sleeps answers nobody: least of all a ping, with a time that stands.
    const toPage = world.network.createFor((task) => this.clock.deliver(task));
    const player: Player = this.card
      ? new Player(
          this.clock,
          () => undefined,
          () => this.session.soundChanged(),
          this.card.platform,
        )
      : (this.#ideal as unknown as Player);
    player.unlock();
    const memory = new MemoryStore();
    const store = world.areStoresSlow ? new SlowStore(memory, this.clock, own) : memory;
    this.session = new SwarmSession({
      clock: this.clock,
      random: own,
      keys: keysOf(this.userId),
      epoch: 1,
      server: "ws://server.test",
      player,
      home: new PageHome(store, this.clock, plainHasher),
      name,
      role: "all",
      tappedLocalMs: this.clock.nowMs(),
      onEvent: (event) => {
        if (event.code === "refused") this.refusal = event.refusal;
        if (event.code === "director-changed") this.told.push(event);
        if (event.code === "queue-refused") this.refusals.push(event.refusal);
        if (event.code !== "lined-up") return;
        this.appliedCalibration.push(event);
        this.session.setSpeakerDelay(event.delayMs);
      },
      onChange: () => undefined,
      platform: {
        // Nothing here may wait for the world outside of virtual time, as for a script or a Worker.
        givePlayerParts: (_clock, give) => {
          give(
            playerPartsWith(
              (parts) =>
                new FileSounds(parts, {
                  indexOf: async () => null,
                  decode: () => Promise.reject(new Error("no slices here")),
                  loadWholeDecoder: async () => wholeDecoding,
                  turn: () => 0,
                }),
              () => 0,
            ),
          );
          return () => undefined;
        },
        primitives: plainPrimitives,
        isPhone: () => false,
        loadCalibration: async () => this.ear,
        loadDistance: async () => (options) => new DistanceMeasurer(options, this.distanceEar),
        makeSocket: () => new SimSocket(server, this.clock, this.path) as unknown as WebSocket,
        openSwarm: (options) =>
          world.depth === "whole"
            ? new Swarm({ ...options, createConnection: toPage })
            : (new IdealSwarm() as unknown as Swarm),
      },
    });
    this.session.setSpeakerDelay(Math.floor(random.fraction() * 300));
  }

  /** Adds the song of the simulation where files are real; again does nothing. */
  addSong(): void {
    // Who leaves while it is being read adds nothing.
    if (this.session.swarm instanceof Swarm) this.session.addFile(simFile).catch(() => undefined);
  }

  holds(fileId: FileId): boolean {
    return this.session.swarm.files.value.some((file) => file.fileId === fileId && file.seeded);
  }

  /** Seconds into the song that leave the loudspeaker now; null while nothing sounds. */
  get heardSec(): number | null {
    return this.card ? this.card.heardSec : (this.#ideal?.heardSec ?? null);
  }
}

function piecesOf(content: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  let from = 0;
  return Array.from({ length: pieceCountOf(content.length) }, (_, piece) => {
    const sizeBytes = pieceSizeOf(content.length, piece);
    from += sizeBytes;
    return content.slice(from - sizeBytes, from);
  });
}

const off = (random: Random, maxPpm: number): number => (2 * random.fraction() - 1) * maxPpm;

/** Names do not decide who has the lowest user id. */
function userIdOf(name: string, random: Random): UserId {
  const salt = Math.floor(random.fraction() * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
  const hex = Array.from(name, (char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  return `${salt}${hex}`.padEnd(32, "0").slice(0, 32) as UserId;
}

export const keysOf = (userId: UserId): SwarmKeys => ({
  sessionSeed: fromHex(userId.padEnd(64, "0")),
  swarmId: SWARM_ID,
  shard: "ab12",
  broadcastKey: new Uint8Array(32),
  pairKey: new Uint8Array(32),
  bindKey: new Uint8Array(32),
  admissionSeed: new Uint8Array(32),
  userId,
  sessionPublicKey: fromHex(userId.padEnd(64, "0")),
});

/** A loudspeaker that is always exactly where the timeline wants it, and has the song decoded. */
class IdealPlayer {
  readonly isUnlocked = true;
  readonly isInterrupted = false;
  readonly sampleRate = 48_000;
  readonly openAheadSec = 30;
  loadedId: string | null = IDEAL_SONG_ID;
  readonly #clock: SimClock;
  #lanes: readonly Lane[] = [];
  #timeline: Timeline | null = null;
  #startSec = (): number => 0;

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  get durationSec(): number {
    return this.loadedId === IDEAL_SONG_ID ? SONG_SEC : OTHER_SONG_SEC;
  }

  get decodedSec(): number {
    return this.durationSec;
  }

  get heardSec(): number | null {
    const sec = this.#timeline?.(this.#clock.nowMs()) ?? -1;
    if (sec < this.#startSec()) return null;
    const lane = this.#lanes.findLast(({ startSec }) => startSec <= sec) ?? this.#lanes[0];
    return lane ? sec - lane.startSec + lane.fromSec : sec;
  }

  setLanes(lanes: readonly Lane[]): void {
    this.#lanes = lanes;
  }

  isLoaded(fileId: string): boolean {
    return this.loadedId === fileId;
  }

  lengthOf(fileId: string) {
    return this.isLoaded(fileId) ? this : null;
  }

  soundOf(): null {
    return null;
  }

  keepOnly(): void {}

  play(timeline: Timeline, startSec: () => number = () => 0): void {
    this.#timeline = timeline;
    this.#startSec = startSec;
  }

  stop(): void {
    this.#timeline = null;
  }

  async load(fileId: FileId): Promise<void> {
    this.loadedId = fileId;
  }

  loadSound(id: string): void {
    this.#lanes = [];
    this.loadedId = id;
  }

  unload(): void {
    this.loadedId = null;
  }

  readonly isSettled = true;

  unlock(): void {}
  soundWith(): void {}
  rest(): void {}
  redirect(): void {}
  replan(): void {}
  setHidden(): void {}
  setRole(): void {}

  read(): PlaybackReading {
    const positionSec = this.heardSec;
    const state = this.#timeline === null ? "idle" : positionSec === null ? "scheduled" : "playing";
    const isPlaying = state === "playing";
    return {
      state,
      positionSec,
      errorMs: isPlaying ? 0 : null,
      uncertaintyMs: isPlaying ? 0 : null,
      ratePpm: isPlaying ? 0 : null,
      outputLatencyMs: 0,
      startMs: 0,
      durationSec: this.durationSec,
      decodedSec: this.decodedSec,
      decodeOffsetMs: 0,
      rejoins: 0,
      needsTap: false,
      queuedSec: null,
      lateSegments: 0,
    };
  }
}

/** Everybody has held the song for ever. */
class IdealSwarm implements Partial<Swarm> {
  readonly files = {
    value: IDEAL_SONG_IDS.map((fileId) => ({ fileId, seeded: true, sources: [], offeredBy: [] })),
  } as unknown as Swarm["files"];

  readonly pieceMaps = [];

  indexOf(): null {
    return null;
  }

  finalOf(fileId: FileId): FileId {
    return fileId;
  }

  async readBytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(1);
  }

  annotationOf(): null {
    return null;
  }

  onEvent(): () => void {
    return () => undefined;
  }

  prioritize(): void {}
  setNeeds(): void {}
  wake(): void {}
  setMembers(): void {}
  setPlaying(): void {}
  reportRtt(): void {}
  receiveSignal(): void {}
  async close(): Promise<void> {}
}
