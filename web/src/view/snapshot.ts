// `window.unisono.snapshot()`: what tests, scripts and support may rely on (docs/stable-names.md). Plain JSON, no key, no IP.
// Pure.

import type { SessionFacts } from "../session/index.ts";

export type Phase = "home" | "joining" | "joined" | "left";

/** `failure`: the fault of this page that kept it out. Its words may hold addresses, which do not belong here. */
export function makeSnapshot(phase: Phase, name: string, facts: SessionFacts | null, failure: string | null) {
  const estimate = facts?.estimate ?? null;
  const playback = facts?.playback ?? null;
  const plan = facts?.plan ?? null;
  return {
    v: 1,
    phase,
    failure: failure?.replace(/\S*:\/\/\S*/g, "…").slice(0, 200) ?? null,
    userId: facts?.me ?? null,
    name,
    control: { state: facts?.control ?? "idle", nodeId: facts?.nodeId ?? null },
    clock: {
      state: facts?.clockState ?? "unsynced",
      clockId: estimate?.clockId ?? null,
      offsetMs: estimate?.offsetMs ?? null,
      driftPpm: estimate?.driftPpm ?? null,
      uncertaintyMs: estimate?.uncertaintyMs ?? null,
      rttMs: estimate?.rttMs ?? null,
      probes: estimate?.probes ?? 0,
      stepMs: facts?.clockStepMs ?? null,
      disagreementMs: facts?.disagreement?.byMs ?? null,
    },
    director: {
      userId: facts?.directorId ?? null,
      term: facts?.term ?? 0,
      isMe: facts !== null && facts.directorId === facts.me,
    },
    peers: (facts?.people ?? []).map((person) => ({
      userId: person.userId,
      name: person.name,
      isMe: person.isMe,
      away: person.isAway,
      visible: person.isVisible,
      linked: person.link === "open",
      relayed: person.isRelayed,
      ready: person.isReady,
      syncErrorMs: person.syncErrorMs,
      aligned: !person.isUnaligned,
      role: person.role ?? "all",
    })),
    plan: {
      state: plan?.state ?? "stopped",
      fileId: plan?.fileId ?? null,
      globalStartUs: plan?.globalStartUs ?? 0,
      positionUs: plan?.positionUs ?? 0,
      rev: plan?.rev ?? 0,
      entryId: plan?.entryId ?? null,
      tempo: (plan?.tempo ?? 100) / 100,
      repeat: plan?.repeat ?? "off",
      loopSec: plan?.loopUs?.map((us) => us / 1e6) ?? null,
    },
    queue: (facts?.queue.entries ?? []).map(({ entryId, fileId, addedBy, boosts }) => ({
      entryId,
      fileId,
      addedBy,
      boosts: boosts.length,
    })),
    playback: {
      state: playback?.state ?? "idle",
      positionSec: playback?.positionSec ?? null,
      errorMs: playback?.errorMs ?? null,
      uncertaintyMs: playback?.uncertaintyMs ?? null,
      ratePpm: playback?.ratePpm ?? null,
      outputLatencyMs: playback?.outputLatencyMs ?? null,
      speakerDelayMs: facts?.speakerDelayMs ?? 0,
      decodeOffsetMs: playback?.decodeOffsetMs ?? null,
      rejoins: playback?.rejoins ?? 0,
      lateSegments: playback?.lateSegments ?? 0,
      queuedSec: playback?.queuedSec ?? null,
      windowSec: facts?.windowSec ?? null,
      role: facts?.role ?? "all",
    },
    files: (facts?.files ?? []).map((file) => ({
      fileId: file.fileId,
      name: file.name,
      sizeBytes: file.sizeBytes,
      heldBytes: file.heldBytes,
      seeded: file.seeded,
      enabled: file.enabled,
      offeredBy: [...file.offeredBy],
      decodable: !facts?.refusals.has(file.fileId),
      heardSec: facts?.shortages.get(file.fileId)?.heardSec ?? null,
      durationSec: facts?.playable.get(file.fileId)?.durationSec ?? null,
      playableSec: facts?.playable.get(file.fileId)?.playableSec ?? null,
    })),
    transfer: {
      sentBytes: facts?.totals.sentBytes ?? 0,
      receivedBytes: facts?.totals.receivedBytes ?? 0,
      duplicateBytes: facts?.totals.duplicateBytes ?? 0,
      badPieces: facts?.totals.badPieces ?? 0,
      links: facts?.totals.links ?? 0,
      isGivingLittle: facts?.isGivingLittle ?? false,
      paceBytesPerSec: facts ? Math.round(facts.pace.bytesPerSec) : null,
      queueMs: facts?.pace.queueMs ?? null,
    },
    timings: {
      controlOpenMs: facts?.timings.controlOpenMs ?? null,
      clockLockedMs: facts?.timings.clockLockedMs ?? null,
      firstPeerMs: facts?.timings.firstPeerMs ?? null,
      firstSoundMs: facts?.timings.firstSoundMs ?? null,
    },
  };
}

export type Snapshot = ReturnType<typeof makeSnapshot>;
