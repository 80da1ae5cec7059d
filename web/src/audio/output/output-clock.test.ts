import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../lib/testing/index.ts";
import { OutputClock } from "./output-clock.ts";

/** A card running `skewPpm` fast, read every 10 ms with 0.1 ms scatter, from local 1000 ms on. */
function read(line: OutputClock, fromMs: number, toMs: number, aheadMs: number, skewPpm = 0, seed = 1): void {
  const random = new SeededRandom(seed);
  for (let localMs = fromMs; localMs < toMs; localMs += 10) {
    const audioMs = localMs + aheadMs + (localMs - 1_000) * skewPpm * 1e-6;
    line.add({ localMs, audioSec: (audioMs + 0.1 * random.normal()) / 1_000 });
  }
}

describe("the output clock", () => {
  it("says nothing before it stands", () => {
    const line = new OutputClock();
    expect(line.audioSecAt(0)).toBeNull();
    line.add({ localMs: 1, audioSec: 0.001 });
    expect(line.localMsAt(0)).toBeNull();
  });

  it("[P9] finds the output within some hundredths of a millisecond", () => {
    const line = new OutputClock();
    read(line, 1_000, 5_000, -60);
    expect(Math.abs((line.audioSecAt(5_000) ?? 0) * 1_000 - 4_940)).toBeLessThan(0.04);
  });

  it("[P9] follows a card that runs 300 ppm off", () => {
    const line = new OutputClock();
    read(line, 1_000, 9_000, 0, 300);
    expect(Math.abs((line.audioSecAt(9_000) ?? 0) * 1_000 - 9_002.4)).toBeLessThan(0.08);
    expect(Math.abs((line.reading?.skewPpm ?? 0) - 300)).toBeLessThan(60);
  });

  it("[P9] believes only half of what a young stream's timestamps lean, one for each of Chromium's callbacks", () => {
    const line = new OutputClock();
    for (let localMs = 1_000; localMs < 6_000; localMs += 80) {
      line.add({ localMs, audioSec: (localMs + localMs * 600e-6) / 1_000 });
    }
    expect(Math.abs(line.reading?.skewPpm ?? 0)).toBeLessThan(400);
  });

  it("[P10] ignores a wild timestamp", () => {
    const line = new OutputClock();
    read(line, 1_000, 5_000, -60);
    const before = line.audioSecAt(5_100) ?? 0;
    line.add({ localMs: 5_001, audioSec: 5.2 });
    expect(Math.abs((line.audioSecAt(5_100) ?? 0) - before) * 1_000).toBeLessThan(0.01);
  });

  it("[P11] follows a step at once after an underrun, and says so", () => {
    const line = new OutputClock();
    read(line, 1_000, 5_000, -60);
    read(line, 5_000, 5_200, -75);
    expect(line.steps).toBe(1);
    expect(Math.abs((line.audioSecAt(5_200) ?? 0) * 1_000 - 5_125)).toBeLessThan(0.15);
  });

  it("[P11] takes a timestamp that is read again and again for one, and never for a step", () => {
    const line = new OutputClock();
    read(line, 1_000, 5_000, -60);
    for (let reading = 0; reading < 20; reading++)
      line.add({ localMs: 5_080, audioSec: (5_080 - 75) / 1_000 });
    expect(line.steps).toBe(0);
    expect(Math.abs((line.audioSecAt(5_200) ?? 0) * 1_000 - 5_140)).toBeLessThan(0.15);
  });

  it("[P11] does so between PulseAudio's answers, too", () => {
    const line = new OutputClock();
    for (let at = 0; at < 4; at++) {
      line.add({ localMs: 1_000 + 1_500 * at, audioSec: (940 + 1_500 * at) / 1_000, kind: "answer" });
    }
    for (let reading = 0; reading < 20; reading++)
      line.add({ localMs: 5_580, audioSec: (5_580 - 57) / 1_000 });
    expect(line.steps).toBe(1); // the first answer's
    expect(Math.abs((line.audioSecAt(5_700) ?? 0) * 1_000 - 5_640)).toBeLessThan(0.1);
  });

  it("[P25] doubts a line that timestamps have left, before they agree on another", () => {
    const line = new OutputClock();
    read(line, 1_000, 5_000, -60);
    const uncertainMs = () => line.toldUncertaintyMsAt(5_200) ?? 0;
    line.add({ localMs: 5_000, audioSec: (5_000 - 100) / 1_000 });
    expect(uncertainMs()).toBeLessThan(0.2);
    line.add({ localMs: 5_080, audioSec: (5_080 - 123) / 1_000 });
    expect(uncertainMs()).toBeGreaterThan(39);
    expect(line.uncertaintyMsAt(5_200)).toBeLessThan(0.2); // what the servo goes by
    read(line, 5_100, 5_200, -60);
    expect(uncertainMs()).toBeLessThan(0.2);
  });

  it("[P25] is as uncertain as answers were off lately, however well the first ones of a new line agree", () => {
    const line = new OutputClock();
    const random = new SeededRandom(5);
    let localMs = 1_000;
    const answer = (leadMs: number) => {
      localMs += 1_500;
      line.add({ localMs, audioSec: (localMs + leadMs) / 1_000, kind: "answer" });
    };
    for (let at = 0; at < 20; at++) answer(-60 - 0.7 * random.fraction());
    for (let at = 0; at < 3; at++) answer(-75);
    expect(line.steps).toBe(2); // the first answer's, and the stumble
    const busyMs = line.toldUncertaintyMsAt(localMs) ?? 0;
    expect(busyMs).toBeGreaterThan(0.3);
    for (let at = 0; at < 30; at++) answer(-75 + 0.03 * random.normal());
    expect(line.toldUncertaintyMsAt(localMs) ?? 1).toBeLessThan(0.1);
  });

  it("[P25] counts two wild answers with the next good one, and forgets them over ten", () => {
    const line = new OutputClock();
    let localMs = 1_000;
    const answer = (leadMs: number) => {
      localMs += 1_500;
      line.add({ localMs, audioSec: (localMs + leadMs) / 1_000, kind: "answer" });
    };
    for (let at = 0; at < 10; at++) answer(-60);
    answer(-65);
    answer(-54);
    answer(-60);
    const wildMs = line.toldUncertaintyMsAt(localMs) ?? 0;
    expect(wildMs).toBeGreaterThan(2);
    expect(line.uncertaintyMsAt(localMs)).toBeLessThan(0.2); // what the servo goes by
    for (let at = 0; at < 10; at++) answer(-60);
    expect(line.toldUncertaintyMsAt(localMs) ?? wildMs).toBeLessThan(wildMs / 4);
  });

  it("[P11] finds a step of 2 ms as well, and keeps the card's skew over it", () => {
    const line = new OutputClock();
    read(line, 1_000, 9_000, 0, 200);
    read(line, 9_000, 9_150, -2, 200);
    expect(line.steps).toBe(1);
    expect(Math.abs((line.audioSecAt(11_000) ?? 0) * 1_000 - (10_998 + 2))).toBeLessThan(0.3);
  });

  it("[P11] finds back even when the new timestamps scatter widely", () => {
    const line = new OutputClock();
    const random = new SeededRandom(3);
    read(line, 1_000, 5_000, -60);
    for (let localMs = 5_000; localMs < 8_000; localMs += 10) {
      line.add({ localMs, audioSec: (localMs - 90 + 6 * random.fraction()) / 1_000 });
    }
    expect(Math.abs((line.audioSecAt(8_000) ?? 0) * 1_000 - 7_913)).toBeLessThan(1);
  });

  it("[P9] guesses far ahead by the card's usual skew, not by the last seconds' scatter", () => {
    const line = new OutputClock();
    read(line, 1_000, 40_000, 0, 80);
    read(line, 40_000, 43_000, 39 * (0.08 + 1.9), -1_900); // 3 s in which a busy machine read its card later and later
    const aheadMs = 43_000 + 60_000;
    const errorMs = (line.audioSecAt(aheadMs) ?? 0) * 1_000 - (aheadMs + (aheadMs - 1_000) * 80e-6);
    expect(Math.abs(errorMs)).toBeLessThan(25);
    expect(line.localMsAt(line.audioSecAt(aheadMs) ?? 0)).toBeCloseTo(aheadMs, 6);
  });

  it("[P9] believes no slope that a crystal cannot have, and keeps the card's over a step", () => {
    const early = new OutputClock();
    read(early, 1_000, 3_000, 0, 2_000);
    const guessMs = (early.audioSecAt(63_000) ?? 0) * 1_000 - 63_000;
    expect(Math.abs(guessMs)).toBeLessThan(35); // at 2000 ppm it would be 120
    const late = new OutputClock();
    read(late, 1_000, 50_000, 0, 200);
    read(late, 50_000, 52_000, -15, 200);
    expect((late.audioSecAt(112_000) ?? 0) * 1_000 - 112_000).toBeCloseTo(111_000 * 200e-6 - 15, 0);
  });

  it("converts both ways", () => {
    const line = new OutputClock();
    read(line, 1_000, 6_000, 500, -120);
    const audioSec = line.audioSecAt(7_777) ?? 0;
    expect(line.localMsAt(audioSec)).toBeCloseTo(7_777, 6);
  });
});

