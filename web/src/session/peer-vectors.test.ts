// The test vectors of what peers say and reckon beyond the control channel, in vectors/: the headless peer (src/unisono/peer)
// must arrive at the same. UNISONO_WRITE_VECTORS=1 writes them anew; tests/peer/test_peer_vectors.py checks its part.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { OffsetEstimator } from "../clock/offset-estimator.ts";
import { TruePath, WIFI } from "../clock/testing/path.ts";
import { steppedBy } from "../clock/testing/stepped.ts";
import { EMPTY_PLAN, type Heartbeat } from "../director/index.ts";
import { type EntryId, type FileId, toHex, type UserId } from "../lib/index.ts";
import { SeededRandom } from "../lib/testing/index.ts";
import { neighboursByPeer } from "../transfer/core/topology.ts";
import { encodePeerMessage, type PeerStatus } from "./core/peer-message.ts";

const FOLDER = join(import.meta.dirname, "../../../vectors");

/** Compares with the stored vector; with UNISONO_WRITE_VECTORS, stores it. */
function check(name: string, actual: unknown): void {
  const path = join(FOLDER, name);
  if (process.env.UNISONO_WRITE_VECTORS) writeFileSync(path, `${JSON.stringify(actual, null, 2)}\n`);
  expect(actual).toEqual(JSON.parse(readFileSync(path, "utf8")));
}

const STEP_MS = 16.667;
const FILE = "f1".repeat(32) as FileId;

describe("the vectors that a headless peer is held to", () => {
  it("[V1] hold for statuses and heartbeats", () => {
    const still: PeerStatus = {
      name: "Bo",
      isVisible: true,
      readyFileId: null,
      isUnable: false,
      rttMs: 12.3,
      speakerDelayMs: 0,
      startMs: 0,
      syncErrorMs: null,
      uncertaintyMs: 0,
      isClicking: false,
      isPhone: true,
      notReadyReason: "decoding",
      troubles: [],
      isOver: false,
      isUnaligned: false,
    };
    const sounding: PeerStatus = {
      ...still,
      name: "Ötzi 🎧",
      readyFileId: FILE,
      speakerDelayMs: 250,
      startMs: 2_000,
      syncErrorMs: -0.5,
      uncertaintyMs: 0.3,
      notReadyReason: null,
      troubles: [
        { filePrefix: "f1".repeat(8), trouble: "short" },
        { filePrefix: "0123456789abcdef", trouble: "too-long" },
      ],
      isOver: true,
      isUnaligned: true,
    };
    const heartbeat: Heartbeat = {
      record: { term: 7, userId: "ab".repeat(16) as UserId, resigned: true },
      plan: {
        term: 6,
        rev: 41,
        clockId: "north-1",
        fileId: FILE,
        state: "playing",
        globalStartUs: 123_456_789.25,
        positionUs: 30_000_000,
        entryId: "0123456789abcdef" as EntryId,
        repeat: "all",
        loopUs: [29_000_000.5, 33_000_000],
        tempo: 85,
        crossfadeMs: 4_000,
      },
    };
    const queueStamp = { term: 5, userId: "cd".repeat(16) as UserId, rev: 0xffffffff };
    const first: Heartbeat = { record: { ...heartbeat.record, resigned: false }, plan: EMPTY_PLAN };
    const ownStamp = { term: 7, userId: first.record.userId, rev: 3 };
    const hexOf = (message: Parameters<typeof encodePeerMessage>[0]) => toHex(encodePeerMessage(message));
    check("peer-messages.json", {
      still: { status: still, asks: true, bytes: hexOf({ kind: "status", status: still, asks: true }) },
      sounding: {
        status: sounding,
        asks: false,
        bytes: hexOf({ kind: "status", status: sounding, asks: false }),
      },
      heartbeat: { heartbeat, queueStamp, bytes: hexOf({ kind: "heartbeat", heartbeat, queueStamp }) },
      first: {
        heartbeat: first,
        queueStamp: ownStamp,
        bytes: hexOf({ kind: "heartbeat", heartbeat: first, queueStamp: ownStamp }),
      },
      noQueue: {
        heartbeat: first,
        queueStamp: null,
        bytes: hexOf({ kind: "heartbeat", heartbeat: first, queueStamp: null }),
      },
    });
  });

  it("[V1] hold for who connects to whom", () => {
    const random = new SeededRandom(5);
    const members = Array.from({ length: 23 }, () => toHex(random.bytes(16)) as UserId);
    const phones = members.filter((_, at) => at % 3 === 0);
    const graph = neighboursByPeer(members, (member) => phones.includes(member));
    const links = Object.fromEntries(
      members.map((member) => [member, [...(graph.get(member) ?? [])].sort()]),
    );
    check("topology.json", { phones, links });
  });

  it("[V1] hold for what probes say of global time", () => {
    const path = new TruePath(new SeededRandom(3), WIFI, 4_000, 35);
    const estimator = new OffsetEstimator();
    const probes = Array.from({ length: 120 }, (_, at) => path.probe(1_000 + 500 * at));
    const offsetMs = probes.map((probe) => {
      estimator.add(probe);
      return estimator.estimate(probe.t3LocalMs)?.offsetMs;
    });
    // The same as a browser tells it that hides the exact time.
    const told = steppedBy(STEP_MS, new SeededRandom(4));
    const coarse = new OffsetEstimator();
    coarse.resolutionMs = STEP_MS;
    const steppedOffsetMs = probes.map((probe) => {
      const stepped = { ...probe, t0LocalMs: told(probe.t0LocalMs), t3LocalMs: told(probe.t3LocalMs) };
      coarse.add(stepped);
      const { t0LocalMs, t3LocalMs } = stepped;
      return [t0LocalMs, t3LocalMs, coarse.estimate(t3LocalMs)?.offsetMs];
    });
    check("offset.json", {
      stepMs: STEP_MS,
      steppedOffsetMs,
      probes: probes.map(({ t0LocalMs, t1GlobalUs, t2GlobalUs, t3LocalMs }) => [
        t0LocalMs,
        t1GlobalUs,
        t2GlobalUs,
        t3LocalMs,
      ]),
      offsetMs,
    });
  });
});
