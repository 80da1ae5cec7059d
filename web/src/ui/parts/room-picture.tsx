// The room seen from above, the listener in the middle: who plays what part, where such a loudspeaker belongs. One picture with its
// words for who cannot see it. Nothing while everybody plays everything.

import type { Role } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import type { RoleWords } from "../copy/roles/index.ts";

interface RoomPerson {
  readonly userId: string;
  readonly name: string;
  readonly isMe: boolean;
  readonly isAway: boolean;
  readonly role: Role | null;
}

const WIDTH = 360;
const HEIGHT = 220;
const MAX_NAME_CHARS = 9;
/** Where a role's place is, in shares of the room from its left and from its front; several share a place side by side. */
const PLACES: Readonly<Record<Role, readonly [left: number, front: number]>> = {
  all: [0.5, 0.78],
  left: [0.14, 0.34],
  right: [0.86, 0.34],
  low: [0.32, 0.16],
  "without-low": [0.68, 0.16],
  "front-left": [0.14, 0.16],
  "front-right": [0.86, 0.16],
  centre: [0.5, 0.16],
  lfe: [0.32, 0.34],
  "surround-left": [0.14, 0.58],
  "surround-right": [0.86, 0.58],
  "back-left": [0.2, 0.8],
  "back-right": [0.8, 0.8],
  "back-centre": [0.5, 0.8],
};
/** Beside each other where there is room, else one below the other. */
const STEP = 72;
const STEP_DOWN = 40;

interface Placed extends RoomPerson {
  readonly role: Role;
  readonly x: number;
  readonly y: number;
}

export function RoomPicture({ people, said }: { people: readonly RoomPerson[]; said: RoleWords }) {
  const playing = people.flatMap((person) =>
    person.isAway || person.role === null ? [] : [{ ...person, role: person.role }],
  );
  if (playing.every(({ role }) => role === "all")) return null;
  const parts = playing.map(({ name, role }) => said.part(name || words.people.unnamed, role));
  return (
    <svg class="room-picture" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said.room(parts)}>
      <rect class="room-walls" x="1" y="1" width={WIDTH - 2} height={HEIGHT - 2} rx="10" />
      <circle class="room-listener" cx={WIDTH / 2} cy={HEIGHT / 2} r="5" />
      {placed(playing).map(({ userId, name, isMe, role, x, y }) => (
        <g key={userId} class={isMe ? "room-phone room-phone-mine" : "room-phone"}>
          <rect x={x - 6} y={y - 14} width="12" height="18" rx="3" />
          <text x={x} y={y + 15}>
            {shortened(name || words.people.unnamed)}
          </text>
          <text class="room-role" x={x} y={y + 26}>
            {said.roles[role]}
          </text>
        </g>
      ))}
    </svg>
  );
}

/** Those of one role in a row around its place, or in a column at the walls. */
function placed(people: readonly (RoomPerson & { readonly role: Role })[]): readonly Placed[] {
  return people.map((person) => {
    const same = people.filter(({ role }) => role === person.role);
    const at = same.findIndex(({ userId }) => userId === person.userId);
    const [left, front] = PLACES[person.role];
    const isAtWall = left < 0.3 || left > 0.7;
    const offset = isAtWall ? at : at - (same.length - 1) / 2;
    const step = Math.min(isAtWall ? STEP_DOWN : STEP, ((isAtWall ? 0.62 : 0.8) * WIDTH) / same.length);
    const x = left * WIDTH + (isAtWall ? 0 : offset * step);
    const y = front * HEIGHT + (isAtWall ? offset * Math.min(step, (0.5 * HEIGHT) / same.length) : 0);
    return { ...person, x: Math.round(x), y: Math.round(y) };
  });
}

const shortened = (name: string): string => {
  const chars = [...name];
  return chars.length > MAX_NAME_CHARS ? `${chars.slice(0, MAX_NAME_CHARS - 1).join("")}…` : name;
};