describe("a line of edges", () => {
  /** Edges every 150 ms that scatter by 0.75 ms, of an output that moves by `movedMs` at 20 s, over `overMs`. */
  function errorsMs(seed: number, movedMs: number, overMs: number): { sec: number; errorMs: number }[] {
    const random = new SeededRandom(seed);
    const line = new OutputClock();
    const rows: { sec: number; errorMs: number }[] = [];
    for (let localMs = 0; localMs < 40_000; localMs += 150) {
      const leadMs = movedMs * Math.min(1, Math.max(0, (localMs - 20_000) / overMs));
      const noiseMs = 0.75 * (random.fraction() + random.fraction() + random.fraction() - 1.5) * 2;
      line.add({ localMs, audioSec: (localMs + leadMs + noiseMs) / 1000, kind: "edge" });
      const audioSec = line.audioSecAt(localMs);
      if (audioSec !== null) rows.push({ sec: localMs / 1000, errorMs: audioSec * 1000 - localMs - leadMs });
    }
    return rows;
  }
  const worst = (rows: { sec: number; errorMs: number }[], from: number, to: number) =>
    Math.max(...rows.filter(({ sec }) => sec >= from && sec < to).map(({ errorMs }) => Math.abs(errorMs)));

  it.each([
    ["at once", 1],
    ["within three seconds", 3_000],
  ])("[P25] is back on a stream that has moved by 2 ms %s, each edge within the scatter", (_, overMs) => {
    for (let seed = 1; seed <= 20; seed++) {
      // Without looking for it the line would lean for the eight seconds of its window.
      expect(worst(errorsMs(seed, 2, overMs), 20 + overMs / 1000 + 3, 40)).toBeLessThan(1);
    }
  });

  it("[P25] stays where it is while nothing moves", () => {
    for (let seed = 1; seed <= 20; seed++) expect(worst(errorsMs(seed, 0, 1), 10, 40)).toBeLessThan(0.6);
  });
});
