import { describe, expect, it } from "vitest";
import { storageOrMemory } from "./storage.ts";

/** A browser's storage, until it refuses. */
function browser() {
  const kept = new Map<string, string>();
  const state = { isFull: false, isBlocked: false };
  const refuse = (isRefused: boolean) => {
    if (isRefused) throw new DOMException("denied", state.isBlocked ? "SecurityError" : "QuotaExceededError");
  };
  const storage = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, text: string) => {
      refuse(state.isFull);
      kept.set(name, text);
    },
    removeItem: (name: string) => void kept.delete(name),
  } as unknown as Storage;
  const open = () => {
    refuse(state.isBlocked);
    return storage;
  };
  return { kept, state, open };
}

describe("what the page remembers", () => {
  it("[G7] is the browser's where the browser keeps it", () => {
    const { kept, open } = browser();
    const memory = storageOrMemory(open);
    memory.setItem("volume", "0.5");
    expect(kept.get("volume")).toBe("0.5");
    memory.removeItem("volume");
    expect([kept.size, memory.getItem("volume")]).toEqual([0, null]);
  });

  it.each<[string, () => Storage | null]>([
    [
      "throws when it is looked at",
      () => {
        throw new DOMException("denied", "SecurityError");
      },
    ],
    ["is null", () => null],
  ])("[G7] is the page's own where the browser's %s", (_, open) => {
    const memory = storageOrMemory(open);
    expect(memory.getItem("volume")).toBeNull();
    memory.setItem("volume", "0.5");
    expect(memory.getItem("volume")).toBe("0.5");
    memory.removeItem("volume");
    expect(memory.getItem("volume")).toBeNull();
  });

  it("[G7] goes on in memory when the disc is full, and on the disc when it has room again", () => {
    const { kept, state, open } = browser();
    const memory = storageOrMemory(open);
    memory.setItem("volume", "0.5");
    state.isFull = true;
    memory.setItem("volume", "0.7");
    expect(memory.getItem("volume")).toBe("0.7");
    state.isFull = false;
    memory.setItem("volume", "0.9");
    expect([kept.get("volume"), memory.getItem("volume")]).toEqual(["0.9", "0.9"]);
  });

  it("[G7] forgets what it was told to forget, although the browser does not let go of it", () => {
    const { state, open } = browser();
    const memory = storageOrMemory(open);
    memory.setItem("files", "ada's");
    state.isBlocked = true;
    memory.removeItem("files");
    state.isBlocked = false;
    expect(memory.getItem("files")).toBeNull();
  });
});
