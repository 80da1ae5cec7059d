// What is asked of the render Worker, and its answers to whoever asked.

import type { RenderChannel } from "../render/render-channel.ts";
import type { RenderAnswer, RenderQuestion, RenderRequest } from "../render/render-protocol.ts";

type Question<Type> = { readonly type: Type } & Omit<Extract<RenderQuestion, { type: Type }>, "id" | "type">;
type AnswerTo<Type> = Extract<RenderAnswer, { type: Type }>;

export class RenderQuestions {
  readonly #channel: RenderChannel;
  readonly #open = new Map<number, (answer: RenderAnswer) => void>();

  constructor(channel: RenderChannel) {
    this.#channel = channel;
    channel.onAnswer = (answer) => {
      this.#open.get(answer.id)?.(answer);
      this.#open.delete(answer.id);
    };
  }

  /** The answer is of the question's type; none comes once the channel is closed. Rejects where it could not be worked out. */
  ask<Type extends RenderQuestion["type"]>(
    question: Question<Type>,
    transfer: Transferable[] = [],
  ): Promise<AnswerTo<Type>> {
    const id = this.#channel.newId();
    return new Promise((resolve, reject) => {
      this.#open.set(id, (answer) => {
        if (answer.type === "failed") reject(new Error(answer.detail));
        else resolve(answer as AnswerTo<Type>);
      });
      this.#channel.post({ ...question, id } as unknown as RenderRequest, transfer);
    });
  }

  post(request: RenderRequest, transfer: Transferable[] = []): void {
    this.#channel.post(request, transfer);
  }
}
