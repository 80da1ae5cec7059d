import { describe, expect, it } from "vitest";
import { PLAIN_STATUS } from "../testing/sim-member.ts";
import { UNTOLD_ROLE } from "./role-message.ts";
import { StatusNews } from "./status-news.ts";

describe("one's own status", () => {
  it("is news when something in it is new, and every ten seconds all the same", () => {
    const news = new StatusNews();
    expect(news.take(PLAIN_STATUS, 0)).toBe(true);
    expect(news.take({ ...PLAIN_STATUS, rttMs: 90 }, 1_000)).toBe(false);
    expect(news.take({ ...PLAIN_STATUS, name: "Ada" }, 1_000)).toBe(true);
    expect(news.take({ ...PLAIN_STATUS, name: "Ada" }, 11_000)).toBe(true);
  });

  it("[R9] with a new role in it is told at once, and again after 1, 2, 4, 8 and 16 seconds", () => {
    const news = new StatusNews();
    const all = { ...PLAIN_STATUS, role: { ...UNTOLD_ROLE, choice: 1 } };
    const low = { ...all, role: { ...all.role, role: "low" as const } };
    expect([0, 500, 1_000, 1_500].map((localMs) => news.take(all, localMs))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    const toldSec = Array.from({ length: 40 }, (_, sec) => sec).filter((sec) =>
      news.take(low, 2_000 + sec * 1_000),
    );
    expect(toldSec).toEqual([0, 1, 2, 4, 8, 16, 26, 36]);
  });

  it("[D15] is news when more time to start is needed than was told, or much less, and not when that swings by a step", () => {
    const news = new StatusNews();
    const isNews = (startMs: number) => news.take({ ...PLAIN_STATUS, startMs }, 0);
    expect([300, 350, 300, 350, 300, 250, 250].map(isNews)).toEqual([
      true,
      true,
      false,
      false,
      false,
      true,
      false,
    ]);
  });
});
