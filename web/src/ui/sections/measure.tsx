// Lining all loudspeakers up through one microphone: what it does before it asks, how it goes on, and a table of what was
// found. One button that begins and stops, so that the focus stays where it was put.

import type { CalibratedDeviceView, CalibrationView } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { How } from "../parts/how.tsx";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";

export function Measure({ view, actions }: ScreenProps) {
  const { calibration, appliedCalibration, isSecureContext } = useSlice(view, (shown) => ({
    calibration: shown.calibration,
    appliedCalibration: shown.appliedCalibration,
    isSecureContext: shown.isSecureContext,
  }));
  const said = saying(calibration, isSecureContext);
  const isReady = calibration.code === "ready";
  const isListening = calibration.code === "sounding" && calibration.isMe;
  const isOthers = calibration.code === "sounding" && !calibration.isMe;
  const isFound = calibration.code === "found";
  return (
    <div class="measure">
      <h3>{words.measure.title}</h3>
      {appliedCalibration && (
        <p class="lined-up">
          <span>{words.measure.appliedCalibration(appliedCalibration)}</span>
          <button type="button" class="button" onClick={() => actions.undoCalibration()}>
            {words.measure.undo}
          </button>
        </p>
      )}
      {isReady && isSecureContext && <How about={words.measure.title}>{words.measure.consent}</How>}
      {said && <p class={isListening || isOthers ? "measure-now" : "hint"}>{said}</p>}
      {isFound && <Found calibration={calibration} />}
      {isFound && calibration.canApply && (
        <button type="button" class="button button-primary" onClick={() => actions.applyCalibration()}>
          {words.measure.apply}
        </button>
      )}
      {isSecureContext && !isOthers && (
        <button
          type="button"
          class="button"
          disabled={isReady && calibration.notReadyReason !== null}
          onClick={() => (isReady ? actions.measure() : actions.cancelCalibration())}
        >
          {isReady ? words.measure.start : isFound ? words.measure.close : words.measure.stop}
        </button>
      )}
    </div>
  );
}

function saying(calibration: CalibrationView, isSecureContext: boolean): string {
  switch (calibration.code) {
    case "asking":
      return words.measure.asking;
    case "sounding":
      return words.measure.sounding(calibration);
    case "reckoning":
      return words.measure.reckoning;
    case "found":
      return "";
    case "ready": {
      if (!isSecureContext) return words.measure.insecure;
      const { failure, notReadyReason } = calibration;
      const said = [
        failure && words.measure.failure[failure],
        notReadyReason && words.measure.notReadyReason[notReadyReason],
      ];
      return said.filter((each) => each).join(" ");
    }
  }
}

function Found({ calibration }: { calibration: Extract<CalibrationView, { code: "found" }> }) {
  const { devices, canApply, isApplied } = calibration;
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

function Row({ device: { name, isMe, heard, lateMs } }: { device: CalibratedDeviceView }) {
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
