// File annotations: whatever order they are written and heard in, everybody ends up with the same one. What holds for a file's
// annotation holds for its sound index (S44).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Bytes, toBase64Url } from "../../lib/index.ts";
import { CTL_VERSION, MAX_CTL_CHARS } from "../../protocol/constants/transfer.gen.ts";
import { type FakePeer, FakeSwarm, fakeFile, idOf } from "../testing/fake-swarm.ts";
import { ANNOTATION_SLOTS } from "./annotation-slots.ts";
import { compareAnnotations } from "./annotations.ts";
import { CtlInbox, type CtlMessage, encodeCtl } from "./ctl.ts";

const song = fakeFile(300_000);
const annotationOf = (...values: number[]): Bytes => Uint8Array.from(values);

/** ada – bo – cy: ada and cy hear of each other only through bo. */
function row(seed: number): [FakeSwarm, FakePeer, FakePeer, FakePeer] {
  const swarm = new FakeSwarm(seed);
  const [ada, bo, cy] = [swarm.join("ada"), swarm.join("bo"), swarm.join("cy")];
  swarm.link(ada, bo);
  swarm.link(bo, cy);
  return [swarm, ada, bo, cy];
}

describe.each(["annotation", "index"] as const)("[S44] a file's %s", (slot) => {
  const { maxBytes } = ANNOTATION_SLOTS[slot];
  const annotation = ({ transfer }: FakePeer): number[] => [
    ...((slot === "index" ? transfer.indexOf(song.fileId) : transfer.annotationOf(song.fileId)) ?? []),
  ];
  const write = (peer: FakePeer, bytes: Bytes): void =>
    peer.handle(
      slot === "index"
        ? { type: "index-set", fileId: song.fileId, index: bytes }
        : { type: "annotation-set", fileId: song.fileId, annotation: bytes },
    );
  const messageOf = (text: string): CtlMessage =>
    slot === "index"
      ? { type: "index", fileId: song.fileId, index: text }
      : { type: "annotation", fileId: song.fileId, annotation: text };

  it("[S1] reaches everyone, also those who are not linked with its writer, and newcomers", () => {
    const [swarm, ada, bo, cy] = row(1);
    ada.add(song);
    write(ada, annotationOf(7, 7));
    swarm.runUntil(() => annotation(cy).length > 0);
    swarm.leave(ada);
    const dee = swarm.join("dee");
    swarm.link(dee, cy);
    swarm.runUntil(() => annotation(dee).length > 0);
    expect([bo, cy, dee].map(annotation)).toEqual([
      [7, 7],
      [7, 7],
      [7, 7],
    ]);
    expect(dee.events).toContainEqual({ code: `file-${slot}`, fileId: song.fileId });
  });

  it("[S2] is the smallest anyone wrote, on every peer, whatever the order and whatever links come and go", () => {
    const step = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(300), fc.uint8Array({ minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(fc.integer(), fc.array(step, { minLength: 1, maxLength: 20 }), (seed, steps) => {
        const swarm = new FakeSwarm(seed);
        const peers = swarm.mesh("ada", "bo", "cy", "dee");
        for (const peer of peers) peer.add(song);
        for (const [from, to, waitMs, bytes] of steps) {
          const [a, b] = [peers[from], peers[to]];
          if (!a || !b) continue;
          write(a, Uint8Array.from(bytes));
          if (a !== b) (waitMs % 2 ? swarm.link : swarm.unlink).call(swarm, a, b);
          swarm.clock.advance(waitMs);
        }
        for (const a of peers) for (const b of peers) if (a !== b) swarm.link(a, b);
        const smallest = steps.map(([, , , bytes]) => bytes).sort(compareAnnotations)[0] ?? [];
        swarm.clock.advance(10_000);
        expect(peers.map(annotation)).toEqual(peers.map(() => [...smallest]));
        expect(peers.flatMap(({ events }) => events).filter(({ code }) => code === "peer-dropped")).toEqual(
          [],
        );
      }),
      { numRuns: 60 },
    );
  });

  it("[S2] goes back to a neighbour that wrote a worse one", () => {
    const [swarm, ada, bo] = row(2);
    ada.add(song);
    bo.add(song);
    write(ada, annotationOf(9));
    write(bo, annotationOf(3));
    swarm.runUntil(() => annotation(ada)[0] === 3);
    expect(annotation(bo)).toEqual([3]);
  });

  it("[S3] passes through a peer that has the file switched off", () => {
    const [swarm, ada, bo, cy] = row(3);
    for (const peer of [ada, bo, cy]) peer.add(song);
    bo.handle({ type: "enabled-set", fileId: song.fileId, isEnabled: false });
    write(ada, annotationOf(5));
    swarm.runUntil(() => annotation(cy)[0] === 5);
  });

  it("[S3] is told anew to a neighbour that may have forgotten the file meanwhile", () => {
    const swarm = new FakeSwarm(4);
    const ada = swarm.join("ada");
    const bo = swarm.join("bo", { capacityBytes: 1_000 });
    swarm.link(ada, bo);
    ada.add(song);
    write(ada, annotationOf(5));
    swarm.runUntil(() => annotation(bo)[0] === 5);
    ada.handle({ type: "enabled-set", fileId: song.fileId, isEnabled: false });
    swarm.runUntil(() => bo.file(song) === undefined);
    ada.handle({ type: "enabled-set", fileId: song.fileId, isEnabled: true });
    swarm.runUntil(() => annotation(bo)[0] === 5);
  });

  it("[S4] that is better every moment does not flood anyone", () => {
    const [swarm, ada, , cy] = row(5);
    ada.add(song);
    for (let value = 255; value > 0; value--) {
      write(ada, annotationOf(value));
      swarm.clock.advance(20);
    }
    swarm.runUntil(() => annotation(cy)[0] === 1);
    expect([...ada.events, ...cy.events].filter(({ code }) => code === "peer-dropped")).toEqual([]);
  });

  it("[S4] sent a thousand times ends the link of who sends it", () => {
    const [swarm, ada, bo] = row(6);
    ada.add(song);
    swarm.clock.advance(500);
    for (let turn = 0; turn < 1_000; turn++) {
      bo.say(ada, messageOf(toBase64Url(annotationOf(255, turn & 255))));
    }
    swarm.clock.advance(100);
    expect(ada.events).toContainEqual({ code: "peer-dropped", from: bo.id, reason: "flood" });
  });

  it.each([
    ["nothing", ""],
    ["more than there may be", toBase64Url(new Uint8Array(maxBytes + 1))],
    ["what the application cannot read", toBase64Url(annotationOf(13))],
  ])("[S5] of %s ends the link of who sends it, and is kept by nobody", (_, text) => {
    const swarm = new FakeSwarm(7);
    const accepts = ([first]: Bytes): boolean => first !== 13;
    const ada = swarm.join("ada", { acceptsAnnotation: accepts, acceptsIndex: accepts });
    const bo = swarm.join("bo");
    swarm.link(ada, bo);
    ada.add(song);
    swarm.clock.advance(500);
    bo.say(ada, messageOf(text));
    swarm.clock.advance(100);
    expect(ada.events).toContainEqual({ code: "peer-dropped", from: bo.id, reason: "malformed" });
    expect(annotation(ada)).toEqual([]);
  });

  it("[S5] as large as it may be fits one control message, and a longer one does not leave its writer", () => {
    const message = messageOf(toBase64Url(new Uint8Array(maxBytes)));
    expect(encodeCtl(message, 0xffff_ffff).length).toBeLessThanOrEqual(MAX_CTL_CHARS);
    expect(new CtlInbox().take(encodeCtl(message, 0), 0)).toEqual([message]);
    const [, ada] = row(8);
    ada.add(song);
    expect(() => write(ada, new Uint8Array(maxBytes + 1))).toThrow(RangeError);
    expect(() => write(ada, new Uint8Array(0))).toThrow(RangeError);
  });

  it("[S4] is not accepted for files that nobody here knows", () => {
    const ada = new FakeSwarm(9).join("ada");
    const bo = idOf("bo");
    const hear = (message: Parameters<FakePeer["say"]>[1]) =>
      ada.transfer.handle({ type: "ctl", peer: bo, message }, 1000);
    ada.transfer.handle({ type: "link-opened", peer: bo }, 1000);
    hear({ type: "hello", v: CTL_VERSION, proof: "" });
    expect(hear(messageOf("AQ"))).toEqual([]);
    expect(annotation(ada)).toEqual([]);
  });

  it("of the playing file reaches a newcomer before those of all others", () => {
    const swarm = new FakeSwarm(10);
    const [ada, bo] = [swarm.join("ada"), swarm.join("bo")];
    const others = [2, 3].map((salt) => fakeFile(1_000, `${salt}.mp3`, salt));
    for (const file of [...others, song]) ada.add(file);
    for (const { fileId } of [...others, song]) {
      ada.handle({ type: "annotation-set", fileId, annotation: annotationOf(1) });
      ada.handle({ type: "index-set", fileId, index: annotationOf(1) });
    }
    ada.handle({ type: "prioritized", fileId: song.fileId });
    swarm.link(ada, bo);
    swarm.runUntil(() => bo.events.some(({ code }) => code === `file-${slot}`));
    const first = bo.events.find(({ code }) => code === `file-${slot}`);
    expect(first).toEqual({ code: `file-${slot}`, fileId: song.fileId });
  });
});

it("[S44] the two of a file are kept apart", () => {
  const [swarm, ada, , cy] = row(11);
  ada.add(song);
  ada.handle({ type: "annotation-set", fileId: song.fileId, annotation: annotationOf(1) });
  ada.handle({ type: "index-set", fileId: song.fileId, index: annotationOf(2) });
  swarm.runUntil(() => cy.transfer.indexOf(song.fileId) !== null);
  swarm.clock.advance(1_000);
  expect(cy.transfer.annotationOf(song.fileId)).toEqual(annotationOf(1));
  expect(cy.transfer.indexOf(song.fileId)).toEqual(annotationOf(2));
});
