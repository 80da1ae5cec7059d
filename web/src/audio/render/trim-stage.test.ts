import { expect, it } from "vitest";
import { TrimStage } from "./trim-stage.ts";

/** Nodes that remember what they are connected to and where their parameters are going. */
function fakeContext() {
  const param = () => ({
    value: 1,
    target: Number.NaN,
    setTargetAtTime(value: number) {
      this.target = value;
    },
  });
  const node = () => ({
    type: "",
    gain: param(),
    frequency: param(),
    channelCount: 1,
    channelCountMode: "max",
    next: null as unknown,
    connect(next: unknown) {
      this.next = next;
    },
  });
  return { currentTime: 3, createGain: node, createBiquadFilter: node };
}

type FakeNode = ReturnType<ReturnType<typeof fakeContext>["createGain"]>;

it("[P91] is two shelves and a gain behind the queue, flat until something is set", () => {
  const output = {};
  const stage = new TrimStage(fakeContext() as unknown as BaseAudioContext, output as unknown as AudioNode);
  const bass = stage.input as unknown as FakeNode;
  const treble = bass.next as FakeNode;
  const gain = treble.next as FakeNode;
  expect([bass.type, treble.type, gain.next]).toEqual(["lowshelf", "highshelf", output]);
  expect([bass.gain.value, treble.gain.value, gain.gain.value]).toEqual([0, 0, 1]);
  expect([bass.frequency.value, treble.frequency.value]).toEqual([200, 4_000]);
  // A mono segment behind a stereo one must not begin a filter anew.
  for (const filter of [bass, treble])
    expect([filter.channelCount, filter.channelCountMode]).toEqual([2, "explicit"]);
  stage.set({ gainDb: -6, bassDb: 3, trebleDb: -2 });
  expect([bass.gain.target, treble.gain.target]).toEqual([3, -2]);
  expect(gain.gain.target).toBeCloseTo(0.501, 3);
});
