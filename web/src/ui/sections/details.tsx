// The figures, for the curious and for support. Rendered only while open: they change with every measurement. What support
// asks for comes first, then what is short; what grows with people and songs comes last.

import { useSignal } from "@preact/signals";
import type { DetailsView } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { PieceMaps } from "../parts/piece-maps.tsx";
import { PeoplePlots, Plots } from "../parts/plots.tsx";
import { roleParts } from "../role-parts.ts";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";

export function Details({ view, actions }: ScreenProps) {
  const isOpen = useSignal(false);
  const roles = roleParts.value;
  return (
    <details class="details" onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>{words.details.title}</summary>
      <CopyButton
        label={words.details.copy}
        copied={words.details.copied}
        failed={words.details.copyFailed}
        copy={() => actions.copyDiagnostics()}
      />
      {isOpen.value && <Figures view={view} actions={actions} />}
      {isOpen.value && roles && <roles.Distances view={view} actions={actions} />}
      {isOpen.value && <Plots view={view} />}
      {isOpen.value && <PeoplePlots view={view} />}
      {isOpen.value && <PieceMaps view={view} />}
    </details>
  );
}

function Figures({ view }: ScreenProps) {
  const rows = useSlice(view, ({ details }) => detailRows(details));
  return (
    <dl class="figures-list">
      {rows.map(({ label, value }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Label and value as shown; equal rows are not painted again. */
function detailRows(details: DetailsView): { label: string; value: string }[] {
  const { rows, ms, ppm, bytes, count, control, clock } = words.details;
  return [
    { label: rows.control, value: control[details.controlState] },
    { label: rows.clock, value: clock[details.clockState] },
    { label: rows.uncertainty, value: ms(2)(details.uncertaintyMs) },
    { label: rows.rtt, value: ms(1)(details.rttMs) },
    { label: rows.offset, value: ms(1)(details.offsetMs) },
    { label: rows.drift, value: ppm(details.driftPpm) },
    { label: rows.latency, value: ms(1)(details.outputLatencyMs) },
    { label: rows.links, value: count(details.links) },
    { label: rows.sent, value: bytes(details.sentBytes) },
    { label: rows.received, value: bytes(details.receivedBytes) },
  ];
}
