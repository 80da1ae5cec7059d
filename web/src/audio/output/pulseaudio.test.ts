import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { SmoothedStream, type StreamModel } from "../testing/smoothed-stream.ts";
import { OutputClock, type OutputSample } from "./output-clock.ts";
import { PulseAudioOutput } from "./pulseaudio.ts";

const POOR_START: StreamModel = { skewPpm: 70, answerNoiseMs: 0, firstAnswerMs: -2 };

const stream = (model: Partial<StreamModel> = {}) =>
  new SmoothedStream({ ...POOR_START, ...model }, new SeededRandom(7));

const leadMs = (sample: OutputSample) => sample.audioSec * 1000 - sample.localMs;

function answersIn(samples: readonly OutputSample[], answers = new PulseAudioOutput()): OutputSample[] {
  return samples.map((sample) => answers.add(sample)).filter((answer) => answer !== null);
}

describe("answers behind smoothed timestamps", () => {
  it("[P24] are right from the first one on, while the timestamps still read a millisecond off", () => {
    const source = stream();
    const samples = source.timestamps(30_000);
    const errors = (list: readonly OutputSample[]) =>
      list.map((sample) => leadMs(sample) - source.trueLeadMsAt(sample.localMs));
    const answers = answersIn(samples);
    expect(answers.length).toBeGreaterThan(12);
    expect(Math.max(...errors(answers).map(Math.abs))).toBeLessThan(0.08);
    const first = answers[0]?.localMs ?? 0;
    expect(first).toBeLessThan(9_000); // though its first lines are steep
    const then = errors(samples.filter(({ localMs }) => Math.abs(localMs - first) < 2_000));
    expect(Math.max(...then.map(Math.abs))).toBeGreaterThan(0.5);
  });

  it("[P24] keep their own scatter and nothing else", () => {
    const source = stream({ answerNoiseMs: 0.05, firstAnswerMs: 0 });
    const answers = answersIn(source.timestamps(300_000));
    const errors = answers.map((answer) => leadMs(answer) - source.trueLeadMsAt(answer.localMs));
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / errors.length);
    const followed = errors.slice(1).map((error, index) => (error - mean) * ((errors[index] ?? 0) - mean));
    const correlation = followed.reduce((sum, each) => sum + each, 0) / followed.length / deviation ** 2;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(deviation).toBeLessThan(0.06);
    expect(Math.abs(correlation)).toBeLessThan(0.12); // a share of each jump alone would say 0.14
  });

  it("[P24] go on within three lines when timestamps that were put off looked like one", () => {
    const source = stream({ firstAnswerMs: 0, answerNoiseMs: 0.05 });
    const answers = new PulseAudioOutput();
    const samples = source.timestamps(40_000).map((sample) => {
      const isPutOff = sample.localMs > 31_400 && sample.localMs <= 31_560; // two threads in a row look like a new line
      return { ...sample, audioSec: sample.audioSec + (isPutOff ? 5e-5 : 0) };
    });
    const found = answersIn(samples, answers);
    const gaps = found.slice(1).map((answer, index) => answer.localMs - (found[index]?.localMs ?? 0));
    expect(Math.max(...gaps.slice(5))).toBeLessThan(5_500);
  });

  it("[P24] go on after one that came far too late, though a timestamp of its line was put off", () => {
    const source = stream({ firstAnswerMs: 0, answerNoiseMs: 0.05 });
    const answers = new PulseAudioOutput();
    answersIn(source.timestamps(30_000), answers);
    source.nextAnswerOffMs = 13.5;
    const samples = source.timestamps(30_000);
    const broken = samples.findIndex(
      (sample, at) => at > 0 && leadMs(sample) - leadMs(samples[at - 1] ?? sample) > 3,
    );
    const late = samples.map((sample, at) =>
      at === broken + 5 ? { ...sample, audioSec: sample.audioSec - 2e-5 } : sample,
    );
    const found = late.flatMap((sample) => {
      const answer = answers.add(sample);
      expect(answers.kind === "rough").toBe(false);
      return answer ? [answer] : [];
    });
    const gaps = found.slice(1).map((answer, index) => answer.localMs - (found[index]?.localMs ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(1_800);
    const off = found.filter(
      (answer) => Math.abs(leadMs(answer) - source.trueLeadMsAt(answer.localMs)) > 0.3,
    );
    expect(off.length).toBe(1); // the late one
  });

  it("[P25] say until the first one how far a steep line may be off", () => {
    const source = stream({ firstAnswerMs: -30 });
    source.timestamps(2_600);
    const answers = new PulseAudioOutput(); // as after a starved second: the stream's beginning was not seen
    const rough = source.timestamps(4_000).flatMap((sample) => {
      answers.add(sample);
      const offMs = Math.abs(leadMs(sample) - source.trueLeadMsAt(sample.localMs));
      return answers.kind === "rough" ? [{ offMs, roughMs: answers.roughMs }] : [];
    });
    const steep = rough.slice(2);
    expect(steep.length).toBeGreaterThan(5);
    for (const { offMs, roughMs } of steep) {
      expect(offMs).toBeGreaterThan(5);
      expect(roughMs).toBeGreaterThan(offMs);
      expect(roughMs).toBeLessThan(4 * offMs);
    }
  });

  it.each([0.02, 0.1, 1])(
    "[P24] do not exist where timestamps scatter by %d ms, and those speak for themselves",
    (scatterMs) => {
      const random = new SeededRandom(3);
      const answers = new PulseAudioOutput();
      for (let localMs = 0; localMs < 60_000; localMs += 20) {
        const answer = answers.add({
          localMs,
          audioSec: (localMs - 40 + scatterMs * random.normal()) / 1000,
        });
        expect(answer).toBeNull();
        if (localMs > 3_000) expect(answers.kind).toBeNull();
      }
    },
  );

  it("[P24] are the line itself where a platform's timestamps are straight, and it is certain of it", () => {
    const line = new OutputClock();
    const answers = new PulseAudioOutput();
    for (let localMs = 0; localMs < 30_000; localMs += 20) {
      const sample = { localMs, audioSec: (localMs * (1 + 40e-6) - 60) / 1000 };
      const answer = answers.add(sample);
      if (answer) line.add(answer);
      line.add(answers.kind ? { ...sample, kind: answers.kind } : sample);
      if (localMs > 3_500) expect(line.uncertaintyMsAt(localMs)).toBeLessThan(1);
    }
    expect((line.audioSecAt(30_000) ?? 0) * 1000).toBeCloseTo(30_000 * (1 + 40e-6) - 60, 1);
  });

  it.each([
    [-10, 0.8],
    [-3, 0.12],
    [-1, 0.12],
    [1, 0.12],
    [2, 0.12],
    [10, 0.8],
  ])("[P24] are back 1.7 s after a stumble whose first answer was %d ms off", (firstAnswerMs, limitMs) => {
    const source = stream({ firstAnswerMs, answerNoiseMs: 0.03, skewPpm: 30 });
    const answers = new PulseAudioOutput();
    answersIn(source.timestamps(20_000), answers);
    expect(answers.kind).toBe("smoothed");
    const stumbledMs = source.nowMs;
    source.stumble(12);
    answersIn(source.timestamps(600), answers);
    expect(answers.kind).toBe("rough");
    const after = answersIn(source.timestamps(20_000), answers);
    expect((after[0]?.localMs ?? 0) - stumbledMs).toBeLessThan(1_400);
    const errors = after.map((answer) => Math.abs(leadMs(answer) - source.trueLeadMsAt(answer.localMs)));
    expect(errors[0]).toBeLessThan(limitMs);
    expect(Math.max(...errors.slice(1))).toBeLessThan(0.3);
    expect(errors.at(-1)).toBeLessThan(0.1);
  });

  it.each([-30, -60, 60])(
    "[P24] are there 9 s after a stumble whose first moments were not seen, though each moves the line by milliseconds (%d ms)",
    (firstAnswerMs) => {
      const source = stream({ firstAnswerMs, answerNoiseMs: 0.03, skewPpm: 30 });
      const answers = new PulseAudioOutput();
      answersIn(source.timestamps(40_000), answers);
      expect(answers.kind).toBe("smoothed");
      const stumbledMs = source.nowMs;
      source.stumble(300);
      source.timestamps(700);
      const until = (found: readonly OutputSample[], sample: OutputSample) => {
        const answer = answers.add(sample);
        if (found.length === 0 && !answer) expect(answers.kind).toBe("rough");
        return answer ? [...found, answer] : found;
      };
      for (const sample of source.timestamps(400)) answers.add(sample); // a new line is one once some lie on it
      const after = source.timestamps(20_000).reduce(until, []);
      expect((after[0]?.localMs ?? 0) - stumbledMs).toBeLessThan(9_000);
      for (const answer of after) {
        const offMs = Math.abs(leadMs(answer) - source.trueLeadMsAt(answer.localMs));
        expect(offMs).toBeLessThan(2 * (answer.noiseMs ?? 0) + 0.1);
      }
    },
  );

  it("[P24] follow a stream that stumbles again before the first of them", () => {
    const source = stream({ firstAnswerMs: 3, answerNoiseMs: 0.03, skewPpm: 30 });
    const answers = new PulseAudioOutput();
    answersIn(source.timestamps(20_000), answers);
    for (const ms of [200, 900, 400, 1_100]) {
      source.stumble(12);
      answersIn(source.timestamps(ms), answers);
    }
    source.stumble(12);
    const [first] = answersIn(source.timestamps(2_000), answers);
    expect(first && Math.abs(leadMs(first) - source.trueLeadMsAt(first.localMs))).toBeLessThan(0.2);
  });
});

describe("an output clock on answers", () => {
  function feed(line: OutputClock, answers: PulseAudioOutput, samples: readonly OutputSample[]): void {
    for (const sample of samples) {
      const answer = answers.add(sample);
      if (answer) line.add({ ...answer, kind: "answer" });
      line.add(answers.isRecognised ? { ...sample, kind: "smoothed" } : sample);
    }
  }

  const errorMs = (line: OutputClock, source: SmoothedStream, localMs: number) =>
    (line.audioSecAt(localMs) ?? 0) * 1000 - localMs - source.trueLeadMsAt(localMs);

  it("[P24] stands within 0.3 ms ten seconds after a start that reads milliseconds off, and soon on the spot", () => {
    const source = stream();
    const line = new OutputClock();
    const answers = new PulseAudioOutput();
    feed(line, answers, source.timestamps(11_000));
    expect(Math.abs(errorMs(line, source, 12_000))).toBeLessThan(0.3);
    feed(line, answers, source.timestamps(14_000));
    expect(Math.abs(errorMs(line, source, 26_000))).toBeLessThan(0.06);
  });

  it("[P11] [P24] is moved by an underrun at once, and right again on the answers after it", () => {
    const source = stream({ answerNoiseMs: 0.03 });
    const line = new OutputClock();
    const answers = new PulseAudioOutput();
    feed(line, answers, source.timestamps(30_000));
    const { steps } = line;
    source.stumble(8);
    feed(line, answers, source.timestamps(1_000));
    expect(line.steps).toBeGreaterThan(steps);
    expect(Math.abs(errorMs(line, source, 32_000))).toBeLessThan(2.5);
    feed(line, answers, source.timestamps(15_000));
    expect(Math.abs(errorMs(line, source, 47_000))).toBeLessThan(0.2);
  });

  it("[P24] takes the smoothing that it knows of for no step when the row of lines is broken", () => {
    const source = stream();
    const line = new OutputClock();
    const answers = new PulseAudioOutput();
    feed(line, answers, source.timestamps(11_000));
    const { steps } = line;
    // Two threads put off in a row: the row of lines begins anew while the readings are still far off.
    const broken = source.timestamps(1_000).map((sample, index) => {
      const offMs = index === 5 || index === 6 ? 0.03 : 0;
      return { ...sample, audioSec: sample.audioSec + offMs / 1000 };
    });
    feed(line, answers, broken);
    expect(line.steps).toBe(steps);
    expect(Math.abs(errorMs(line, source, 13_000))).toBeLessThan(0.5);
  });

  it("[P24] is not moved by an answer that was late", () => {
    const source = stream({ firstAnswerMs: 0 });
    const line = new OutputClock();
    feed(line, new PulseAudioOutput(), source.timestamps(30_000));
    const before = errorMs(line, source, 31_000);
    line.add({
      localMs: 31_000,
      audioSec: (31_000 + source.trueLeadMsAt(31_000) + 0.6) / 1000,
      kind: "answer",
    });
    expect(Math.abs(errorMs(line, source, 31_000) - before)).toBeLessThan(0.02);
  });

  it.each([
    [-3, 0, 0.12],
    [-1.5, 0, 0.12],
    [1.5, 0, 0.12],
    [3, 0, 0.12],
    [-3, 400, 0.15],
    [-2, 400, 0.15],
    [2, 400, 0.15],
    [3, 400, 0.15],
  ])("[P24] is not moved by what an answer %d ms off and %d ms late does", (offMs, lateMs, limitMs) => {
    const source = stream({ firstAnswerMs: 0, answerNoiseMs: 0.03 });
    const line = new OutputClock();
    const answers = new PulseAudioOutput();
    feed(line, answers, source.timestamps(30_000));
    const { steps } = line;
    source.nextAnswerOffMs = offMs;
    source.nextAnswerLateMs = lateMs;
    for (let second = 0; second < 12; second++) {
      feed(line, answers, source.timestamps(1_000));
      expect(Math.abs(errorMs(line, source, 32_000 + second * 1_000))).toBeLessThan(limitMs);
    }
    expect(line.steps).toBe(steps);
  });

  it("[P10] [P24] is not moved by two answers that contradict the line, but by three that agree", () => {
    const source = stream({ firstAnswerMs: 0 });
    const line = new OutputClock();
    feed(line, new PulseAudioOutput(), source.timestamps(30_000));
    const before = errorMs(line, source, 31_000);
    const answers = (fromMs: number, ...lateMs: readonly number[]): void => {
      for (const [index, late] of lateMs.entries()) {
        const localMs = fromMs + 1_500 * index;
        const audioSec = (localMs + source.trueLeadMsAt(localMs) + late) / 1000;
        line.add({ localMs, audioSec, kind: "answer" });
      }
    };
    answers(31_000, 1.2, 1.2, 0, -1.4, 1.3, 1.3);
    expect(Math.abs(errorMs(line, source, 38_500) - before)).toBeLessThan(0.05);
    answers(40_000, 1.3);
    expect(Math.abs(errorMs(line, source, 40_000) - 1.3)).toBeLessThan(0.1);
  });
});
