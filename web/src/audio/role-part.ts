// What a role plays of a sound: of one that has no such channel, something near it, so that no device is silent for a song of two
// channels (rule P87). Pure; the headless peer's is src/unisono/peer/role_part.py, and vectors/roles.json holds both to the same.

import type { ChannelName, Role } from "./role.ts";

/** Surrounds and backs stand for each other: files of six channels have either. */
const NEXT_TO: Partial<Record<ChannelName, ChannelName>> = {
  "surround-left": "back-left",
  "surround-right": "back-right",
  "back-left": "surround-left",
  "back-right": "surround-right",
};
const INSTEAD: Readonly<Record<ChannelName, "left" | "right" | "all" | "low">> = {
  "front-left": "left",
  "front-right": "right",
  centre: "all",
  lfe: "low",
  "surround-left": "left",
  "surround-right": "right",
  "back-left": "left",
  "back-right": "right",
  "back-centre": "all",
};

export const isChannel = (role: Role): role is ChannelName => role in INSTEAD;

/** What of two channels stands for a channel that they do not have. */
export const insteadOf = (channel: ChannelName): "left" | "right" | "all" | "low" => INSTEAD[channel];

/** `channels`: those of the sound that have names; a channel is played by a sound that has it. */
export function partFor(role: Role, channels: readonly ChannelName[]): Role {
  if (!isChannel(role) || channels.includes(role)) return role;
  const next = NEXT_TO[role];
  return next && channels.includes(next) ? next : INSTEAD[role];
}
