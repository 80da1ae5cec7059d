// The room seen from above, the listener in the middle: who plays what part, where such a loudspeaker belongs. One picture with its
// words for who cannot see it. Nothing while everybody plays everything.

import type { Role } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import type { RoleWords } from "../copy/roles/index.ts";
import { soundingPeople } from "../role-options.ts";
import { type RoomGroup, roomLayout, shortened, WIDTH } from "../room-layout.ts";

interface RoomPerson {
  readonly userId: string;
  readonly name: string;
  readonly isMe: boolean;
  readonly isAway: boolean;
  readonly isSilent: boolean;
  readonly role: Role | null;
}

export function RoomPicture({ people, said }: { people: readonly RoomPerson[]; said: RoleWords }) {
  const playing = soundingPeople(people);
  if (playing.every(({ role }) => role === "all")) return null;
  const parts = playing.map(({ name, role }) => said.part(name || words.people.unnamed, role));
  const { height, listener, groups } = roomLayout(playing);
  return (
    <svg class="room-picture" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={said.room(parts)}>
      <rect class="room-walls" x="1" y="1" width={WIDTH - 2} height={height - 2} rx="10" />
      <circle class="room-listener" cx={listener.x} cy={listener.y} r="5" />
      {groups.map((group) => (
        <Group key={group.role} group={group} said={said} />
      ))}
    </svg>
  );
}

function Group({ group, said }: { group: RoomGroup<RoomPerson>; said: RoleWords }) {
  const { role, isNamed, phones, label } = group;
  return (
    <g>
      {phones.map(({ person: { userId, name, isMe }, x, y, nameUnits }) => (
        <g key={userId} class={isMe ? "room-phone room-phone-mine" : "room-phone"}>
          {isNamed ? (
            <rect x={x - 6} y={y} width="12" height="18" rx="3" />
          ) : (
            <rect x={x - 4.5} y={y} width="9" height="13" rx="2" />
          )}
          {isNamed && (
            <text x={x} y={y + 28}>
              {shortened(name || words.people.unnamed, nameUnits)}
            </text>
          )}
        </g>
      ))}
      <text class="room-role" x={label.x} y={label.y}>
        {isNamed ? said.roles[role] : `${said.roles[role]} × ${phones.length}`}
      </text>
    </g>
  );
}
