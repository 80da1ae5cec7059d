import { describe, expect, it, vi } from "vitest";
import { WakeLock } from "./wake-lock.ts";

/** A screen that counts the locks on it; hiding the page lets them fall, as browsers do. */
function screen() {
  let isVisible = true;
  let isWilling = true;
  const held = new Set<{ released: boolean }>();
  const lock = new WakeLock({
    isVisible: () => isVisible,
    async request() {
      if (!isWilling) throw new DOMException("battery saver", "NotAllowedError");
      const sentinel = {
        released: false,
        async release() {
          sentinel.released = true;
          held.delete(sentinel);
        },
      };
      held.add(sentinel);
      return sentinel as unknown as WakeLockSentinel;
    },
  });
  const hide = () => {
    isVisible = false;
    for (const sentinel of held) sentinel.released = true;
    held.clear();
  };
  const show = () => {
    isVisible = true;
    return lock.retake();
  };
  return { lock, held, hide, show, refuse: () => (isWilling = false) };
}

describe("the wake lock", () => {
  it("is taken with the join, falls with the page and is taken again when the page is back", async () => {
    const { lock, held, hide, show } = screen();
    await lock.take();
    expect(held.size).toBe(1);
    hide();
    expect(held.size).toBe(0);
    await show();
    expect(held.size).toBe(1);
    await show();
    expect(held.size).toBe(1); // one is enough
  });

  it("is let go with the leave, and not taken again after that", async () => {
    const { lock, held, hide, show } = screen();
    await lock.take();
    await lock.release();
    expect(held.size).toBe(0);
    hide();
    await show();
    expect(held.size).toBe(0);
  });

  it("is let go when the leave overtakes the asking", async () => {
    const { lock, held } = screen();
    const taking = lock.take();
    await lock.release();
    await taking;
    expect(held.size).toBe(0);
  });

  it("may be refused: the music plays all the same", async () => {
    const said = vi.spyOn(console, "info").mockImplementation(() => undefined);
    const { lock, held, refuse } = screen();
    refuse();
    await lock.take();
    expect(held.size).toBe(0);
    expect(said).toHaveBeenCalledOnce();
    said.mockRestore();
  });

  it("is not missed where there is none", async () => {
    const lock = new WakeLock({ isVisible: () => true, request: undefined });
    await lock.take();
    await lock.release();
  });
});
