import { describe, expect, it } from "vitest";
import { FileError, type FileId } from "../../lib/index.ts";
import { decodeResumeState, encodeResumeState, type KeptFile } from "../core/resume-state.ts";
import { fakeFile } from "../testing/fake-swarm.ts";
import { type RestoredFile, Restoring } from "./restoring.ts";

const PIECE_BYTES = 65_536;
const songs: readonly KeptFile[] = [1, 2, 3].map((salt) => ({
  ...fakeFile(3 * PIECE_BYTES, `song ${salt}.mp3`, salt),
  isMine: true,
  isEnabled: true,
  annotation: null,
  index: null,
}));

/** A store that has the first two pieces of every file; `broken` cannot be opened. */
const contentBut = (broken: FileId | null) => ({
  open: async (fileId: FileId) => {
    if (fileId === broken) throw new FileError("file-unreadable", "a disc error");
  },
  held: async () => [0, 1],
  isWhole: async (_: FileId, piece: number) => piece === 0,
});

async function allOf(restoring: Restoring): Promise<RestoredFile[]> {
  const files: RestoredFile[] = [];
  for await (const file of restoring.readBack()) files.push(file);
  return files;
}

const namesIn = (resumeState: string): string[] => decodeResumeState(resumeState).map(({ name }) => name);

describe("[S22] what a reload leaves", () => {
  it("is read back file by file, with the pieces that are whole still", async () => {
    const restoring = new Restoring(contentBut(null));
    restoring.expect(encodeResumeState(songs));
    const files = await allOf(restoring);
    expect(files.map(({ file }) => file.name)).toEqual(["song 1.mp3", "song 2.mp3", "song 3.mp3"]);
    expect(files.map(({ pieces }) => pieces)).toEqual([[0], [0], [0]]);
  });

  it("goes on to the page after the next, where this one is left before it has read all back", async () => {
    const restoring = new Restoring(contentBut(null));
    restoring.expect(encodeResumeState(songs));
    const reading = restoring.readBack();
    const [first] = songs;
    expect((await reading.next()).value?.file.name).toBe("song 1.mp3");
    await reading.next(); // the first is known to this page by now
    expect(namesIn(restoring.resumeState(first ? [{ ...first, name: "renamed.mp3" }] : []))).toEqual([
      "song 2.mp3",
      "song 3.mp3",
      "renamed.mp3",
    ]);
  });

  it("is read although one file of it cannot be", async () => {
    const restoring = new Restoring(contentBut(songs[1]?.fileId ?? null));
    restoring.expect(encodeResumeState(songs));
    expect((await allOf(restoring)).map(({ file }) => file.name)).toEqual(["song 1.mp3", "song 3.mp3"]);
    expect(namesIn(restoring.resumeState([]))).toEqual([]);
  });

  it("leaves out the indexes of others' files where they would fill what a tab may keep, and never one's own", () => {
    const index = new Uint8Array(400_000);
    const kept = songs.map((song, at) => ({ ...song, isMine: at === 0, index }));
    const indexes = decodeResumeState(encodeResumeState(kept)).map((file) => file.index?.length ?? null);
    expect(indexes).toEqual([400_000, 400_000, null]);
  });

  it("counts as nothing where it makes no sense", async () => {
    const restoring = new Restoring(contentBut(null));
    restoring.expect("{}");
    expect(await allOf(restoring)).toEqual([]);
  });
});
