import { expect, it } from "vitest";
import type { ChannelName, Role } from "./role.ts";
import { isChannel, partFor } from "./role-part.ts";

const SIX: readonly ChannelName[] = [
  "front-left",
  "front-right",
  "centre",
  "lfe",
  "surround-left",
  "surround-right",
];

it.each<[Role, readonly ChannelName[], Role]>([
  ["all", SIX, "all"],
  ["low", SIX, "low"],
  ["centre", SIX, "centre"],
  ["lfe", SIX, "lfe"],
  ["back-left", SIX, "surround-left"],
  ["back-centre", SIX, "all"],
  ["surround-right", ["front-left", "front-right", "back-left", "back-right"], "back-right"],
  ["front-left", [], "left"],
  ["surround-right", [], "right"],
  ["back-left", [], "left"],
  ["centre", [], "all"],
  ["lfe", [], "low"],
])("[P87] the role %s plays something of every sound", (role, channels, part) => {
  expect(partFor(role, channels)).toBe(part);
});

it("[P87] the channels are the roles that only some files have", () => {
  expect((["all", "left", "right", "low", "without-low"] as const).some(isChannel)).toBe(false);
  expect(SIX.every(isChannel)).toBe(true);
});
