// Every way the director's seat can change, as this peer sees it: the machine of director.ts as one table. director.ts may
// take no other way, and the diagram in docs/spec/director.md is drawn from it. Pure.

export type SeatName = "detached" | "following" | "vacant" | "directing";
export type SeatEvent =
  | "attached"
  | "detached"
  | "beat"
  | "resigned beat"
  | "silence"
  | "deaf"
  | "left"
  | "turn"
  | "taken"
  | "second"
  | "resigned";

interface Way {
  readonly from: SeatName;
  readonly event: SeatEvent;
  readonly to: SeatName;
  /** In the diagram; names the rules it serves. */
  readonly because: string;
}

export const SEAT_WAYS: readonly Way[] = [
  { from: "detached", event: "attached", to: "following", because: "listen first, others are there (D6)" },
  { from: "detached", event: "attached", to: "directing", because: "the latest record is mine" },
  { from: "detached", event: "attached", to: "vacant", because: "alone, nobody expected (D6)" },
  { from: "following", event: "beat", to: "following", because: "the latest record (D2)" },
  { from: "following", event: "resigned beat", to: "vacant", because: "the director resigned (D11)" },
  { from: "following", event: "silence", to: "vacant", because: "3 s without a beat (D4)" },
  { from: "following", event: "deaf", to: "following", because: "not even the server is heard (D18)" },
  { from: "following", event: "left", to: "vacant", because: "the director left (D4)" },
  { from: "following", event: "taken", to: "directing", because: "take over by hand (D10)" },
  { from: "vacant", event: "beat", to: "following", because: "someone claimed (D1)" },
  { from: "vacant", event: "resigned beat", to: "vacant", because: "another one resigned (D11)" },
  { from: "vacant", event: "turn", to: "directing", because: "my rank's turn (D5)" },
  { from: "vacant", event: "taken", to: "directing", because: "take over by hand (D10)" },
  { from: "directing", event: "second", to: "directing", because: "a beat (D3, D7, D9)" },
  { from: "directing", event: "beat", to: "following", because: "a greater record (D1)" },
  { from: "directing", event: "resigned beat", to: "vacant", because: "a greater record, resigned (D11)" },
  { from: "directing", event: "resigned", to: "vacant", because: "resign by hand (D11)" },
  { from: "following", event: "detached", to: "detached", because: "the control channel is gone" },
  { from: "vacant", event: "detached", to: "detached", because: "the control channel is gone" },
  { from: "directing", event: "detached", to: "detached", because: "the control channel is gone" },
  { from: "detached", event: "detached", to: "detached", because: "another attempt failed" },
];

const ways = new Set(SEAT_WAYS.map(({ from, event, to }) => `${from} ${event} ${to}`));

/** Throws RangeError for a way that is not in the table: a bug, never a message from outside. */
export function checkWay(from: SeatName, event: SeatEvent, to: SeatName): void {
  if (!ways.has(`${from} ${event} ${to}`)) throw new RangeError(`no way from ${from} by ${event} to ${to}`);
}
