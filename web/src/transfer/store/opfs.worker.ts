// The disc side of OpfsStore: one directory per session, in it one file per song with the pieces at their places, and beside it a
// small one that says how it is cut and which pieces are whole. A piece is marked only after it is written, so a tab that dies
// in between has lost that piece and nothing else. Requests are answered in order.

import { FileError, type FileId, realClock } from "../../lib/index.ts";
import type { OpfsReply, OpfsRequest } from "./opfs-store.ts";
import { PieceTable } from "./piece-table.ts";
import { refusalCode } from "./refusal.ts";
import type { FileLayout } from "./store.ts";

/** The part of FileSystemSyncAccessHandle used here; TypeScript knows it only in workers. */
interface SyncHandle {
  read(buffer: Uint8Array, options: { at: number }): number;
  write(buffer: Uint8Array, options: { at: number }): number;
  getSize(): number;
  truncate(sizeBytes: number): void;
  flush(): void;
  close(): void;
}
type SyncFile = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncHandle> };
type Directory = FileSystemDirectoryHandle & { keys(): AsyncIterableIterator<string> };

interface WorkerPort {
  onmessage: ((event: MessageEvent<OpfsRequest>) => void) | null;
  postMessage(reply: OpfsReply, transfer: Transferable[]): void;
}

const MARKS = ".marks";
/** While the store opens, for all its files together: less than it is waited for (open-store.ts). Later, for each file. */
const START_TRIES = 40;
const HANDLE_TRIES = 20;
const HANDLE_PAUSE_MS = 100;
/** Size and piece length as two float64, then one byte a piece, and the id of a file that was renamed. */
const MARKS_HEADER_BYTES = 16;
const ID_CHARS = 64;

interface OpenFile {
  /** In the directory: the id that it had first. */
  readonly name: string;
  readonly data: SyncHandle;
  readonly marks: SyncHandle;
}

const port = globalThis as unknown as WorkerPort;
const files = new Map<FileId, OpenFile>();
/** Names in the directory whose handles a former page did not let go of. */
const heldElsewhere = new Set<string>();
let startTries = START_TRIES;
let isStarted = false;
let directory: Directory | null = null;
let rootName = "";
let session = "";
const table = new PieceTable(0);
let queue: Promise<void> = Promise.resolve();

port.onmessage = ({ data: request }) => {
  queue = queue.then(() => answer(request));
};

async function answer(request: OpfsRequest): Promise<void> {
  try {
    const value = await perform(request);
    const transfer = value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [];
    port.postMessage({ id: request.id, value }, transfer);
  } catch (cause) {
    const isWrite = request.op === "write" || request.op === "open";
    const reply = { id: request.id, code: refusalCode(cause, isWrite), detail: String(cause) };
    if (request.op !== "write") port.postMessage(reply, []);
    else port.postMessage({ ...reply, value: new Uint8Array(request.buffer) }, [request.buffer]);
  }
}

async function perform(request: OpfsRequest): Promise<OpfsReply["value"]> {
  switch (request.op) {
    case "start":
      rootName = request.root;
      session = request.session;
      await start();
      isStarted = true;
      return undefined;
    case "budget":
      table.capacityBytes = request.capacityBytes;
      return undefined;
    case "open":
      await openFile(request.fileId, request.layout);
      return undefined;
    case "write":
      write(request.fileId, request.piece, new Uint8Array(request.buffer));
      return undefined;
    case "read":
      return read(request.fileId, request.piece);
    case "held":
      return table.held(request.fileId);
    case "files":
      return table.files();
    case "used":
      return table.usedBytes;
    case "rename":
      rename(request.fileId, request.newId);
      return undefined;
    case "drop":
      await drop(request.fileId);
      return undefined;
    case "wipe":
      await wipe();
      return undefined;
    case "close":
      await close();
      return undefined;
  }
}

async function root(): Promise<FileSystemDirectoryHandle> {
  const top = await navigator.storage.getDirectory();
  return top.getDirectoryHandle(rootName, { create: true });
}

