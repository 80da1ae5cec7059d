import { describe, expect, it } from "vitest";
import { PLAIN_STATUS } from "../testing/sim-member.ts";
import { StatusNews } from "./status-news.ts";

describe("one's own status", () => {
  it("is news when something in it is new, and every ten seconds all the same", () => {
    const news = new StatusNews();
    expect(news.take(PLAIN_STATUS, 0)).toBe(true);
    expect(news.take({ ...PLAIN_STATUS, rttMs: 90 }, 1_000)).toBe(false);
    expect(news.take({ ...PLAIN_STATUS, name: "Ada" }, 1_000)).toBe(true);
    expect(news.take({ ...PLAIN_STATUS, name: "Ada" }, 11_000)).toBe(true);
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
