import { describe, expect, it } from "vitest";
import { EMPTY_PLAN, type Plan } from "../../director/index.ts";
import { FileError } from "../../lib/index.ts";
import type { FileState } from "../../transfer/index.ts";
import { song, songId } from "../../view/testing/plain-facts.ts";
import { type ReadinessParts, readNotReadyReason, readReadyFileId } from "./readiness.ts";

const preparing: Plan = { ...EMPTY_PLAN, fileId: songId, state: "preparing" };

/** A device that could sound the song, but for what is said otherwise. */
class Device {
  plan = preparing;
  files: readonly FileState[] = [song()];
  loadedId: string | null = songId;
  player = { isUnlocked: true, isSettled: true, isLoaded: (fileId: string) => fileId === this.loadedId };
  clock: ReadinessParts["clock"] = { state: "locked" };
  refusal: FileError | null = null;

  get readyFileId() {
    return readReadyFileId(this.parts);
  }

  get reason() {
    return readNotReadyReason(this.parts);
  }

  private get parts(): ReadinessParts {
    const { plan, files, player, clock } = this;
    return { plan, files, player, clock, controller: { refusalOf: () => this.refusal } };
  }
}

describe("a device", () => {
  it("is ready for the chosen song, and for none while none is chosen", () => {
    const device = new Device();
    expect([device.readyFileId, device.reason]).toEqual([songId, null]);
    device.plan = EMPTY_PLAN;
    device.loadedId = null;
    expect([device.readyFileId, device.reason]).toEqual([null, null]);
  });

  it("[P27] is ready while a song is paused only if that could start in step, and enters one that plays at once", () => {
    const device = new Device();
    device.player.isSettled = false;
    device.plan = { ...preparing, state: "stopped" };
    expect([device.readyFileId, device.reason]).toEqual([null, "clock"]);
    device.plan = { ...preparing, state: "playing" };
    expect([device.readyFileId, device.reason]).toEqual([songId, null]);
  });

  it("says what keeps it from being ready in the order in which that is got over", () => {
    const device = new Device();
    device.files = [song({ seeded: false })];
    device.loadedId = null;
    Object.assign(device.player, { isUnlocked: false, isSettled: false });
    device.clock = { state: "coarse" };
    expect(device.reason).toBe("fetching");
    device.files = [song({ seeded: false, enabled: false })];
    expect(device.reason).toBe("turned-off");
    device.files = [song({ seeded: false, isOverBudget: true })];
    expect(device.reason).toBe("storage-full");
    device.files = [song()];
    expect(device.reason).toBe("sound-held");
    device.player.isUnlocked = true;
    expect(device.reason).toBe("clock");
    device.clock = { state: "locked" };
    expect(device.reason).toBe("decoding");
    device.loadedId = songId;
    expect([device.readyFileId, device.reason]).toEqual([null, "clock"]);
    device.player.isSettled = true;
    expect([device.readyFileId, device.reason]).toEqual([songId, null]);
  });

  it("[P27] is ready before a start once it knows its loudspeaker's place, and while a song plays at any time", () => {
    const device = new Device();
    device.player.isSettled = false;
    expect(device.readyFileId).toBeNull();
    device.plan = { ...preparing, state: "playing" };
    expect(device.readyFileId).toBe(songId);
  });

  it("[P38] gives no reason to wait for it once it has refused the song", () => {
    const device = new Device();
    device.loadedId = null;
    device.refusal = new FileError("file-not-audio", "text");
    expect([device.readyFileId, device.reason]).toEqual([null, null]);
  });
});
