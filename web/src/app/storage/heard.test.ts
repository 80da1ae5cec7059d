import { describe, expect, it } from "vitest";
import { Heard } from "./heard.ts";

function device() {
  const stored = new Map<string, string>();
  return {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  };
}

describe("whether this device is heard (A2)", () => {
  it("is asked on joining until the answer is yes, and then never again here", () => {
    const storage = device();
    const heard = new Heard(storage);
    expect(heard.isAsking).toBe(false);
    heard.joined();
    expect(heard.isAsking).toBe(true);
    heard.joined();
    heard.confirm();
    expect(heard.isAsking).toBe(false);
    const later = new Heard(storage);
    later.joined();
    expect(later.isAsking).toBe(false);
  });

  it("is not asked over the music, but again at the next joining", () => {
    const heard = new Heard(device());
    heard.joined();
    heard.musicBegan();
    expect(heard.isAsking).toBe(false);
    heard.joined();
    expect(heard.isAsking).toBe(true);
  });
});
