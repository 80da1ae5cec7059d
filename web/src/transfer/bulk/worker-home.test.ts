// What a Worker is asked while it reads a file, and how its answers are told; what it does itself is tested in browsers.

import { describe, expect, it } from "vitest";
import { FileError, type FileId, type UserId } from "../../lib/index.ts";
import { VirtualClock } from "../../lib/testing/index.ts";
import type { WorkerReply, WorkerRequest } from "./messages.ts";
import { HashBatch, SOON_MS } from "./reports.ts";
import { WorkerHome } from "./worker-home.ts";

const DRAFT = "d0".repeat(32) as FileId;
const hashOf = (piece: number): Uint8Array => new Uint8Array(32).fill(piece);

class FakeWorker {
  onmessage: ((event: { data: WorkerReply }) => void) | null = null;
  onerror: (() => void) | null = null;
  isTerminated = false;
  readonly requests: WorkerRequest[] = [];

  postMessage(request: WorkerRequest): void {
    this.requests.push(request);
  }

  say(data: WorkerReply): void {
    this.onmessage?.({ data });
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

async function reading(onPiece: (piece: number, sha256: Uint8Array) => void) {
  const worker = new FakeWorker();
  const starting = WorkerHome.start(worker as unknown as Worker, "s", new VirtualClock());
  worker.say({ from: "home", capacityBytes: 1 });
  const line = (await starting).open(() => undefined);
  const blob = new Blob(["song"]);
  const ingested = line.content.ingest(DRAFT, blob, onPiece);
  const asked = worker.requests.find((request) => request.to === "content");
  if (!asked) throw new Error("nothing was asked");
  expect(asked).toMatchObject({ method: "ingest", args: [DRAFT, blob] });
  return { worker, ingested, id: asked.id };
}

describe("a file that a Worker reads", () => {
  it("[S52] tells its pieces in order, many at a time, and ends with the manifest", async () => {
    const told: [number, number | undefined][] = [];
    const { worker, ingested, id } = await reading((piece, sha256) => told.push([piece, sha256[0]]));
    worker.say({ from: "hashes", id, hashes: [hashOf(5)] });
    worker.say({ from: "hashes", id, hashes: [hashOf(6), hashOf(7)] });
    worker.say({ from: "content", id, value: "the manifest" });
    expect(await ingested).toBe("the manifest");
    expect(told).toEqual([
      [0, 5],
      [1, 6],
      [2, 7],
    ]);
  });

  it("[S52] is read no further once it is not wanted, and nothing more is told of it", async () => {
    const told: number[] = [];
    const { worker, ingested, id } = await reading((piece) => {
      told.push(piece);
      if (piece === 1) throw new FileError("file-unreadable", "left meanwhile");
    });
    worker.say({ from: "hashes", id, hashes: [hashOf(0), hashOf(1), hashOf(2)] });
    worker.say({ from: "hashes", id, hashes: [hashOf(3)] });
    expect(worker.requests.filter(({ to }) => to === "stop")).toEqual([{ to: "stop", id }]);
    worker.say({
      from: "content",
      id,
      error: { code: "file-unreadable", detail: "it was not wanted any more" },
    });
    await expect(ingested).rejects.toThrow("left meanwhile");
    expect(told).toEqual([0, 1]);
  });
});

describe("what a page tells the plane", () => {
  async function opened() {
    const worker = new FakeWorker();
    const starting = WorkerHome.start(worker as unknown as Worker, "s", new VirtualClock());
    worker.say({ from: "home", capacityBytes: 1 });
    const line = (await starting).open(() => undefined);
    worker.requests.length = 0;
    return { worker, line };
  }
  const ping = (path: string) => ({ op: "ping", path, localMs: 0 }) as const;
  const told = ({ requests }: FakeWorker) =>
    requests.map((request) => (request.to === "plane" ? request.calls.map(({ op }) => op) : request.to));

  it("in one task is one message, in order", async () => {
    const { worker, line } = await opened();
    line.tell(ping("ada"));
    line.tell({ op: "alarm", number: 1, delayMs: 100 });
    line.tell({ op: "ignore", link: 1 });
    await Promise.resolve();
    line.tell(ping("bo"));
    await Promise.resolve();
    expect(told(worker)).toEqual([["ping", "alarm", "ignore"], ["ping"]]);
  });

  it("comes before what is asked of the store after it, and before a channel", async () => {
    const { worker, line } = await opened();
    line.tell(ping("ada"));
    line.content.held(DRAFT).catch(() => undefined);
    line.tell(ping("bo"));
    line.tell({ op: "link", link: 1, peer: "ad".repeat(16) as UserId, channel: null }, []);
    line.tell(ping("cy"));
    line.close();
    expect(told(worker)).toEqual([["ping"], "content", ["ping"], ["link"], ["ping"], "end"]);
    await Promise.resolve();
    expect(worker.requests).toHaveLength(6);
  });
});

describe("a Worker that is gone", () => {
  async function started() {
    const worker = new FakeWorker();
    const clock = new VirtualClock();
    let breaks = 0;
    const starting = WorkerHome.start(worker as unknown as Worker, "s", clock, () => {
      breaks += 1;
    });
    worker.say({ from: "home", capacityBytes: 1 });
    return { worker, clock, home: await starting, breaks: () => breaks };
  }
  const askings = ({ requests }: FakeWorker): number => requests.filter(({ to }) => to === "alive").length;

  it("[S62] is found out by its error, and whoever waits for it hears at once", async () => {
    const { worker, home, breaks } = await started();
    const asked = home.open(() => undefined).content.held(DRAFT);
    worker.onerror?.();
    worker.onerror?.();
    await expect(asked).rejects.toThrow("the bulk worker broke");
    expect(breaks()).toBe(1);
    expect(worker.isTerminated).toBe(true);
  });

  it("[S62] is found out by its silence, and one that answers is not", async () => {
    const { worker, clock, breaks } = await started();
    for (let asked = 0; asked < 50; asked++) {
      clock.advance(5_000);
      if (askings(worker) > 0) worker.say({ from: "alive" });
    }
    expect(breaks()).toBe(0);
    for (let asked = 0; asked < 5; asked++) clock.advance(5_000);
    expect(breaks()).toBe(1);
    expect(worker.isTerminated).toBe(true);
  });

  it("that was closed on purpose has not broken", async () => {
    const { worker, clock, home, breaks } = await started();
    const closing = home.close();
    worker.say({ from: "closed" });
    await closing;
    clock.advance(60_000);
    expect(breaks()).toBe(0);
  });
});

describe("hashes on their way to the page", () => {
  it("leave at once where none left lately, and else together", () => {
    const clock = new VirtualClock();
    const sent: number[] = [];
    const batch = new HashBatch(clock, (hashes) => sent.push(hashes.length));
    for (const piece of [0, 1, 2]) batch.add(hashOf(piece));
    expect(sent).toEqual([1]);
    clock.advance(SOON_MS);
    expect(sent).toEqual([1, 2]);
    batch.add(hashOf(3));
    batch.flush();
    clock.advance(SOON_MS);
    expect(sent).toEqual([1, 2, 1]);
  });
});