async function start(): Promise<void> {
  directory = (await (await root()).getDirectoryHandle(session, { create: true })) as Directory;
  const names: string[] = [];
  for await (const name of directory.keys()) names.push(name);
  for (const name of names) if (!name.endsWith(MARKS)) await reopen(name, names);
  if (files.size === 0) await probe();
}

/** There are browsers with the directory and without such handles: IndexedDB serves those better than memory alone. */
async function probe(): Promise<void> {
  await remove(await handlesOf("probe"));
}

/** A file from before a reload. What cannot be made sense of is removed, as is a second one of the same id. */
async function reopen(name: string, names: readonly string[]): Promise<void> {
  if (!names.includes(name + MARKS)) {
    await directory?.removeEntry(name).catch(() => heldElsewhere.add(name));
    return;
  }
  const file = await handlesOf(name).catch((cause: unknown) => {
    if (!isHeld(cause)) throw cause;
    heldElsewhere.add(name); // its pieces are fetched again, and it goes with the directory
    return null;
  });
  if (!file) return;
  try {
    const { fileId, layout, pieces } = readMarks(file);
    if (files.has(fileId)) throw new FileError("file-unreadable", "there twice");
    table.restore(fileId, layout, pieces);
    files.set(fileId, file);
  } catch {
    await remove(file).catch(() => undefined); // closed it is; the next start tries again to remove it
  }
}

function readMarks({ name, data, marks }: OpenFile): {
  fileId: FileId;
  layout: FileLayout;
  pieces: number[];
} {
  const bytes = new Uint8Array(marks.getSize());
  marks.read(bytes, { at: 0 });
  const header = new DataView(bytes.buffer);
  const layout = { sizeBytes: header.getFloat64(0), pieceLength: header.getFloat64(8) };
  const idAt = MARKS_HEADER_BYTES + pieceCountOf(layout);
  const isRenamed = bytes.length >= idAt + ID_CHARS;
  const fileId = (isRenamed ? new TextDecoder().decode(bytes.subarray(idAt)) : name) as FileId;
  const dataBytes = data.getSize();
  const pieces: number[] = [];
  const markCount = Math.min(pieceCountOf(layout), bytes.length - MARKS_HEADER_BYTES);
  for (let piece = 0; piece < markCount; piece++) {
    const endByte = Math.min(layout.sizeBytes, (piece + 1) * layout.pieceLength);
    // A device that lost its power may have kept the mark and not the bytes.
    if (bytes[MARKS_HEADER_BYTES + piece] === 1 && endByte <= dataBytes) pieces.push(piece);
  }
  return { fileId, layout, pieces };
}

async function openFile(fileId: FileId, layout: FileLayout): Promise<void> {
  table.open(fileId, layout);
  if (files.has(fileId)) return;
  try {
    await openNew(fileId, layout);
  } catch (cause) {
    table.drop(fileId);
    throw cause;
  }
}

async function openNew(fileId: FileId, layout: FileLayout): Promise<void> {
  let name: string = fileId;
  // So the file of another may be called, which was renamed.
  while (heldElsewhere.has(name) || [...files.values()].some((other) => other.name === name)) name += "-";
  const file = await handlesOf(name);
  const id = name === fileId ? "" : fileId;
  const marks = new Uint8Array(MARKS_HEADER_BYTES + pieceCountOf(layout) + id.length);
  const header = new DataView(marks.buffer);
  header.setFloat64(0, layout.sizeBytes);
  header.setFloat64(8, layout.pieceLength);
  marks.set(new TextEncoder().encode(id), MARKS_HEADER_BYTES + pieceCountOf(layout));
  try {
    file.marks.truncate(0); // of a file that could not be removed whole
    put(file.marks, marks, 0);
  } catch (cause) {
    await remove(file).catch(() => undefined);
    throw cause;
  }
  files.set(fileId, file);
}

