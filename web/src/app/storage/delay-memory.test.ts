import { describe, expect, it } from "vitest";
import { NamedOutputs, type OutputChange } from "../named-outputs.ts";
import { DelayMemory } from "./delay-memory.ts";

function storage(entries: Record<string, string> = {}) {
  const stored = new Map(Object.entries(entries));
  return {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
  };
}

describe("the memory of speaker delays", () => {
  it("has one for each output that can be named, and one for all others", () => {
    const memory = new DelayMemory(storage());
    expect([memory.delayMsOf("Boom"), memory.delayMsOf(null)]).toEqual([null, null]);
    memory.remember("Boom", 183);
    memory.remember(null, 20);
    expect([memory.delayMsOf("Boom"), memory.delayMsOf(null), memory.delayMsOf("Other")]).toEqual([
      183,
      20,
      null,
    ]);
  });

  it("keeps what was remembered before outputs had names", () => {
    expect(new DelayMemory(storage({ "unisono.speakerDelayMs": "120" })).delayMsOf(null)).toBe(120);
  });

  it("forgets the output that was set longest ago", () => {
    const memory = new DelayMemory(storage());
    for (let index = 0; index < 21; index++) memory.remember(`output ${index}`, index);
    memory.remember("output 1", 99);
    memory.remember("one more", 5);
    expect(memory.delayMsOf("output 0")).toBeNull();
    expect(memory.delayMsOf("output 1")).toBe(99);
    expect(memory.delayMsOf("output 2")).toBeNull();
  });

  it("takes what it cannot read, or what is out of bounds, for nothing", () => {
    for (const text of ["{", "7", '[["Boom"]]', '[["Boom",-5]]', '[["Boom",9999]]', "[null]", "[[3,4]]"]) {
      const memory = new DelayMemory(
        storage({ "unisono.speakerDelays": text, "unisono.speakerDelayMs": "x" }),
      );
      expect([memory.delayMsOf("Boom"), memory.delayMsOf(null)]).toEqual([null, null]);
      memory.remember("Boom", 3.4);
      expect(memory.delayMsOf("Boom")).toBe(3);
    }
  });
});

/** A browser whose outputs change. */
function browser(...labels: string[]) {
  const state = { labels };
  const changes: OutputChange[] = [];
  let listener: () => void = () => undefined;
  const watch = new NamedOutputs(
    {
      devices: {
        enumerateDevices: async () =>
          state.labels.map((label, index) => ({
            kind: "audiooutput",
            deviceId: index === 0 ? "default" : `id ${index}`,
            label,
          })) as unknown as MediaDeviceInfo[],
        addEventListener: (_: string, heard: unknown) => {
          listener = heard as () => void;
        },
      } as unknown as MediaDevices,
    },
    (change) => changes.push(change),
  );
  const become = async (...labels: string[]) => {
    state.labels = labels;
    listener();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { watch, changes, become };
}

describe("the output of this device", () => {
  it("is known by its name, without the browser's word for default", async () => {
    const { watch, changes, become } = browser("Default - Boom", "Boom");
    await watch.look();
    expect(watch.outputName).toBe("Boom");
    await become("Default - Speakers", "Boom");
    await become("Default - Speakers");
    expect(changes).toEqual([{ outputName: "Speakers" }]);
  });

  it("is told of when only the number of outputs can be seen", async () => {
    const { watch, changes, become } = browser("");
    await watch.look();
    expect(changes).toEqual([]);
    await become("", "");
    await become("", "");
    expect(changes).toEqual([{ outputName: null }]);
  });

  it("is no other one when it gets its name only now, with the permission to use the microphone", async () => {
    const { watch, changes, become } = browser("");
    await watch.look();
    await become("Default - Boom", "Boom");
    expect([watch.outputName, changes]).toEqual(["Boom", []]);
  });

  it("is unknown where the browser tells nothing, as on plain http", async () => {
    const changes: OutputChange[] = [];
    const watch = new NamedOutputs({ devices: undefined }, (change) => changes.push(change));
    await watch.look();
    expect([watch.outputName, changes]).toEqual([null, []]);
  });
});
