// A recording is worked on in a Worker of its own, which ends with it.

import { realClock, within } from "../../lib/index.ts";
import { type Heard, judge, type Lateness } from "./lateness.ts";
import type { Recording } from "./listen.ts";
import type { MeasureRequest } from "./measure.worker.ts";

/** It takes a slow phone some seconds for twenty devices. */
const LIMIT_MS = 60_000;

/** One verdict for each device; otherwise as `hearInWorker`. */
export const measureInWorker = async (devices: number, recording: Recording): Promise<readonly Lateness[]> =>
  judge(devices, await hearInWorker(devices, recording));

/** The recording is gone from this side afterwards. Rejects when the Worker cannot be loaded or does not answer. */
export function hearInWorker(devices: number, recording: Recording): Promise<readonly Heard[]> {
  const worker = new Worker(new URL("./measure.worker.ts", import.meta.url), { type: "module" });
  const request: MeasureRequest = { devices, recording };
  const measured = new Promise<readonly Heard[]>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<readonly Heard[]>) => resolve(data);
    worker.onerror = () => reject(new Error("the recording could not be worked on"));
    worker.postMessage(request, [recording.samples.buffer]);
  });
  return within(realClock, LIMIT_MS, measured).finally(() => worker.terminate());
}
