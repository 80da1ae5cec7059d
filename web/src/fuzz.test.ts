// Every parser of what comes from outside, fed with noise and with valid input that was cut, spliced and flipped, each from
// a seed. A parser refuses with an error of its own kind or takes; anything else is a bug, named by the seed in the message.
// UNISONO_FUZZ_INPUTS=1000000 runs more of it (bench/fuzz.py).

import { describe, expect, it } from "vitest";
import { readAddress } from "./app/address.ts";
import { takeIdentity } from "./app/storage/identity.ts";
import { decodeAnchor } from "./audio/index/anchor-annotation.ts";
import { readSoundLength } from "./audio/index/length/sound-length.ts";
import { isPlainlyNotAudio } from "./audio/index/sniff.ts";
import { parseAnnouncement } from "./control/announcement.ts";
import { MAX_CONTENT_BYTES, Sealer } from "./control/envelope.ts";
import { canonicalKey, extractKey, formatKey, isWeakKey } from "./control/key.ts";
import { type Primitives, realPrimitives } from "./control/primitives.ts";
import { parseServerMessage } from "./control/server-message.ts";
import { currentAt, EMPTY_PLAN, type Plan, programme, type Queue, type QueueOp } from "./director/index.ts";
import {
  concatBytes,
  type EntryId,
  type FileId,
  fromBase64Url,
  fromUtf8,
  KeyError,
  randomBelow,
  type SwarmId,
  toBase64Url,
  type UserId,
  utf8,
  WireError,
} from "./lib/index.ts";
import { SeededRandom } from "./lib/testing/index.ts";
import { CTL_VERSION } from "./protocol/constants/transfer.gen.ts";
import { decodePeerMessage, encodePeerMessage } from "./session/core/peer-message.ts";
import { cleanName } from "./session/core/person-name.ts";
import { PLAIN_STATUS } from "./session/testing/sim-member.ts";
import { Bitfield } from "./transfer/core/bitfield.ts";
import { CtlInbox, encodeCtl } from "./transfer/core/ctl.ts";
import { cleanFileName } from "./transfer/core/file-name.ts";
import { encodeChunk, parseChunk } from "./transfer/core/frames.ts";
import { encodeHashes, fileIdOf, makeManifest, parseManifest } from "./transfer/core/manifest.ts";
import { fingerprintsIn } from "./transfer/net/fingerprints.ts";

const INPUTS = Number(process.env.UNISONO_FUZZ_INPUTS ?? 2_000);
const LIMIT_MS = 3_600_000;
const SHOWABLE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200b\u200e\u200f\u061c\u202a-\u202e\u2060-\u206f]*$/u;

const ADA = "a".repeat(32) as UserId;
const SWARM = "0".repeat(32) as SwarmId;

/** The envelope's own parsing, reached by whatever opens: a cipher that hides nothing. */
const opened: Primitives = {
  ...realPrimitives,
  cipher: () => ({
    encrypt: (plain) => concatBytes(new Uint8Array(16), plain),
    decrypt: (sealed) => sealed.subarray(16),
  }),
  sign: () => new Uint8Array(64),
  hasSigned: () => true,
  publicKeyOf: (seed) => seed,
  userIdOf: () => ADA,
  agreementKeyOf: (secret) => secret,
  agree: () => new Uint8Array(32),
};

function sealer(): Sealer {
  const key = new Uint8Array(32);
  const keys = {
    swarmId: SWARM,
    userId: ADA,
    broadcastKey: key,
    pairKey: key,
    bindKey: key,
    sessionSeed: key,
  };
  const made = new Sealer(keys, 1, new SeededRandom(1), opened);
  made.meet(ADA, toBase64Url(key), made.announcement);
  return made;
}

const welcome = {
  type: "welcome",
  clockId: "c",
  nodeId: "n",
  members: [{ userId: ADA, away: false, sessionKey: "A".repeat(43), announcement: "AAAA" }],
  limits: {
    maxFrameBytes: 1,
    maxBodyChars: 1,
    messagesPerSec: 1,
    messageBurst: 1,
    bytesPerSec: 1,
    byteBurst: 1,
    maxMembers: 1,
  },
  iceServers: [{ urls: ["stun:x"] }],
  iceSec: 7200,
  graceSec: 15,
};
const manifest = makeManifest(100_000, [new Uint8Array(32), new Uint8Array(32).fill(1)]);
const ENTRY = {
  entryId: "0123456789abcdef" as EntryId,
  fileId: "c".repeat(64) as FileId,
  addedBy: ADA,
  durationUs: 2e8,
  skipped: null,
  boosts: [ADA],
};
const queue: Queue = {
  stamp: { term: 1, userId: ADA, rev: 2 },
  isLocked: false,
  entries: [ENTRY, { ...ENTRY, entryId: "1123456789abcdef" as EntryId, durationUs: null }],
  played: [{ ...ENTRY, entryId: "2123456789abcdef" as EntryId, boosts: [] }],
  done: [ENTRY.entryId],
};
const { entryId, fileId } = ENTRY;
const QUEUE_OPS: readonly QueueOp[] = [
  { type: "add", fileId, durationUs: 1e8, place: "next" },
  { type: "remove", entryId },
  { type: "move", entryId, beforeId: entryId },
  { type: "boost", entryId, isOn: true },
  { type: "lock", isLocked: true },
];
const playing: Plan = {
  ...EMPTY_PLAN,
  clockId: "c",
  state: "playing",
  fileId,
  entryId,
  loopUs: [1e6, 5e6],
  repeat: "all",
};
const heartbeat = { record: { term: 1, userId: ADA, resigned: false }, plan: EMPTY_PLAN };

