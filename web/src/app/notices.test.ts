import { describe, expect, it } from "vitest";
import type { Notice } from "../view/view.ts";
import { Notices } from "./notices.ts";

const unreadable = (fileName: string): Notice => ({ code: "error", error: "file-unreadable", fileName });

function shownBy(notices: Notices): string | null {
  const notice = notices.shown?.notice;
  return notice ? JSON.stringify(notice) : null;
}

describe("what is said of events", () => {
  it("gives way to what happened later", () => {
    const notices = new Notices(() => undefined);
    notices.say({ code: "copied" });
    notices.say(unreadable("a.mp3"));
    notices.say({ code: "measured" });
    expect(notices.shown?.notice).toEqual({ code: "measured" });
  });

  it("[G9] names each file that could not be added, one after the other", () => {
    const notices = new Notices(() => undefined);
    const names = ["a.mp3", "b.mp3", "c.mp3"];
    for (const name of names) notices.say(unreadable(name));
    const seen: (string | null)[] = [];
    for (let shown = notices.shown; shown; shown = notices.shown) {
      seen.push(shownBy(notices));
      notices.dismiss(shown.id);
    }
    expect(seen).toEqual(names.map((name) => JSON.stringify(unreadable(name))));
  });

  it("is put away by its own button only", () => {
    const notices = new Notices(() => undefined);
    notices.say({ code: "copied" });
    const first = notices.shown?.id ?? 0;
    notices.say({ code: "measured" });
    notices.dismiss(first);
    expect(notices.shown?.notice).toEqual({ code: "measured" });
  });
});
