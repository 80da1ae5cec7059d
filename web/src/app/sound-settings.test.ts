import { beforeEach, describe, expect, it } from "vitest";
import { FLAT_TRIM, type Trim } from "../audio/index.ts";
import { SoundSettings } from "./sound-settings.ts";
import { TrimMemory } from "./storage/trim-memory.ts";

let stored: Map<string, string>;
let outputName: string | null;
/** What the player was last told. */
let trim: Trim;

const memory = {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => void stored.set(key, value),
  removeItem: (key: string) => void stored.delete(key),
};
const settings = () =>
  new SoundSettings({
    memory,
    outputName: () => outputName,
    player: {
      setTrim: (given) => {
        trim = given;
      },
    },
    session: () => null,
    onChange: () => undefined,
  });

beforeEach(() => {
  stored = new Map();
  outputName = null;
});

describe("what this device plays of the sound", () => {
  it("[R10] is everything until something sensible is remembered, and then that", () => {
    expect(settings().role).toBe("all");
    stored.set("unisono.role", "loud");
    expect(settings().role).toBe("all");
    settings().keep("left");
    expect(settings().role).toBe("left");
  });

  it("[R12] has a tone and a gain for each output, within 6 dB, and is flat on a new one", () => {
    const here = settings();
    expect(trim).toEqual(FLAT_TRIM);
    outputName = "Boom";
    here.outputChanged();
    here.actions.setTrim({ gainDb: -3, bassDb: 99, trebleDb: Number.NaN });
    expect(trim).toEqual({ gainDb: -3, bassDb: 6, trebleDb: 0 });
    expect(here.trim).toEqual(trim);
    outputName = "Other";
    here.outputChanged();
    expect(trim).toEqual(FLAT_TRIM);
    outputName = "Boom";
    expect(settings().trim).toEqual({ gainDb: -3, bassDb: 6, trebleDb: 0 });
  });

  it("[R12] remembers twenty outputs, and takes what it cannot read for nothing", () => {
    const trims = new TrimMemory(memory);
    for (let index = 0; index <= 20; index++) trims.remember(`output ${index}`, { ...FLAT_TRIM, gainDb: 1 });
    expect(trims.trimOf("output 0")).toEqual(FLAT_TRIM);
    expect(trims.trimOf("output 20").gainDb).toBe(1);
    for (const text of ["{", "7", '[["Boom"]]', '[["Boom",3]]', '[[3,{"gainDb":2}]]']) {
      stored.set("unisono.trims", text);
      expect(trims.trimOf("Boom")).toEqual(FLAT_TRIM);
    }
  });
});
