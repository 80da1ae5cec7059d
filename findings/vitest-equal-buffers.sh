#!/bin/sh
# vitest 5.1.2 finds two ArrayBuffers equal whatever bytes they hold and however long they are: toEqual looks at an object's own
# enumerable properties, and a buffer has none. It is the same inside objects and arrays, and for the arguments that
# toHaveBeenCalledWith compares. A test that compares what a channel or a Worker was sent as buffers therefore cannot fail.
#  - ArrayBuffer and DataView: only toStrictEqual looks at the bytes.
#  - SharedArrayBuffer, Blob (of one length) and CryptoKey: not even toStrictEqual does.
#  - Typed arrays are compared rightly everywhere, and so are File and Headers by toEqual, which makes the rest look covered.
# node:assert tells the buffers apart. A test that wraps both sides in new Uint8Array is safe; `expect.addEqualityTesters` is a cure
# for all. Needs Node.js. Exits 1 when this has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit vitest@5.1.2
cat > seen.test.js <<'NODE'
import { deepStrictEqual } from "node:assert";
import { appendFileSync } from "node:fs";
import { expect, test, vi } from "vitest";

const bytes = (...values) => new Uint8Array(values);
const key = (value) => crypto.subtle.importKey("raw", new Uint8Array(16).fill(value), "AES-GCM", true, ["encrypt"]);
const shared = (value) => {
  const buffer = new SharedArrayBuffer(1);
  new Uint8Array(buffer)[0] = value;
  return buffer;
};
const PAIRS = {
  "ArrayBuffer, other bytes": [bytes(1, 2).buffer, bytes(1, 3).buffer],
  "ArrayBuffer, other length": [bytes(1, 2).buffer, bytes(1, 2, 3).buffer],
  DataView: [new DataView(bytes(1, 2).buffer), new DataView(bytes(1, 3).buffer)],
  SharedArrayBuffer: [shared(1), shared(2)],
  Blob: [new Blob(["a"]), new Blob(["b"])],
  CryptoKey: [await key(1), await key(2)],
  Uint8Array: [bytes(1, 2), bytes(1, 3)],
  File: [new File(["a"], "a"), new File(["other"], "other")],
  Headers: [new Headers({ a: "1" }), new Headers({ a: "2" })],
};
const passes = (check) => {
  try {
    check();
    return "equal";
  } catch {
    return "differ";
  }
};

test("two that differ", () => {
  for (const [name, [one, other]] of Object.entries(PAIRS)) {
    const called = vi.fn();
    called({ data: one });
    const seen = {
      toEqual: passes(() => expect(one).toEqual(other)),
      "called with": passes(() => expect(called).toHaveBeenCalledWith({ data: other })),
      toStrictEqual: passes(() => expect(one).toStrictEqual(other)),
    };
    if (name.startsWith("ArrayBuffer")) seen["node:assert"] = passes(() => deepStrictEqual(one, other));
    const said = Object.entries(seen).map(([how, found]) => `${how} ${found}`);
    appendFileSync("seen", `${name}: ${said.join(", ")}\n`);
  }
});
NODE
node --eval 'console.log("vitest", require("./node_modules/vitest/package.json").version)' > seen
node node_modules/vitest/vitest.mjs run seen.test.js > log 2>&1 || { cat log; exit 1; }
cat seen
cat > expected <<'EXPECTED'
vitest 5.1.2
ArrayBuffer, other bytes: toEqual equal, called with equal, toStrictEqual differ, node:assert differ
ArrayBuffer, other length: toEqual equal, called with equal, toStrictEqual differ, node:assert differ
DataView: toEqual equal, called with equal, toStrictEqual differ
SharedArrayBuffer: toEqual equal, called with equal, toStrictEqual equal
Blob: toEqual equal, called with equal, toStrictEqual equal
CryptoKey: toEqual equal, called with equal, toStrictEqual equal
Uint8Array: toEqual differ, called with differ, toStrictEqual differ
File: toEqual differ, called with differ, toStrictEqual differ
Headers: toEqual differ, called with differ, toStrictEqual differ
EXPECTED
cmp seen expected