interface Target {
  readonly seeds: readonly Uint8Array[];
  /** Errors by which it may refuse. */
  readonly refusals: readonly (new (
    ...args: never[]
  ) => Error)[];
  parse(bytes: Uint8Array<ArrayBuffer>): void;
}

const loose = new TextDecoder();
const text = (...texts: readonly string[]) => texts.map((each) => utf8(each));

const TARGETS: Readonly<Record<string, Target>> = {
  "server messages": {
    seeds: text(
      JSON.stringify(welcome),
      '{"type":"pong","id":1,"t0":0.5,"t1":1,"t2":2,"clockId":"c"}',
      `{"type":"relayed","from":"${ADA}","body":"AAAA"}`,
      '{"type":"goaway","retryAfterMs":5}',
    ),
    refusals: [WireError],
    parse: (bytes) => void parseServerMessage(loose.decode(bytes)),
  },
  announcements: {
    seeds: text(sealer().announcement),
    refusals: [WireError],
    parse: (bytes) => void parseAnnouncement(loose.decode(bytes)),
  },
  envelopes: {
    seeds: [sealer().seal(ADA, utf8("x"))],
    refusals: [WireError],
    parse(bytes) {
      const whole = new Uint8Array(256); // any other length is refused at once
      whole.set(bytes.subarray(0, 256));
      sealer().open(ADA, whole);
    },
  },
  "peer messages": {
    seeds: [
      encodePeerMessage({ kind: "heartbeat", heartbeat, queueStamp: null }),
      encodePeerMessage({
        kind: "heartbeat",
        heartbeat: { ...heartbeat, plan: playing },
        queueStamp: { term: 2, userId: ADA, rev: 1 },
      }),
      encodePeerMessage({ kind: "queue", queue }),
      encodePeerMessage({ kind: "role-request", request: { role: "low", choice: 3, term: 2, rev: 1 } }),
      encodePeerMessage({
        kind: "status",
        status: {
          ...PLAIN_STATUS,
          role: {
            role: "left",
            hasConsented: true,
            choice: 4_096,
            answer: { stamp: { term: 2, userId: ADA, rev: 1 }, code: "asking" },
          },
        },
        asks: false,
      }),
      ...QUEUE_OPS.map((op) =>
        encodePeerMessage({ kind: "queue-request", request: { requestId: entryId, op } }),
      ),
      ...text(
        '{"k":"c","c":["0123456789abcdef","candidate:1","0"]}',
        '{"k":"g","g":{"kind":"bye","session":"0123456789abcdef"}}',
        `{"k":"m","m":{"act":"call","clockId":"n","startGlobalUs":1,"order":["${"a".repeat(32)}","${"b".repeat(32)}"]}}`,
      ),
    ],
    refusals: [WireError],
    parse(bytes) {
      const message = decodePeerMessage(bytes);
      if (message.kind === "status") expect(message.status.name).toMatch(SHOWABLE);
      // Whatever was taken can be said again, and costs no more than a moment to reckon with.
      if (message.kind === "queue") {
        expect(encodePeerMessage(message).length).toBeLessThanOrEqual(MAX_CONTENT_BYTES);
        programme(playing, message.queue, 0, 9e7);
      }
      if (message.kind === "heartbeat") currentAt(message.heartbeat.plan, queue, 1e14);
    },
  },
  "control messages": {
    seeds: text(
      encodeCtl({ type: "hello", v: CTL_VERSION, proof: "AAAA" }, 0),
      encodeCtl({ type: "request", fileId: fileIdOf(manifest), pieces: [1], isDue: true }, 0),
      encodeCtl({ type: "index", fileId: fileIdOf(manifest), index: "AQID" }, 0),
      encodeCtl({ type: "catalog", files: [] }, 0),
    ),
    refusals: [],
    parse: (bytes) => void new CtlInbox().take(loose.decode(bytes), 0),
  },
  chunks: {
    seeds: [new Uint8Array(encodeChunk({ slot: 1, piece: 2, offsetBytes: 3, payload: utf8("song") }))],
    refusals: [WireError],
    parse: (bytes) => void parseChunk(bytes.buffer),
  },
  manifests: {
    seeds: text(encodeHashes(manifest)),
    refusals: [WireError],
    parse: (bytes) => void parseManifest(fileIdOf(manifest), 100_000, loose.decode(bytes)),
  },
  bitfields: {
    seeds: text(new Bitfield(100).encode()),
    refusals: [RangeError],
    parse: (bytes) => void Bitfield.decode(loose.decode(bytes), 100),
  },
  anchors: {
    seeds: [new Uint8Array(64), new Uint8Array(6152)],
    refusals: [],
    parse: (bytes) => void decodeAnchor(bytes),
  },
  "sound files": {
    seeds: [
      ...text(
        "RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0",
        "fLaC\0\0\0\x22",
        "OggS\0\x02",
        "ID3\x03\0\0\0\0\0\0",
      ),
      ...text("\0\0\0\x18ftypM4A \0\0\0\0\0\0\0\x08moov\0\0\0\x08mvhd", "FORM\0\0\0\x2eAIFFCOMM\0\0\0\x12"),
      Uint8Array.of(0xff, 0xfb, 0x90, 0x64, 0, 0, 0, 0, 0x1a, 0x45, 0xdf, 0xa3, 0x18, 0x53, 0x80, 0x67),
    ],
    refusals: [],
    parse(bytes) {
      isPlainlyNotAudio(bytes);
      readSoundLength(bytes);
    },
  },
  "keys and links": {
    seeds: text("K7QF-9TXM-2B4D", "https://x.test/#k7qf9txm2b4d?server=wss://y.test", "caf%C3%A9"),
    refusals: [KeyError],
    parse(bytes) {
      const typed = loose.decode(bytes);
      const at = { hash: `#${typed}`, host: "x.test", pathname: "/", protocol: "https:" };
      expect(readAddress(at).server).toMatch(/^wss?:\/\//);
      isWeakKey(extractKey(typed));
      formatKey(typed);
      canonicalKey(typed);
    },
  },
  names: {
    seeds: text("Blue Heron", "Kestrel\u202e.mp3", "a\u0301\u0301\u0301"),
    refusals: [],
    parse(bytes) {
      const typed = loose.decode(bytes);
      expect(cleanName(typed)).toMatch(SHOWABLE);
      expect(cleanFileName(typed)).toMatch(SHOWABLE);
      expect(Array.from(cleanName(typed)).length).toBeLessThanOrEqual(40);
    },
  },
  "stored identities": {
    seeds: text(`{"seed":"${"00".repeat(32)}","name":"Blue Heron","epoch":3}`),
    refusals: [],
    parse(bytes) {
      const stored = { getItem: () => loose.decode(bytes), removeItem: () => undefined };
      const { name, epoch, sessionSeed } = takeIdentity(stored as unknown as Storage, new SeededRandom(1));
      expect(name).toMatch(SHOWABLE);
      expect(Number.isSafeInteger(epoch) && sessionSeed.length === 32).toBe(true);
    },
  },
  "bytes and fingerprints": {
    seeds: text("QUFB"),
    refusals: [RangeError, TypeError],
    parse(bytes) {
      fingerprintsIn(loose.decode(bytes));
      fromUtf8(fromBase64Url(loose.decode(bytes)));
    },
  },
};

/** Cuts, splices, flips and repeats; now and then, noise alone. */
function mutated(seeds: readonly Uint8Array[], random: SeededRandom): Uint8Array<ArrayBuffer> {
  const pick = (): Uint8Array => seeds[randomBelow(random, seeds.length)] ?? new Uint8Array();
  if (random.fraction() < 0.1) return Uint8Array.from(random.bytes(randomBelow(random, 300)));
  let bytes = [...pick()];
  for (let change = randomBelow(random, 5); change >= 0; change--) {
    const at = randomBelow(random, bytes.length + 1);
    const kind = randomBelow(random, 6);
    if (kind === 0) bytes[at % Math.max(1, bytes.length)] = randomBelow(random, 256);
    if (kind === 1) bytes = bytes.slice(0, at);
    if (kind === 2) bytes.splice(at, randomBelow(random, 8));
    if (kind === 3) bytes.splice(at, 0, ...random.bytes(randomBelow(random, 8)));
    if (kind === 4) bytes.splice(at, 0, ...[...pick()].slice(randomBelow(random, 20)));
    if (kind === 5 && bytes.length > 0) bytes[at % bytes.length] = [0, 0x7f, 0x80, 0xff][change % 4] ?? 0;
  }
  return Uint8Array.from(bytes.slice(0, 20_000));
}

describe("a parser of what comes from outside", () => {
  it.each(Object.keys(TARGETS))(
    "[X1] refuses or takes whatever it is given: %s",
    (name) => {
      const target = TARGETS[name] as Target;
      for (const seed of target.seeds) target.parse(Uint8Array.from(seed)); // the seeds are such that mutations get far
      for (let seed = 1; seed <= INPUTS; seed++) {
        const input = mutated(target.seeds, new SeededRandom(seed));
        try {
          target.parse(input);
        } catch (error) {
          if (target.refusals.some((kind) => error instanceof kind)) continue;
          throw new Error(`${name}, seed ${seed}: ${toBase64Url(input)}`, { cause: error });
        }
      }
    },
    LIMIT_MS,
  );
});
