// The home of bulk in a Worker: the store of the session, and the plane of whichever swarm uses it. The main thread's clock is
// followed by what its messages say, as each thread counts from its own beginning. Requests are taken in order.

import { type Clock, FileError, realClock } from "../../lib/index.ts";
import { Content } from "../store/content.ts";
import { InlineHasher } from "../store/hash.ts";
import { openBestStore } from "../store/open-store.ts";
import { refusalCode } from "../store/refusal.ts";
import type { PieceStore } from "../store/store.ts";
import type { WorkerReply, WorkerRequest } from "./messages.ts";
import { BulkPlane } from "./plane.ts";
import { HashBatch, SOON_MS } from "./reports.ts";

interface WorkerPort {
  onmessage: ((event: MessageEvent<WorkerRequest>) => void) | null;
  postMessage(reply: WorkerReply, transfer?: Transferable[]): void;
}

const port = globalThis as unknown as WorkerPort;

/** The main thread's local time, at most as late as its quickest message. */
let aheadMs = Number.NEGATIVE_INFINITY;
const mainClock: Clock = { ...realClock, nowMs: () => realClock.nowMs() + aheadMs };
const hear = (localMs: number): void => {
  aheadMs = Math.max(aheadMs, localMs - realClock.nowMs());
};

let store: PieceStore | null = null;
let plane: BulkPlane | null = null;

port.onmessage = ({ data: request }) => {
  switch (request.to) {
    case "home":
      openBestStore({ clock: realClock, session: request.session }).then((opened) => {
        store = opened.store;
        port.postMessage({ from: "home", capacityBytes: store.capacityBytes });
      });
      return;
    case "open": {
      hear(request.localMs);
      plane?.close();
      if (!store) return;
      const { line } = request;
      plane = new BulkPlane({
        clock: mainClock,
        content: new Content(store, new InlineHasher(), mainClock),
        reportsApartMs: SOON_MS,
        report: (reports) => {
          const frames = reports.flatMap((report) => (report.type === "relay" ? [report.frame] : []));
          port.postMessage({ from: "plane", line, reports }, frames);
        },
      });
      return;
    }
    case "end":
      plane?.close();
      return;
    case "plane":
      hear(request.localMs);
      for (const call of request.calls) plane?.take(call);
      return;
    case "content":
      answer(request);
      return;
    case "stop":
      stopped.add(request.id);
      return;
    case "alive":
      port.postMessage({ from: "alive" });
      return;
    case "close":
      plane?.close();
      // What cannot be wiped now is wiped on the next start.
      (store?.close() ?? Promise.resolve())
        .catch(() => undefined)
        .then(() => port.postMessage({ from: "closed" }));
      return;
  }
};

/** Readings of files of which no more is wanted. */
const stopped = new Set<number>();

function answer({ id, method, args }: Extract<WorkerRequest, { to: "content" }>): void {
  if (!plane) {
    const error = { code: "file-unreadable", detail: "no swarm is open" } as const;
    port.postMessage({ from: "content", id, error });
    return;
  }
  const hashes = new HashBatch(realClock, (batch) => port.postMessage({ from: "hashes", id, hashes: batch }));
  const onPiece = (_piece: number, sha256: Uint8Array): void => {
    if (stopped.has(id)) throw new FileError("file-unreadable", "it was not wanted any more");
    hashes.add(sha256);
  };
  const asked = plane.ask(method, method === "ingest" ? [...args, onPiece] : args);
  asked
    .finally(() => {
      hashes.flush();
      stopped.delete(id);
    })
    .then(
      (value) => {
        const transfer = value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [];
        port.postMessage({ from: "content", id, value }, transfer);
      },
      (cause: unknown) => {
        const code = cause instanceof RangeError ? "range" : refusalCode(cause);
        port.postMessage({ from: "content", id, error: { code, detail: String(cause) } });
      },
    );
}
