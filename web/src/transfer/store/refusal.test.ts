// What the engines say when there is no room, and what this page makes of it.

import { describe, expect, it } from "vitest";
import { FileError } from "../../lib/index.ts";
import { refusalCode, refusalOf } from "./refusal.ts";

describe("what a browser's storage refuses", () => {
  it.each([
    ["QuotaExceededError", "storage-full", "storage-full"],
    ["NS_ERROR_FILE_NO_DEVICE_SPACE", "storage-full", "storage-full"],
    ["UnknownError", "storage-full", "file-unreadable"],
    ["AbortError", "storage-full", "file-unreadable"],
    ["DataError", "storage-full", "file-unreadable"],
    ["InvalidStateError", "file-unreadable", "file-unreadable"],
    ["NotFoundError", "file-unreadable", "file-unreadable"],
  ])("[S36] with %s is, of a write, %s, and of a read %s", (name, write, read) => {
    const cause = new DOMException("", name);
    expect([refusalCode(cause, true), refusalCode(cause)]).toEqual([write, read]);
    expect(refusalOf(structuredClone(cause), true).code).toBe(write);
  });

  it("[S36] stays what it was called first", () => {
    const first = new FileError("file-unreadable", "not open");
    expect([refusalOf(first, true), refusalCode(first, true)]).toEqual([first, "file-unreadable"]);
  });
});
