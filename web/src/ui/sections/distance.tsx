// How far the phones of others lie from this one, by chirps both ways: in Details a button and a line for each, and for who is asked by
// somebody else the question, how it goes on, and what came of it. An experiment. Fetched with the roles (role-parts.ts).

import type { UserId } from "../../lib/index.ts";
import type { DistanceFacts, View } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { type RoleWords, roleWordsInUse } from "../copy/roles/index.ts";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";

const NOBODY: DistanceFacts = {
  code: "idle",
  peer: null,
  isFirst: true,
  failure: null,
  remainingSec: 0,
  measured: [],
};

interface Neighbour {
  readonly userId: UserId;
  readonly name: string;
  /** Their page can answer. */
  readonly isAwake: boolean;
}

const neighboursOf = ({ people }: View): readonly Neighbour[] =>
  people
    .filter(({ isMe }) => !isMe)
    .map(({ userId, name, isAway, isVisible, isSilent }) => ({
      userId,
      name: name || words.people.unnamed,
      isAwake: !isAway && isVisible && !isSilent,
    }));

const nameOf = (neighbours: readonly Neighbour[], userId: UserId | null): string =>
  neighbours.find((each) => each.userId === userId)?.name ?? words.people.unnamed;

/** It takes what a calibration takes, and neither begins while the other is under way. */
function blockerOf({ calibration }: View): "alone" | "music" | "clock" | null {
  if (calibration.code === "ready") return calibration.notReadyReason;
  return calibration.code === "found" ? null : "music";
}

/** In Details. */
export function Distances({ view, actions }: ScreenProps) {
  const said = roleWordsInUse();
  const { distance, neighbours, isSecureContext, blocker } = useSlice(view, (shown) => ({
    distance: shown.distance ?? NOBODY,
    neighbours: neighboursOf(shown),
    isSecureContext: shown.isSecureContext,
    blocker: blockerOf(shown),
  }));
  const isIdle = distance.code === "idle";
  const isUnderWay = !isIdle && distance.isFirst;
  const shown = neighbours.filter(
    ({ userId, isAwake }) => isAwake || (isUnderWay && userId === distance.peer),
  );
  const canAsk = isIdle && isSecureContext && blocker === null;
  return (
    <section class="distances" aria-labelledby="distances-title">
      <h3 id="distances-title">{said.distance.title}</h3>
      <p class="hint">{said.distance.hint}</p>
      {!isSecureContext && <p class="hint">{words.measure.insecure}</p>}
      {isSecureContext && isIdle && blocker && <p class="hint">{words.measure.notReadyReason[blocker]}</p>}
      {neighbours.length > 0 && shown.length === 0 && <p class="hint">{said.distance.nobody}</p>}
      {/* In the page from the start, so that screen readers say what appears in it. */}
      <div aria-live="polite">
        {distance.measured.map(({ userId, distanceM, uncertaintyM }) => (
          <p key={userId}>{said.distance.of(nameOf(neighbours, userId), distanceM, uncertaintyM)}</p>
        ))}
        {distance.isFirst && <Saying distance={distance} text={saying(distance, neighbours, said)} />}
      </div>
      {shown.map(({ userId, name }) => {
        const stops = isUnderWay && userId === distance.peer;
        // One button that begins and stops, so that the focus stays where it was put.
        return (
          <button
            key={userId}
            type="button"
            class="button"
            disabled={!canAsk && !stops}
            onClick={() => (stops ? actions.answerDistance("stop") : actions.measureDistance(userId))}
          >
            {stops ? words.measure.stop : said.distance.measure(name)}
          </button>
        );
      })}
    </section>
  );
}

/** Above all tabs, for who was asked. */
export function DistanceQuestion({ view, actions }: ScreenProps) {
  const said = roleWordsInUse();
  const { distance, neighbours } = useSlice(view, (shown) => ({
    distance: shown.distance ?? NOBODY,
    neighbours: neighboursOf(shown),
  }));
  const isShown = !distance.isFirst && distance.peer !== null;
  const isAsked = distance.code === "asked";
  const name = nameOf(neighbours, distance.peer);
  const result = distance.measured.find(({ userId }) => userId === distance.peer);
  const isDone = distance.code === "idle" && distance.failure === null;
  const line =
    isDone && result
      ? said.distance.of(name, result.distanceM, result.uncertaintyM)
      : saying(distance, neighbours, said);
  return (
    <div aria-live="polite">
      {isShown && (
        <section class="heard" aria-label={said.distance.title}>
          <Saying distance={distance} text={isAsked ? said.distance.asks(name) : line} />
          {isAsked && <p class="hint">{said.distance.asksHint}</p>}
          <div class="heard-acts">
            <button
              type="button"
              class={isAsked ? "button button-primary" : "button"}
              onClick={() => actions.answerDistance(isAsked ? "allow" : "stop")}
            >
              {isAsked ? said.allow : distance.code === "idle" ? words.measure.close : words.measure.stop}
            </button>
            {isAsked && (
              <button type="button" class="button" onClick={() => actions.answerDistance("decline")}>
                {said.notNow}
              </button>
            )}
          </div>
        </section>
      )}
    </div>
  );
}

/** Seconds that count down are not said aloud, one after the other, while microphones listen. */
const Saying = ({ distance, text }: { distance: DistanceFacts; text: string }) => (
  <p aria-live={distance.code === "sounding" ? "off" : "polite"}>{text}</p>
);

/** What is under way, or why the last one came to nothing. */
function saying(
  { code, peer, failure, remainingSec }: DistanceFacts,
  neighbours: readonly Neighbour[],
  said: RoleWords,
): string {
  const name = nameOf(neighbours, peer);
  switch (code) {
    case "opening":
      return words.measure.asking;
    case "waiting":
      return said.distance.waiting(name);
    case "ready":
      return said.distance.ready;
    case "sounding":
      return words.measure.sounding({ code, isMe: true, listenerName: "", remainingSec });
    case "reckoning":
      return words.measure.reckoning;
    case "asked":
      return "";
    case "idle":
      if (failure === null) return "";
      return isOwn(failure) ? words.measure.failure[failure] : said.distance.failure[failure](name);
  }
}

type Failure = NonNullable<DistanceFacts["failure"]>;
type OwnFailure = keyof typeof words.measure.failure;

const isOwn = (failure: Failure): failure is Extract<Failure, OwnFailure> => failure in words.measure.failure;
