// What is asked of the render Worker: a question that it cannot answer is told so, and does not hold up those behind it.

import { describe, expect, it } from "vitest";
import { RenderChannel } from "../render/render-channel.ts";
import { renderWorker } from "../testing/render-worker.ts";
import { RenderQuestions } from "./render-questions.ts";

describe("a question to the render Worker", () => {
  it("is rejected where the answer takes more memory than there is, and the next one is answered", async () => {
    const questions = new RenderQuestions(new RenderChannel(renderWorker()));
    const levels = { type: "levels", sourceId: "song", sampleRate: 48_000 } as const;
    await expect(questions.ask({ ...levels, frames: 2 ** 52 })).rejects.toThrow();
    expect((await questions.ask({ ...levels, frames: 48_000 })).levels).toHaveLength(20);
  });
});
