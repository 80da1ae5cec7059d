// What people see of the queue, and what its buttons and the programme's do here (rules Q4–Q11, Q28–Q30). Pure.

import type { EntryId, FileId, UserId } from "../lib/index.ts";
import { applyRequest, type QueueEntry, type SessionFacts, upcoming } from "../session/index.ts";
import type { ProgrammeControlsView, QueueEntryView, QueueView } from "./view.ts";

export function viewProgrammeControls(facts: SessionFacts): ProgrammeControlsView {
  const { plan, queue } = facts;
  const isDirector = facts.directorId === facts.me;
  const repeat = plan.repeat === "one" ? "off" : plan.repeat; // Next leaves what repeats
  const isChosen = plan.entryId !== null;
  const next = isChosen
    ? upcoming({ ...plan, repeat }, queue).next
    : queue.entries.filter(({ skipped }) => skipped === null);
  return {
    repeat: plan.repeat,
    tempo: plan.tempo,
    crossfadeSec: plan.crossfadeMs / 1000,
    loopSec: plan.loopUs && [plan.loopUs[0] / 1e6, plan.loopUs[1] / 1e6],
    canGoNext: isDirector && next.length > 0,
    canGoBack: isDirector && (isChosen || queue.played.some(({ skipped }) => skipped === null)),
    canChange: isDirector,
  };
}

export function viewQueue(facts: SessionFacts): QueueView {
  const { queue, plan, me } = facts;
  const isDirector = facts.directorId === me;
  const at = queue.entries.findIndex(({ entryId }) => entryId === plan.entryId);
  const asking = { by: me, isDirector, currentId: plan.entryId };
  const add = { type: "add", fileId: "" as FileId, durationUs: null, place: "end" } as const;
  const { refusal } = applyRequest(queue, { requestId: "" as EntryId, op: add }, asking);
  return {
    entries: queue.entries.map((entry, index) => viewEntry(entry, index - at, facts)),
    planState: plan.state,
    isLocked: queue.isLocked,
    canLock: isDirector,
    canClear: isDirector && queue.entries.length > at + 1,
    cannotAdd: refusal as QueueView["cannotAdd"],
    remainingSec: queue.entries.length > 0 ? facts.programmeEndsInSec : null,
  };
}

/** `behind`: how many places behind what plays; nothing is chosen where that is one more than its place. */
function viewEntry(entry: QueueEntry, behind: number, facts: SessionFacts): QueueEntryView {
  const { me, directorId, queue } = facts;
  const file = facts.files.find(({ fileId }) => fileId === entry.fileId);
  const said = facts.songs.get(entry.fileId);
  const isDirector = directorId === me;
  const isMine = entry.addedBy === me;
  const isFree = isDirector || !queue.isLocked;
  const isToCome = behind > 0;
  return {
    entryId: entry.entryId,
    fileId: entry.fileId,
    name: file?.name ?? "",
    title: said?.title ?? null,
    artist: said?.artist ?? null,
    coverUrl: said?.coverUrl ?? null,
    addedByName: nameOf(facts, entry.addedBy),
    isMine,
    durationSec: entry.durationUs === null ? null : entry.durationUs / 1e6,
    isCurrent: behind === 0,
    isOver: behind < 0,
    boosts: entry.boosts.length,
    isBoostedByMe: entry.boosts.includes(me),
    canBoost: isToCome && isFree,
    canMove: isToCome && isFree && (isMine || isDirector),
    canRemove: (isToCome && (isMine || isDirector)) || (behind === 0 && isDirector),
    skipped: entry.skipped,
    heldShare: file ? file.heldBytes / Math.max(1, file.sizeBytes) : 0,
  };
}

const nameOf = ({ people }: SessionFacts, userId: UserId): string =>
  people.find((person) => person.userId === userId)?.name ?? "";
