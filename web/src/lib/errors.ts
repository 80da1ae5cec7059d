// The error tree of the SPA. Every error has a stable code; ui/copy maps each code to words for people.
//
//   UnisonoError
//   ├── KeyError         key-empty · key-too-long · key-mistyped
//   ├── WireError        wire-malformed · wire-too-large · wire-version · wire-unsealed · wire-unproven · wire-replayed
//   ├── FileError        file-empty · file-not-audio · file-too-large · file-too-many · file-unreadable · file-is-folder ·
//   │   │                file-failed · storage-full
//   │   ├── SoundTooLong file-too-long
//   │   └── Undecodable  file-undecodable
//   └── AudioError       audio-blocked · audio-unsupported
//   PartMissing          a part of the page, fetched when it is needed, did not arrive

export type KeyErrorCode = "key-empty" | "key-too-long" | "key-mistyped";
export type WireErrorCode =
  | "wire-malformed"
  | "wire-too-large"
  | "wire-version"
  | "wire-unsealed"
  | "wire-unproven"
  | "wire-replayed";
export type FileErrorCode =
  | "file-empty"
  | "file-not-audio"
  | "file-too-large"
  | "file-too-long"
  | "file-too-many"
  | "file-undecodable"
  | "file-unreadable"
  | "file-is-folder"
  /** A fault of this page, and none of the file. */
  | "file-failed"
  | "storage-full";
export type AudioErrorCode = "audio-blocked" | "audio-unsupported";
export type ErrorCode = KeyErrorCode | WireErrorCode | FileErrorCode | AudioErrorCode;

export class UnisonoError<Code extends ErrorCode = ErrorCode> extends Error {
  constructor(
    readonly code: Code,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${detail}`, options);
    this.name = new.target.name;
  }
}

export class KeyError extends UnisonoError<KeyErrorCode> {}
export class WireError extends UnisonoError<WireErrorCode> {}
export class FileError extends UnisonoError<FileErrorCode> {}

/** The sound is longer than this device could hold decoded. */
export class SoundTooLong extends FileError {
  constructor(
    readonly durationSec: number,
    /** How much of such a sound would fit. */
    readonly roomSec: number,
  ) {
    super("file-too-long", `${Math.round(durationSec)} s of sound, room for ${Math.round(roomSec)} s`);
  }
}

/**
 * `refused`: this browser does not know the format, or the file is damaged. `noise`: what came out is no sound.
 * `late`: it took longer than any song should. `failed`: for example, no memory was to be had.
 */
export type UndecodableReason = "refused" | "noise" | "late" | "failed";

/** This device does not get any sound out of the file; others may. */
export class Undecodable extends FileError {
  constructor(
    readonly reason: UndecodableReason,
    /** What the file is, by name; null where nothing is recognised. */
    readonly format: string | null,
    options?: ErrorOptions,
  ) {
    super("file-undecodable", `${reason}, ${format ?? "an unknown format"}`, options);
  }
}

export class AudioError extends UnisonoError<AudioErrorCode> {}

/** A part of the page that is fetched when it is needed did not arrive: the network's fault, or the server's. */
export class PartMissing extends Error {}
