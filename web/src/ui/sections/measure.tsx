// Lining all loudspeakers up through one microphone: what it does before it asks, how it goes on, and a table of what was
// found. One button that begins and stops, so that the focus stays where it was put.

import type { MeasuredView, MeasuringView } from "../../app/view.ts";
import { words } from "../copy/index.ts";
import type { ScreenProps } from "../shell.tsx";
import { useSlice } from "../slice.ts";

export function Measure({ view, actions }: ScreenProps) {
  const { measuring, linedUp, isSecureContext } = useSlice(view, (shown) => ({
    measuring: shown.measuring,
    linedUp: shown.linedUp,
    isSecureContext: shown.isSecureContext,
  }));
  const said = saying(measuring, isSecureContext);
  const isReady = measuring.code === "ready";
  const isListening = measuring.code === "sounding" && measuring.isMe;
  const isOthers = measuring.code === "sounding" && !measuring.isMe;
  const isFound = measuring.code === "found";
  return (
    <div class="measure">
      <h3>{words.measure.title}</h3>
      {linedUp && (
        <p class="lined-up">
          <span>{words.measure.linedUp(linedUp)}</span>
          <button type="button" class="button" onClick={() => actions.undoLinedUp()}>
            {words.measure.undo}
          </button>
        </p>
      )}
      {said && <p class={isListening || isOthers ? "measure-now" : "hint"}>{said}</p>}
      {isFound && <Found measuring={measuring} />}
      {isFound && measuring.canApply && (
        <button type="button" class="button button-primary" onClick={() => actions.applyMeasured()}>
          {words.measure.apply}
        </button>
      )}
      {isSecureContext && !isOthers && (
        <button
          type="button"
          class="button"
          disabled={isReady && measuring.hindrance !== null}
          onClick={() => (isReady ? actions.measure() : actions.stopMeasuring())}
        >
          {isReady ? words.measure.start : isFound ? words.measure.close : words.measure.stop}
        </button>
      )}
    </div>
  );
}

function saying(measuring: MeasuringView, isSecureContext: boolean): string {
  switch (measuring.code) {
    case "asking":
      return words.measure.asking;
    case "sounding":
      return words.measure.sounding(measuring);
    case "reckoning":
      return words.measure.reckoning;
    case "found":
      return "";
    case "ready": {
      if (!isSecureContext) return words.measure.insecure;
      const { failure, hindrance } = measuring;
      const first = failure === null ? words.measure.consent : words.measure.failure[failure];
      return hindrance === null ? first : `${first} ${words.measure.hindrance[hindrance]}`;
    }
  }
}

function Found({ measuring }: { measuring: Extract<MeasuringView, { code: "found" }> }) {
  const { devices, canApply, isApplied } = measuring;
  const missed = (["unheard", "unsteady"] as const).filter((heard) =>
    devices.some((device) => device.heard === heard),
  );
  return (
    <>
      <table class="measured">
        <caption>{words.measure.caption}</caption>
        <tbody>
          {devices.map((device) => (
            <Row key={device.userId} device={device} />
          ))}
        </tbody>
      </table>
      {missed.map((heard) => (
        <p key={heard} class="hint">
          {words.measure.missed[heard]}
        </p>
      ))}
      {!canApply && <p>{isApplied ? words.measure.applied : words.measure.nothing}</p>}
    </>
  );
}

function Row({ device: { name, isMe, heard, lateMs } }: { device: MeasuredView }) {
  return (
    <tr>
      <th scope="row">
        <bdi>{name || words.people.unnamed}</bdi> {isMe && <span class="meta">{words.people.you}</span>}
      </th>
      <td class="measured-late">{lateMs !== null && words.measure.late(lateMs)}</td>
      <td>{words.measure.heard[heard]}</td>
    </tr>
  );
}
