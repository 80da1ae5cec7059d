// Every way the director's role can change, as this peer sees it: the machine of director.ts as one table. director.ts may
// make no other transition, and the diagram in docs/spec/director.md is drawn from it. Pure.

export type DirectorRoleName = "detached" | "following" | "vacant" | "directing";
export type DirectorRoleEvent =
  | "attached"
  | "detached"
  | "heartbeat heard"
  | "resignation heard"
  | "director silence"
  | "server silence"
  | "director left"
  | "election timeout"
  | "taken over"
  | "heartbeat due"
  | "resigned";

interface Transition {
  readonly from: DirectorRoleName;
  readonly event: DirectorRoleEvent;
  readonly to: DirectorRoleName;
  /** In the diagram; names the rules it serves. */
  readonly because: string;
}

export const ROLE_TRANSITIONS: readonly Transition[] = [
  { from: "detached", event: "attached", to: "following", because: "listen first, others are there (D6)" },
  { from: "detached", event: "attached", to: "directing", because: "the latest record is mine" },
  { from: "detached", event: "attached", to: "vacant", because: "alone, nobody expected (D6)" },
  { from: "following", event: "heartbeat heard", to: "following", because: "the latest record (D2)" },
  { from: "following", event: "resignation heard", to: "vacant", because: "the director resigned (D11)" },
  { from: "following", event: "director silence", to: "vacant", because: "3 s without a heartbeat (D4)" },
  {
    from: "following",
    event: "server silence",
    to: "following",
    because: "not even the server is heard (D18)",
  },
  { from: "following", event: "director left", to: "vacant", because: "the director left (D4)" },
  { from: "following", event: "taken over", to: "directing", because: "take over by hand (D10)" },
  { from: "vacant", event: "heartbeat heard", to: "following", because: "someone claimed (D1)" },
  { from: "vacant", event: "resignation heard", to: "vacant", because: "another one resigned (D11)" },
  { from: "vacant", event: "election timeout", to: "directing", because: "my rank's turn (D5)" },
  { from: "vacant", event: "taken over", to: "directing", because: "take over by hand (D10)" },
  { from: "directing", event: "heartbeat due", to: "directing", because: "a heartbeat (D3, D7, D9)" },
  { from: "directing", event: "heartbeat heard", to: "following", because: "a greater record (D1)" },
  {
    from: "directing",
    event: "resignation heard",
    to: "vacant",
    because: "a greater record, resigned (D11)",
  },
  { from: "directing", event: "resigned", to: "vacant", because: "resign by hand (D11)" },
  { from: "following", event: "detached", to: "detached", because: "the control channel is gone" },
  { from: "vacant", event: "detached", to: "detached", because: "the control channel is gone" },
  { from: "directing", event: "detached", to: "detached", because: "the control channel is gone" },
  { from: "detached", event: "detached", to: "detached", because: "another attempt failed" },
];

const transitions = new Set(ROLE_TRANSITIONS.map(({ from, event, to }) => `${from} ${event} ${to}`));

/** Throws RangeError for a way that is not in the table: a bug, never a message from outside. */
export function checkTransition(
  from: DirectorRoleName,
  event: DirectorRoleEvent,
  to: DirectorRoleName,
): void {
  if (!transitions.has(`${from} ${event} ${to}`))
    throw new RangeError(`no transition from ${from} by ${event} to ${to}`);
}
