import { describe, expect, it } from "vitest";
import { roomSec, soundBudgetBytes } from "./memory-budget.ts";

const phone = soundBudgetBytes({ memoryGib: undefined, isPhone: true });
const stereo = { durationSec: 240, channels: 2, fileBytes: 5e6, sampleRate: 48_000 };

describe("the memory for a sound", () => {
  it("[P18] holds a long song on a phone that tells nothing, and an hour on none", () => {
    expect(roomSec(phone, stereo)).toBeGreaterThan(20 * 60);
    expect(roomSec(soundBudgetBytes({ memoryGib: 8, isPhone: false }), stereo)).toBeLessThan(60 * 60);
  });

  it("[P18] follows what the device says of itself", () => {
    expect(soundBudgetBytes({ memoryGib: 2, isPhone: false })).toBe(phone / 2);
    expect(soundBudgetBytes({ memoryGib: 1, isPhone: true })).toBe(phone / 4);
    expect(soundBudgetBytes({ memoryGib: 64, isPhone: false })).toBe(2 * phone);
  });

  it("[P18] is twice as long for mono, and stereo where nobody knows", () => {
    const small = { ...stereo, fileBytes: 0 };
    expect(roomSec(phone, { ...small, channels: 1 })).toBeCloseTo(2 * roomSec(phone, small), 6);
    expect(roomSec(phone, { ...small, channels: null })).toBe(roomSec(phone, small));
  });

  it("[P18] does not hold what took Chromium more than its budget: 40 minutes in 3.4 GB", () => {
    const [mp3, memoryGib] = [{ ...stereo, durationSec: 40 * 60, fileBytes: 38e6 }, 8];
    const budgetBytes = soundBudgetBytes({ memoryGib, isPhone: false });
    const peakOfPageBytes = 3.4e9 - 0.25e9;
    const peakBytes = (budgetBytes * mp3.durationSec) / roomSec(budgetBytes, mp3);
    expect(peakBytes / peakOfPageBytes).toBeCloseTo(1, 1);
    expect(budgetBytes).toBeLessThan((memoryGib * 2 ** 30) / 2);
  });

  it("[P18] counts the file beside the sound", () => {
    const wav = { ...stereo, fileBytes: stereo.durationSec * 48_000 * 4 };
    expect(roomSec(phone, wav)).toBeLessThan(roomSec(phone, stereo));
  });
});
