import { describe, expect, it } from "vitest";
import { FileError, type FileErrorCode } from "../lib/index.ts";
import { FileQueue, type FileTaker } from "./file-queue.ts";

/** A session that takes files, and refuses some by their name. */
function swarm(refusals: Readonly<Record<string, Error>> = {}) {
  const added: string[] = [];
  const addFile = async ({ name }: File) => {
    const refusal = refusals[name];
    if (refusal) throw refusal;
    added.push(name);
  };
  return { added, addFile };
}

function queueInto(taker: () => FileTaker | null) {
  const refused: [FileErrorCode, string][] = [];
  const queue = new FileQueue({
    taker,
    onRefused: (error, fileName) => void refused.push([error, fileName]),
  });
  return { queue, refused };
}

const file = (name: string) => new File(["song"], name);
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("files on their way into the swarm", () => {
  it.each<[string, Error, FileErrorCode]>([
    ["cannot be read", new FileError("file-unreadable", "gone"), "file-unreadable"],
    ["is one too many", new FileError("file-too-many", "four"), "file-too-many"],
    ["runs into a fault of the page", new TypeError("x is not a function"), "file-failed"],
  ])("[G9] are added although one of them %s, and that one is named", async (_, refusal, code) => {
    const ada = swarm({ "bad.mp3": refusal });
    const { queue, refused } = queueInto(() => ada);
    queue.add([file("a.mp3"), file("bad.mp3"), file("b.mp3")]);
    await settled();
    expect(ada.added).toEqual(["a.mp3", "b.mp3"]);
    expect(refused).toEqual([[code, "bad.mp3"]]);
  });

  it("[G10] wait until somebody has joined", async () => {
    const ada = swarm();
    let isJoined = false;
    const { queue } = queueInto(() => (isJoined ? ada : null));
    queue.add([file("a.mp3"), file("b.mp3")]);
    await settled();
    expect(ada.added).toEqual([]);
    isJoined = true;
    await queue.goOn();
    expect(ada.added).toEqual(["a.mp3", "b.mp3"]);
  });

  it("[G6] go on in the next session when the page was put aside in the middle", async () => {
    const next = swarm();
    let taker: FileTaker | null = {
      addFile: async () => {
        taker = null;
        throw new FileError("file-unreadable", "the swarm was left meanwhile");
      },
    };
    const { queue, refused } = queueInto(() => taker);
    queue.add([file("a.mp3"), file("b.mp3")]);
    await settled();
    taker = next;
    await queue.goOn();
    expect([next.added, refused]).toEqual([["a.mp3", "b.mp3"], []]);
  });

  it("are forgotten when their person leaves", async () => {
    const ada = swarm();
    let taker: FileTaker | null = null;
    const { queue } = queueInto(() => taker);
    queue.add([file("a.mp3")]);
    queue.clear();
    taker = ada;
    await queue.goOn();
    expect(ada.added).toEqual([]);
  });
});
