import { describe, expect, it } from "vitest";
import { storageOrMemory } from "../../lib/index.ts";
import { forgetFiles, leaveFiles, takeFiles } from "./resume-files.ts";

/** As in a tab. */
class FakeStorage extends Map<string, string> implements Storage {
  isFull = false;
  readonly length = 0;
  readonly key = () => null;
  readonly getItem = (name: string) => this.get(name) ?? null;
  readonly removeItem = (name: string) => void this.delete(name);
  readonly setItem = (name: string, text: string) => {
    if (this.isFull) throw new DOMException("full", "QuotaExceededError");
    this.set(name, text);
  };
}

describe("what a reload keeps", () => {
  it("[S22] is for the next page of the same session, once", () => {
    const storage = new FakeStorage();
    leaveFiles(storage, "ada-1", "files\nof ada");
    expect(takeFiles(storage, "ada-1")).toBe("files\nof ada");
    expect(takeFiles(storage, "ada-1")).toBeNull();
  });

  it("[S22] is for nobody else, and goes with whoever leaves", () => {
    const storage = new FakeStorage();
    leaveFiles(storage, "ada-1", "files");
    expect(takeFiles(storage, "ada-2")).toBeNull();
    expect(storage.size).toBe(0);
    leaveFiles(storage, "ada-1", "files");
    forgetFiles(storage);
    expect(takeFiles(storage, "ada-1")).toBeNull();
  });

  it("[S22] is given up when there is no room for it, and only a page that comes back itself has it still", () => {
    const storage = new FakeStorage();
    storage.isFull = true;
    const memory = storageOrMemory(() => storage);
    leaveFiles(memory, "ada-1", "files");
    expect(
      takeFiles(
        storageOrMemory(() => storage),
        "ada-1",
      ),
    ).toBeNull();
    expect(takeFiles(memory, "ada-1")).toBe("files");
  });
});
