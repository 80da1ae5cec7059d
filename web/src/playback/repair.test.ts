import { describe, expect, it } from "vitest";
import { Repair } from "./repair.ts";

describe("the repair", () => {
  it("[P11] answers a step of the line at once, and only once", () => {
    const repair = new Repair();
    expect(repair.isDue(0, 0.6, 0)).toBe(false);
    expect(repair.isDue(1, -0.6, 100)).toBe(true);
    expect(repair.isDue(1, -0.6, 200)).toBe(false);
  });

  it("leaves a step that changed nothing to the servo", () => {
    const repair = new Repair();
    expect(repair.isDue(1, 0.4, 0)).toBe(false);
    expect(repair.isDue(1, 1.9, 10_000)).toBe(false);
  });

  it("[P21] crosses over when 2 ms of error last", () => {
    const repair = new Repair();
    for (let localMs = 0; localMs < 1_500; localMs += 100) expect(repair.isDue(0, -5, localMs)).toBe(false);
    expect(repair.isDue(0, -5, 1_500)).toBe(true);
    expect(repair.isDue(0, -5, 1_600)).toBe(false);
  });

  it("[P21] starts counting again when the error was gone in between, or nothing sounded", () => {
    const repair = new Repair();
    repair.isDue(0, 5, 0);
    repair.isDue(0, 0.1, 1_000);
    expect(repair.isDue(0, 5, 1_600)).toBe(false);
    repair.isDue(0, null, 2_000);
    expect(repair.isDue(0, 5, 3_200)).toBe(false);
  });
});
