import { describe, expect, it } from "vitest";
import { type Dropped, watchDrops } from "./drops.ts";

/** An element, as far as a drop asks. */
const element = (isField = false) => ({ matches: () => isField }) as unknown as EventTarget;

interface Held {
  readonly files?: readonly File[];
  readonly folders?: readonly string[];
  readonly text?: string;
}

function transferOf({ files = [], folders = [], text }: Held) {
  const items = [
    ...files.map((file) => ({ kind: "file", getAsFile: () => file, webkitGetAsEntry: () => null })),
    ...folders.map((name) => ({
      kind: "file",
      getAsFile: () => new File([], name),
      webkitGetAsEntry: () => ({ isDirectory: true, name }),
    })),
    ...(text === undefined ? [] : [{ kind: "string" }]),
  ];
  const types = [...(files.length + folders.length > 0 ? ["Files"] : []), ...(text ? ["text/plain"] : [])];
  return { items, types, dropEffect: "uninitialised" };
}

function page() {
  const target = new EventTarget();
  const seen: { over: boolean[]; dropped: Dropped[] } = { over: [], dropped: [] };
  const end = watchDrops(target, {
    onOver: (isOver) => void seen.over.push(isOver),
    onDropped: (dropped) => void seen.dropped.push(dropped),
  });
  /** Returns whether the browser was kept from doing what it does with it. */
  const happen = (type: string, held: Held = {}, on = element()) => {
    const transfer = transferOf(held);
    const event = new Event(type, { cancelable: true });
    Object.defineProperty(event, "target", { value: on });
    Object.assign(event, type === "paste" ? { clipboardData: transfer } : { dataTransfer: transfer });
    target.dispatchEvent(event);
    return { isPrevented: event.defaultPrevented, dropEffect: transfer.dropEffect };
  };
  return { ...seen, happen, end };
}

const song = new File(["song"], "a.mp3");

describe("[G10] what is dropped or pasted on the page", () => {
  it("is added when it is files, wherever they fall", () => {
    const { happen, dropped } = page();
    for (const on of [element(), element(true)]) {
      expect(happen("dragover", { files: [song] }, on)).toEqual({ isPrevented: true, dropEffect: "copy" });
      expect(happen("drop", { files: [song] }, on).isPrevented).toBe(true);
    }
    expect(dropped).toEqual([
      { files: [song], folders: [] },
      { files: [song], folders: [] },
    ]);
  });

  it("is named when it is a folder, and the files beside it are added", () => {
    const { happen, dropped } = page();
    happen("drop", { files: [song], folders: ["Album"] });
    expect(dropped).toEqual([{ files: [song], folders: ["Album"] }]);
  });

  it("is ignored when it is a link or a text, and the page stays", () => {
    const { happen, dropped, over } = page();
    happen("dragenter", { text: "https://else.test" });
    expect(happen("dragover", { text: "https://else.test" })).toEqual({
      isPrevented: true,
      dropEffect: "none",
    });
    expect(happen("drop", { text: "https://else.test" }).isPrevented).toBe(true);
    expect([dropped, over]).toEqual([[], [false]]);
  });

  it("goes into a field when it is a text", () => {
    const { happen } = page();
    expect(happen("dragover", { text: "K7QF" }, element(true)).isPrevented).toBe(false);
    expect(happen("drop", { text: "K7QF" }, element(true)).isPrevented).toBe(false);
    expect(happen("paste", { text: "K7QF" }, element(true)).isPrevented).toBe(false);
  });

  it("is nothing when it is a picture of the page itself", () => {
    const { happen, dropped } = page();
    happen("dragstart");
    expect(happen("dragover", { files: [song] })).toEqual({ isPrevented: true, dropEffect: "none" });
    happen("drop", { files: [song] });
    happen("dragend");
    expect(dropped).toEqual([]);
    happen("drop", { files: [song] });
    expect(dropped).toHaveLength(1);
  });

  it("is added when files are pasted", () => {
    const { happen, dropped } = page();
    expect(happen("paste", { files: [song], text: "a.mp3" }, element(true)).isPrevented).toBe(true);
    expect(dropped).toEqual([{ files: [song], folders: [] }]);
  });

  it("is announced while it is held over the page, and not from one element to the next", () => {
    const { happen, over } = page();
    const [list, row] = [element(), element()];
    happen("dragenter", { files: [song] }, list);
    happen("dragenter", { files: [song] }, row);
    happen("dragleave", { files: [song] }, list);
    expect(over).toEqual([true, true]);
    happen("dragleave", { files: [song] }, row);
    expect(over.at(-1)).toBe(false);
  });

  it("is left alone once the screens are gone", () => {
    const { happen, end } = page();
    end();
    expect(happen("drop", { files: [song] }).isPrevented).toBe(false);
  });
});
