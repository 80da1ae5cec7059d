import { signal } from "@preact/signals-core";
import { describe, expect, it } from "vitest";
import type { FileId } from "../lib/index.ts";
import type { FileState } from "../transfer/index.ts";
import { DraftTaps } from "./draft-taps.ts";

const idOf = (letter: string) => letter.repeat(64) as FileId;
const [draft, other, file] = [idOf("a"), idOf("b"), idOf("c")];

function room() {
  const files = signal<readonly FileState[]>([]);
  const finals = new Map<FileId, FileId>();
  const done: string[] = [];
  const taps = new DraftTaps({ files, finalOf: (fileId) => finals.get(fileId) ?? fileId });
  const act = (name: string) => (fileId: FileId) => done.push(`${name} ${fileId[0]}`);
  const list = (...ids: FileId[]): void => {
    files.value = ids.map((fileId) => ({ fileId, draftId: draft }) as FileState);
    taps.follow();
  };
  return { taps, act, list, finals, done };
}

describe("a tap on a song that is still being read", () => {
  it("[S57] is done with the file as soon as it is known which it is", () => {
    const { taps, act, list, finals, done } = room();
    list(draft, other);
    taps.queue(draft, act("queue"));
    taps.play(draft, act("play"));
    list(draft, other);
    expect(done).toEqual([]);
    finals.set(draft, file);
    list(file, other);
    list(file, other);
    expect(done).toEqual(["queue c", "play c"]);
    taps.play(draft, act("late")); // drawn before, tapped after
    expect(done.at(-1)).toBe("late c");
  });

  it("[S57] gives way to a tap on another, and ends with what is withdrawn", () => {
    const { taps, act, list, finals, done } = room();
    list(draft, other);
    taps.play(draft, act("play"));
    taps.play(other, act("play"));
    expect(done).toEqual(["play b"]);
    taps.queue(draft, act("queue"));
    list(other);
    finals.set(draft, file);
    list(file);
    expect(done).toEqual(["play b"]);
  });
});
