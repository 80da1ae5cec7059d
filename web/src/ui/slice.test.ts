import { effect, signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import type { View } from "../view/view.ts";
import { isSame, slice } from "./slice.ts";
import { fixtures } from "./testing/fixtures.ts";

describe("a slice of the view", () => {
  it("does not change when the view is made anew with the same content", () => {
    const view = signal<View>(fixtures.playing);
    const people = slice(view, ({ people }) => people.map(({ name, sync }) => ({ name, sync })));
    let drawn = 0;
    const stop = effect(() => {
      drawn += people.value.length > 0 ? 1 : 0;
    });
    view.value = structuredClone(fixtures.playing);
    view.value = { ...structuredClone(fixtures.playing), speakerDelayMs: 70 };
    expect(drawn).toBe(1);
    view.value = fixtures["out-of-step"];
    expect(drawn).toBe(2);
    stop();
  });

  it("keeps a null apart from what was never picked", () => {
    const view = signal<View>(fixtures.playing);
    const banner = slice(view, (current) => current.banner?.code ?? null);
    expect(banner.value).toBeNull();
    view.value = fixtures["server-lost"];
    expect(banner.value).toBe("server-lost");
    view.value = fixtures.playing;
    expect(banner.value).toBeNull();
  });
});

describe("sameness of plain data", () => {
  it("looks at content, in order and in depth", () => {
    expect(isSame({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toBe(true);
    expect(isSame([1, 2], [2, 1])).toBe(false);
    expect(isSame({ a: 1 }, { a: 1, b: undefined })).toBe(false);
    expect(isSame(null, {})).toBe(false);
    expect(isSame(Number.NaN, Number.NaN)).toBe(true);
  });
});
