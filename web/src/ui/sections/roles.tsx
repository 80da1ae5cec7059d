// Who plays what part of the sound: this device's own choice and tone, what somebody asks of it, each person's role, and the room as
// a picture and in words. Drawn in the sections of others, and fetched apart from them (role-parts.ts).

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { MAX_TRIM_DB } from "../../protocol/constants/session.gen.ts";
import type { Actions, PersonView, Role, Trim } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { roleWordsInUse } from "../copy/roles/index.ts";
import { Slider } from "../parts/controls.tsx";
import { RoomPicture } from "../parts/room-picture.tsx";
import { type Given, roleOptions, soundingPeople, spread, takenBack } from "../role-options.ts";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";

export { fetchRoleWordsInUse } from "../copy/roles/index.ts";
export { DistanceQuestion, Distances } from "./distance.tsx";

/** Under This phone: its role and the tone of its loudspeaker. */
export function RoleHere({ view, actions }: ScreenProps) {
  const said = roleWordsInUse();
  const { role, channels, trim } = useSlice(view, ({ roleHere, trim }) => ({ ...roleHere, trim }));
  const setTrim = (part: Partial<Trim>) => actions.setTrim({ ...trim, ...part });
  return (
    <>
      <div class="role-here">
        <label for="role">{said.title}</label>
        <RoleSelect id="role" describedBy="role-hint" {...{ role, channels }} onChoose={actions.setRole} />
        <p class="hint" id="role-hint">
          {said.hint(role)}
        </p>
      </div>
      <div class="tone">
        <h3>{said.tone}</h3>
        <DecibelSlider
          id="bass"
          label={said.bass}
          valueDb={trim.bassDb}
          onInput={(bassDb) => setTrim({ bassDb })}
        />
        <DecibelSlider
          id="treble"
          label={said.treble}
          valueDb={trim.trebleDb}
          onInput={(trebleDb) => setTrim({ trebleDb })}
        />
        <DecibelSlider
          id="gain"
          label={said.gain}
          valueDb={trim.gainDb}
          onInput={(gainDb) => setTrim({ gainDb })}
        />
      </div>
    </>
  );
}

interface DecibelSliderProps {
  readonly id: string;
  readonly label: string;
  readonly valueDb: number;
  readonly onInput: (valueDb: number) => void;
}

function DecibelSlider({ valueDb, ...slider }: DecibelSliderProps) {
  const said = roleWordsInUse();
  return (
    <Slider {...slider} text={said.decibels(valueDb)} min={-MAX_TRIM_DB} max={MAX_TRIM_DB} value={valueDb} />
  );
}

interface RoleSelectProps {
  readonly id?: string;
  readonly label?: string;
  readonly describedBy?: string;
  readonly role: Role;
  readonly channels: readonly Role[] | null;
  readonly onChoose: (role: Role) => void;
}

function RoleSelect({ id, label, describedBy, role, channels, onChoose }: RoleSelectProps) {
  const said = roleWordsInUse();
  return (
    <select
      id={id}
      aria-label={label}
      aria-describedby={describedBy}
      value={role}
      onChange={(event) => onChoose(event.currentTarget.value as Role)}
    >
      {roleOptions(channels, role).map((option) => (
        <option key={option} value={option}>
          {said.roles[option]}
        </option>
      ))}
    </select>
  );
}

/** The tap of consent that a first assignment needs. */
export function RoleQuestion({ view, actions }: ScreenProps) {
  const said = roleWordsInUse();
  const asked = useSlice(view, ({ roleHere }) => roleHere.asked);
  return (
    // In the page from the start, so that screen readers say what appears in it.
    <div aria-live="polite">
      {asked && (
        <section class="heard" aria-label={said.title}>
          <p>{said.ask(asked.name || words.people.unnamed, asked.role)}</p>
          <p class="hint">{said.askHint}</p>
          <div class="heard-acts">
            <button type="button" class="button button-primary" onClick={() => actions.answerRole(true)}>
              {said.allow}
            </button>
            <button type="button" class="button" onClick={() => actions.answerRole(false)}>
              {said.notNow}
            </button>
          </div>
        </section>
      )}
    </div>
  );
}

type Person = Pick<PersonView, "userId" | "name" | "isMe" | "isAway" | "role" | "askedRole" | "isSilent">;

interface PersonRoleProps {
  readonly person: Person;
  readonly channels: readonly Role[] | null;
  readonly canAssign: boolean;
  readonly actions: Actions;
}

/** In the person's row: what they play, and for the director the way to give them something else. */
export function PersonRole({ person, channels, canAssign, actions }: PersonRoleProps) {
  const said = roleWordsInUse();
  const { userId, name, role, askedRole } = person;
  if (role === null) return null;
  const isTold = role !== "all" || askedRole !== null;
  if (!isTold && !canAssign) return null;
  return (
    <div class="person-role">
      {/* Where the choice shows it, too, it is not drawn twice. */}
      {isTold && (
        <p class={canAssign && !askedRole ? "unseen" : "meta"}>
          {askedRole ? said.asked(askedRole) : said.plays(role)}
        </p>
      )}
      {canAssign && (
        <RoleSelect
          label={said.roleOf(name || words.people.unnamed)}
          role={askedRole ?? role}
          channels={channels}
          onChoose={(chosen) => actions.assignRole(userId, chosen)}
        />
      )}
    </div>
  );
}

/** Above the list of people: one tap that spreads the sound over the room, one that takes it back, and who plays what. */
export function RoomRoles({ view, actions }: ScreenProps) {
  const said = roleWordsInUse();
  const { people, isDirector } = useSlice(view, ({ people, isDirector }) => ({
    people: people.map(
      ({ userId, name, isMe, isAway, role, askedRole, isSilent }): Person => ({
        ...{ userId, name, isMe, isAway, role, askedRole, isSilent },
      }),
    ),
    isDirector,
  }));
  const given = useSignal<readonly Given[]>([]);
  useEffect(() => {
    if (!isDirector) given.value = [];
  }, [isDirector]);
  const canSpread = isDirector && soundingPeople(people).length > 1;
  const assign = (list: readonly Given[], key: "role" | "before") => {
    for (const each of list) actions.assignRole(each.userId, each[key]);
  };
  const onSpread = () => {
    given.value = spread(people);
    assign(given.value, "role");
  };
  const onUndo = () => {
    assign(takenBack(given.value, people), "before");
    given.value = [];
  };
  return (
    <div class="room">
      {canSpread && (
        <div class="room-acts">
          <button type="button" class="button" aria-describedby="spread-hint" onClick={onSpread}>
            {said.spread}
          </button>
          {/* Always there, so that the focus has a place to stay. */}
          <button type="button" class="button" disabled={given.value.length === 0} onClick={onUndo}>
            {said.undo}
          </button>
          <p class="hint" id="spread-hint">
            {said.spreadHint}
          </p>
        </div>
      )}
      <RoomPicture people={people} said={said} />
    </div>
  );
}
