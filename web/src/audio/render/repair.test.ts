import { describe, expect, it } from "vitest";
import { Repair } from "./repair.ts";

describe("the repair", () => {
  it("[P11] answers a step of the line at once, and only once", () => {
    const repair = new Repair();
    expect(repair.isDue(0, 0.6, 0.05, 0)).toBe(false);
    expect(repair.isDue(1, -0.6, 0.05, 100)).toBe(true);
    expect(repair.isDue(1, -0.6, 0.05, 200)).toBe(false);
  });

  it("leaves a step that changed nothing to the servo", () => {
    const repair = new Repair();
    expect(repair.isDue(1, 0.4, 0.05, 0)).toBe(false);
    expect(repair.isDue(1, 1.9, 0.05, 10_000)).toBe(false);
  });

  it("[P21] crosses over when 2 ms of error last", () => {
    const repair = new Repair();
    for (let localMs = 0; localMs < 1_500; localMs += 100)
      expect(repair.isDue(0, -5, 0.05, localMs)).toBe(false);
    expect(repair.isDue(0, -5, 0.05, 1_500)).toBe(true);
    expect(repair.isDue(0, -5, 0.05, 1_600)).toBe(false);
  });

  it("[P21] starts counting again when the error was gone in between, or nothing sounded", () => {
    const repair = new Repair();
    repair.isDue(0, 5, 0.05, 0);
    repair.isDue(0, 0.1, 0.05, 1_000);
    expect(repair.isDue(0, 5, 0.05, 1_600)).toBe(false);
    repair.isDue(0, null, 0.05, 2_000);
    expect(repair.isDue(0, 5, 0.05, 3_200)).toBe(false);
  });

  it("[P26] waits until it is known where the loudspeaker is after a step, and crosses over once", () => {
    const repair = new Repair();
    expect(repair.isDue(1, 4, 5, 0)).toBe(false);
    expect(repair.isDue(1, 4, 5, 1_200)).toBe(false);
    expect(repair.isDue(2, -3, 0.2, 1_400)).toBe(true);
    expect(repair.isDue(2, -1, 0.1, 1_500)).toBe(false);
  });

  it("[P26] does not wait where a step is larger than all doubt", () => {
    expect(new Repair().isDue(1, 12, 5, 0)).toBe(true);
  });

  it("[P26] leaves what becomes known later than that to the servo", () => {
    const repair = new Repair();
    expect(repair.isDue(1, 4, 5, 0)).toBe(false);
    expect(repair.isDue(1, 1.5, 5, 3_100)).toBe(false);
    expect(repair.isDue(1, 1.5, 0.2, 3_200)).toBe(false);
  });

  it("[P26] does not take an error for lasting that is not known to be one", () => {
    const repair = new Repair();
    for (let localMs = 0; localMs <= 5_000; localMs += 100)
      expect(repair.isDue(0, 4, 5, localMs)).toBe(false);
  });
});
