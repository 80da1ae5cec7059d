// The page's end of render.worker.ts: requests out, rendered segments to the queue, all other answers to whoever asked
// (audio/decode/render-questions.ts). Ends the Worker with itself.

import type { RenderAnswer, Rendered, RenderRequest } from "./render-protocol.ts";

export class RenderChannel {
  readonly #worker: Worker;
  #nextId = 1;
  onRendered: (rendered: Rendered) => void = () => undefined;
  onAnswer: (answer: RenderAnswer) => void = () => undefined;

  /** Takes the Worker over. */
  constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<RenderAnswer>) =>
      data.type === "rendered" ? this.onRendered(data) : this.onAnswer(data);
  }

  newId(): number {
    return this.#nextId++;
  }

  post(request: RenderRequest, transfer: Transferable[] = []): void {
    this.#worker.postMessage(request, transfer);
  }

  close(): void {
    this.#worker.terminate();
  }
}
