import { beforeEach, describe, expect, it } from "vitest";
import { SeededRandom, VirtualClock } from "../lib/testing/index.ts";
import { STALE_MS } from "../protocol/constants/clock.gen.ts";
import { SyncedClock } from "./synced-clock.ts";
import { LAN, TruePath } from "./testing/path.ts";

describe("the synced clock", () => {
  let device: VirtualClock;
  let path: TruePath;
  let isReachable: boolean;
  let keptBackMs: number;
  let sentLocalMs: number[];
  let clock: SyncedClock;

  beforeEach(() => {
    device = new VirtualClock();
    path = new TruePath(new SeededRandom(7), LAN, 250, 20);
    isReachable = true;
    keptBackMs = 0;
    sentLocalMs = [];
    clock = new SyncedClock(device, (id, t0) => {
      sentLocalMs.push(t0);
      const probe = path.probe(t0);
      device.after(probe.t3LocalMs - t0 + keptBackMs, () => {
        if (!isReachable) return;
        const { t1GlobalUs: t1, t2GlobalUs: t2, clockId } = probe;
        clock.receivePong({ id, t0, t1, t2, clockId }, device.nowMs());
      });
    });
  });

  it("[T6] goes from unsynced over coarse to locked within the first burst", () => {
    expect(clock.state).toBe("unsynced");
    clock.start();
    device.advance(20);
    expect(clock.state).toBe("coarse");
    device.advance(400);
    expect(clock.state).toBe("locked");
    expect(Math.abs((clock.estimate?.offsetMs ?? 0) - path.offsetMsAt(device.nowMs()))).toBeLessThan(0.3);
  });

  it("[T6] does not lock on answers that were kept back until one comes freely", () => {
    keptBackMs = 800;
    clock.start();
    device.advance(2_000);
    expect(clock.estimate?.probes).toBeGreaterThan(8);
    expect(clock.state).toBe("coarse");
    keptBackMs = 0;
    device.advance(400);
    expect(clock.state).toBe("locked");
    expect(Math.abs((clock.estimate?.offsetMs ?? 0) - path.offsetMsAt(device.nowMs()))).toBeLessThan(1);
  });

  it("[T6] locks all the same on a path that is never better", () => {
    keptBackMs = 800;
    clock.start();
    device.advance(6_000);
    expect(clock.state).toBe("locked");
  });

  it("[T7] probes 8 times 40 ms apart, then 5 Hz for 5 s, then as the activity wants", () => {
    clock.start();
    device.advance(8 * 40 - 1);
    expect(sentLocalMs).toHaveLength(8);
    const perSecond = () => {
      const before = sentLocalMs.length;
      device.advance(1_000);
      return sentLocalMs.length - before;
    };
    expect(perSecond()).toBeGreaterThanOrEqual(5);
    device.advance(6_000);
    expect(perSecond()).toBe(1);
    clock.setActivity("playing");
    device.advance(2_000);
    expect(perSecond()).toBe(2);
    clock.setActivity("pre-roll");
    device.advance(2_000);
    expect(perSecond()).toBe(5);
  });

  it("[T8] turns stale when nothing answers and locked again when something does", () => {
    clock.start();
    device.advance(3_000);
    isReachable = false;
    device.advance(STALE_MS + 1_100);
    expect(clock.state).toBe("stale");
    isReachable = true;
    device.advance(2_000);
    expect(clock.state).toBe("locked");
  });

  it("[T9] drops the window and bursts after the device slept", () => {
    clock.start();
    device.advance(20_000);
    const probes = clock.estimate?.probes ?? 0;
    device.sleep(30_000);
    path = new TruePath(new SeededRandom(8), LAN, 250 - 30_000, 20); // local time stood still for 30 s
    device.advance(2_000);
    expect(clock.estimate?.probes).toBeLessThan(probes);
    expect(clock.state).toBe("locked");
    expect(Math.abs((clock.estimate?.offsetMs ?? 0) - path.offsetMsAt(device.nowMs()))).toBeLessThan(0.3);
  });

  it("[T12] knows no time after a sure sleep, says so once, and keeps what it knows when the wall clock was set", () => {
    let slept = 0;
    clock.onSlept(() => {
      slept += 1;
    });
    clock.start();
    device.advance(20_000);
    device.sleep(400);
    clock.checkForSleep();
    expect([slept, clock.estimate === null]).toEqual([0, false]);
    device.sleep(30_000);
    clock.checkForSleep();
    expect([slept, clock.state, clock.globalUsAt(device.nowMs())]).toEqual([1, "unsynced", null]);
    // A plan in a clock that is gone by now can still be read, by the wall clock.
    const thenUs = path.globalUsAt(device.nowMs()) + 30_000_000;
    expect(Math.abs((clock.localMsAt(thenUs, "north") ?? 0) - device.nowMs())).toBeLessThan(1);
    device.advance(2_000);
    expect([slept, clock.state]).toEqual([1, "locked"]);
  });

  it("[T10] re-expresses a moment of the old server's clock in the new one's", () => {
    clock.start();
    device.advance(10_000);
    const momentLocalMs = device.nowMs();
    const oldGlobalUs = path.globalUsAt(momentLocalMs);
    path = new TruePath(new SeededRandom(9), LAN, -77_000, -15, "south");
    clock.start();
    device.advance(1_000);
    const newGlobalUs = clock.toCurrentClock(oldGlobalUs, "north");
    expect(Math.abs((newGlobalUs ?? 0) - path.globalUsAt(momentLocalMs))).toBeLessThan(500);
  });

  it("does not know the time of a clock it never met", () => {
    clock.start();
    device.advance(1_000);
    expect(clock.localMsAt(0, "west")).toBeNull();
  });
});
