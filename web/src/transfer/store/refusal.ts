// What a browser says when its storage refuses, in the words of this page. Which name a full disc has depends on the engine:
//   Chromium: QuotaExceededError of the transaction, whose requests say AbortError (dexie#776) or nothing; where a large value
//     could not be written beside the database, DataError; writing a synchronous handle returns an impossible length instead (crbug 541725401).
//   Firefox: QuotaExceededError, for the disc itself too; a DOMException named NS_ERROR_FILE_NO_DEVICE_SPACE where no name was given
//     to it; a handle writes what still fits.
//   WebKit: QuotaExceededError for its quota; UnknownError ("Unable to store record in object store") for the disc itself.

import { FileError, type FileErrorCode } from "../../lib/index.ts";

const FULL = new Set(["QuotaExceededError", "NS_ERROR_FILE_NO_DEVICE_SPACE", "NS_ERROR_DOM_QUOTA_REACHED"]);
/** Of a write: the device does not take the bytes, and turning a file off is all that a person can do about it. */
const WRITE_FAILED = new Set(["UnknownError", "AbortError", "DataError"]);

export function refusalCode(cause: unknown, isWrite = false): FileErrorCode {
  if (cause instanceof FileError) return cause.code;
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : "";
  return FULL.has(name) || (isWrite && WRITE_FAILED.has(name)) ? "storage-full" : "file-unreadable";
}

export function refusalOf(cause: unknown, isWrite = false): FileError {
  if (cause instanceof FileError) return cause;
  return new FileError(refusalCode(cause, isWrite), String(cause), { cause });
}
