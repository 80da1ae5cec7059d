import { expect, it } from "vitest";
import { RoleLine } from "./role-line.ts";

it("[P90] what was queued before a change keeps its role, and what comes behind it has the new one", () => {
  const line = new RoleLine();
  line.change(1_000, "left");
  expect([999, 1_000].map((frame) => line.at(frame))).toEqual(["all", "left"]);
  line.change(1_000, "right"); // changed again before it sounded
  expect([999, 1_000].map((frame) => line.at(frame))).toEqual(["all", "right"]);
  line.change(2_000, "low");
  expect([999, 1_500, 2_500].map((frame) => line.at(frame))).toEqual(["all", "right", "low"]);
  expect(line.role).toBe("low");
});

it("[P90] a device that was queued nothing is in its role from the first frame on", () => {
  const line = new RoleLine();
  line.change(1_000, "left");
  line.reset("centre");
  expect(line.at(-5)).toBe("centre");
});
