import { describe, expect, it } from "vitest";
import { type PageLife, watchPage } from "./page-life.ts";

/** A page to which everything happens that a browser tells. */
function page() {
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const mediaDevices = new EventTarget();
  const target = Object.assign(new EventTarget(), { document, navigator: { mediaDevices } });
  const told: string[] = [];
  const tell =
    (what: string) =>
    (...facts: unknown[]) =>
      void told.push([what, ...facts].join(" "));
  const life = Object.fromEntries(
    [
      ...["seen", "woke", "networkLost", "left", "returned"],
      ...["soundDevicesChanged", "addressChanged", "touched"],
    ].map((what) => [what, tell(what)]),
  ) as unknown as PageLife;
  watchPage(target as unknown as Window, life);
  const happen = (on: EventTarget, type: string, facts: object = {}) => {
    told.length = 0;
    on.dispatchEvent(Object.assign(new Event(type), facts));
    return [...told];
  };
  return { target, document, mediaDevices, happen };
}

describe("[G6] the life of a page", () => {
  it("tells a page that is put aside from one that goes for good", () => {
    const { target, happen } = page();
    expect(happen(target, "pagehide", { persisted: true })).toEqual(["left true"]);
    expect(happen(target, "pagehide", { persisted: false })).toEqual(["left false"]);
  });

  it("tells a page that returns from one that is loaded", () => {
    const { target, happen } = page();
    expect(happen(target, "pageshow", { persisted: true })).toEqual(["returned"]);
    expect(happen(target, "pageshow", { persisted: false })).toEqual(["woke false"]);
  });

  it("tells of all that may have made time pass, or moved the device", () => {
    const { target, document, mediaDevices, happen } = page();
    expect(happen(document, "resume")).toEqual(["woke false"]);
    expect(happen(target, "online")).toEqual(["woke true"]);
    expect(happen(target, "offline")).toEqual(["networkLost"]);
    expect(happen(document, "visibilitychange")).toEqual(["seen true"]);
    document.visibilityState = "hidden";
    expect(happen(document, "visibilitychange")).toEqual(["seen false"]);
    expect(happen(mediaDevices, "devicechange")).toEqual(["soundDevicesChanged"]);
  });
});
