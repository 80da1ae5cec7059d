// What a tap on the queue or the programme's controls does: loaded with the session, as nobody taps on them before. Seconds and per
// cent, as people see them.

import type { SwarmSession } from "../session/index.ts";
import type { Actions } from "../view/index.ts";

export type QueueActions = Pick<
  Actions,
  | "queueFile"
  | "removeEntry"
  | "moveEntry"
  | "boostEntry"
  | "clearQueue"
  | "lockQueue"
  | "goNext"
  | "goBack"
  | "setRepeat"
  | "setTempo"
  | "setCrossfade"
  | "setLoop"
>;

/** Nothing happens while there is no session. */
export function queueActions(session: () => SwarmSession | null): QueueActions {
  return {
    queueFile: (fileId, place) => session()?.queueFile(fileId, place),
    removeEntry: (entryId) => session()?.askQueue({ type: "remove", entryId }),
    moveEntry: (entryId, beforeId) => session()?.askQueue({ type: "move", entryId, beforeId }),
    boostEntry: (entryId, isOn) => session()?.askQueue({ type: "boost", entryId, isOn }),
    clearQueue: () => session()?.askQueue({ type: "clear" }),
    lockQueue: (isLocked) => session()?.askQueue({ type: "lock", isLocked }),
    goNext: () => session()?.goNext(),
    goBack: () => session()?.goBack(),
    setRepeat: (repeat) => session()?.setProgramme({ repeat }),
    setTempo: (tempo) => session()?.setProgramme({ tempo }),
    setCrossfade: (crossfadeSec) => session()?.setProgramme({ crossfadeMs: crossfadeSec * 1000 }),
    setLoop: (loopSec) =>
      session()?.setProgramme({ loopUs: loopSec && [loopSec[0] * 1e6, loopSec[1] * 1e6] }),
  };
}