/** Writes all of it. Where there is no room an engine throws, or writes less, or returns a length that nothing has (refusal.ts). */
function put(handle: SyncHandle, bytes: Uint8Array, at: number): void {
  if (handle.write(bytes, { at }) !== bytes.length) throw new FileError("storage-full", "short write");
}

async function handlesOf(name: string): Promise<OpenFile> {
  if (!directory) throw new FileError("file-unreadable", "the store is closed");
  const data = (await directory.getFileHandle(name, { create: true })) as SyncFile;
  const marks = (await directory.getFileHandle(name + MARKS, { create: true })) as SyncFile;
  const dataHandle = await exclusively(data);
  try {
    return { name, data: dataHandle, marks: await exclusively(marks) };
  } catch (cause) {
    dataHandle.close(); // or nobody could open the file again
    throw cause;
  }
}

/** Of a Worker that was just ended, in a page that goes on or was reloaded, a browser may hold the handles for a moment longer. */
async function exclusively(file: SyncFile): Promise<SyncHandle> {
  for (let tries = 1; ; tries++) {
    try {
      return await file.createSyncAccessHandle();
    } catch (cause) {
      const isPatient = isStarted ? tries < HANDLE_TRIES : startTries-- > 0;
      if (!isHeld(cause) || !isPatient) throw cause;
    }
    await new Promise<void>((resolve) => realClock.after(HANDLE_PAUSE_MS, resolve));
  }
}

const isHeld = (cause: unknown): boolean =>
  cause instanceof DOMException && cause.name === "NoModificationAllowedError";

const pieceCountOf = ({ sizeBytes, pieceLength }: FileLayout): number => Math.ceil(sizeBytes / pieceLength);

/** The file keeps its name in the directory: not every engine can move one, and none while it is open. */
function rename(fileId: FileId, newId: FileId): void {
  const file = files.get(fileId);
  table.rename(fileId, newId);
  if (!file) return;
  files.delete(fileId);
  files.set(newId, file);
  try {
    put(
      file.marks,
      new TextEncoder().encode(newId),
      MARKS_HEADER_BYTES + pieceCountOf(table.layoutOf(newId)),
    );
  } catch {
    // This page has it under the new id all the same. A disc too full for the id costs a reload these pieces, and nothing now.
  }
}

function write(fileId: FileId, piece: number, bytes: Uint8Array): void {
  const file = files.get(fileId);
  table.reserve(fileId, piece, bytes.length);
  try {
    if (!file) throw new FileError("file-unreadable", "not open");
    put(file.data, bytes, piece * table.layoutOf(fileId).pieceLength);
    put(file.marks, Uint8Array.of(1), MARKS_HEADER_BYTES + piece);
    table.markHeld(fileId, piece);
  } catch (cause) {
    table.release(fileId, piece);
    throw cause;
  }
}

function read(fileId: FileId, piece: number): Uint8Array<ArrayBuffer> {
  const { offsetBytes, sizeBytes } = table.locate(fileId, piece);
  const bytes = new Uint8Array(sizeBytes);
  if (files.get(fileId)?.data.read(bytes, { at: offsetBytes }) !== sizeBytes) {
    throw new FileError("file-unreadable", `piece ${piece} is cut short`);
  }
  return bytes;
}

async function drop(fileId: FileId): Promise<void> {
  const file = files.get(fileId);
  files.delete(fileId);
  table.drop(fileId);
  if (file) await remove(file);
}

async function remove({ name, data, marks }: OpenFile): Promise<void> {
  data.close();
  marks.close();
  await directory?.removeEntry(name + MARKS);
  await directory?.removeEntry(name);
}

/** Closes every file, also where one cannot be removed. */
async function wipe(): Promise<void> {
  const dropped = await Promise.allSettled(table.files().map(drop));
  for (const each of dropped) if (each.status === "rejected") throw each.reason;
}

async function close(): Promise<void> {
  await wipe().catch(() => undefined); // it goes with its directory
  directory = null;
  await (await root()).removeEntry(session, { recursive: true });
}
