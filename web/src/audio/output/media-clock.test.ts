import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MediaClock } from "./media-clock.ts";

/** As an engine's: `play` fails while the source is called unsupported, and an `error` event says so. */
class FakeAudio extends EventTarget {
  static failingLoads = 0;
  static last: FakeAudio;
  loop = false;
  paused = true;
  currentTime = 0;
  loads = 0;

  constructor(readonly src: string) {
    super();
    FakeAudio.last = this;
  }

  load(): void {
    this.currentTime = 0;
  }

  async play(): Promise<void> {
    this.paused = false;
    this.loads += 1;
    await Promise.resolve();
    if (this.loads <= FakeAudio.failingLoads) {
      this.dispatchEvent(new Event("error"));
      throw new DOMException("The operation is not supported.", "NotSupportedError");
    }
    this.currentTime = 0.1;
  }

  pause(): void {
    this.paused = true;
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe("the clock of a media element", () => {
  beforeEach(() => {
    FakeAudio.failingLoads = 0;
    vi.stubGlobal("Audio", FakeAudio);
    vi.spyOn(console, "info").mockImplementation(() => undefined);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it("[P34] tells what was played, and nothing before or after", async () => {
    const clock = new MediaClock();
    expect(clock.playedSec).toBeNull();
    await settle();
    expect(clock.playedSec).toBe(0.1);
    clock.close();
    expect(clock.playedSec).toBeNull();
  });

  it("[P34] starts again when the engine says that it cannot play what it can", async () => {
    FakeAudio.failingLoads = 2;
    const clock = new MediaClock();
    await settle();
    expect(clock.playedSec).toBe(0.1);
  });

  it("gives up in the end, and when it is closed", async () => {
    FakeAudio.failingLoads = Number.POSITIVE_INFINITY;
    const clock = new MediaClock();
    await settle();
    expect(clock.playedSec).toBeNull();
    expect(FakeAudio.last.loads).toBe(5);
    clock.close();
    const closed = new MediaClock();
    closed.close();
    await settle();
    expect(FakeAudio.last.loads).toBe(1);
  });
});
