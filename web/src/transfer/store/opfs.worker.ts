// The disc side of OpfsStore: one directory per session, in it one file per song with the pieces at their places, and beside it a
// small one that says how it is cut and which pieces are whole. A piece is marked only after it is written, so a tab that dies
// in between has lost that piece and nothing else. Requests are answered in order.

import { FileError, type FileErrorCode, type FileId, realClock } from "../../lib/index.ts";
import type { OpfsReply, OpfsRequest } from "./opfs-store.ts";
import { PieceTable } from "./piece-table.ts";
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
let directory: Directory | null = null;
let rootName = "";
let session = "";
let table = new PieceTable(0);
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
    const reply = { id: request.id, code: codeOf(cause), detail: String(cause) };
    if (request.op !== "write") port.postMessage(reply, []);
    else port.postMessage({ ...reply, value: new Uint8Array(request.buffer) }, [request.buffer]);
  }
}

async function perform(request: OpfsRequest): Promise<OpfsReply["value"]> {
  switch (request.op) {
    case "start":
      rootName = request.root;
      session = request.session;
      table = new PieceTable(request.capacityBytes);
      await start();
      return undefined;
    case "open":
      table.open(request.fileId, request.layout);
      if (!files.has(request.fileId)) await openNew(request.fileId);
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
      for (const fileId of table.files()) await drop(fileId);
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
  for (const name of names) if (!name.endsWith(MARKS)) await reopen(name as FileId, names);
}

/** A file from before a reload. What cannot be made sense of is removed. */
async function reopen(name: FileId, names: readonly string[]): Promise<void> {
  if (!names.includes(name + MARKS)) {
    await directory?.removeEntry(name);
    return;
  }
  const file = await handlesOf(name);
  let fileId = name;
  const marks = new Uint8Array(file.marks.getSize());
  file.marks.read(marks, { at: 0 });
  const header = new DataView(marks.buffer);
  try {
    const layout = { sizeBytes: header.getFloat64(0), pieceLength: header.getFloat64(8) };
    const idAt = MARKS_HEADER_BYTES + pieceCountOf(layout);
    if (marks.length >= idAt + ID_CHARS) fileId = new TextDecoder().decode(marks.subarray(idAt)) as FileId;
    table.open(fileId, layout);
    files.set(fileId, file);
    for (let piece = 0; piece < pieceCountOf(layout); piece++) {
      if (marks[piece + MARKS_HEADER_BYTES] !== 1) continue;
      const { pieceLength, sizeBytes } = table.layoutOf(fileId);
      table.reserve(fileId, piece, Math.min(pieceLength, sizeBytes - piece * pieceLength));
      table.markHeld(fileId, piece);
    }
  } catch {
    await drop(fileId);
  }
}

async function openNew(fileId: FileId): Promise<void> {
  const file = await handlesOf(fileId);
  const { sizeBytes, pieceLength } = table.layoutOf(fileId);
  const marks = new Uint8Array(MARKS_HEADER_BYTES + pieceCountOf({ sizeBytes, pieceLength }));
  const header = new DataView(marks.buffer);
  header.setFloat64(0, sizeBytes);
  header.setFloat64(8, pieceLength);
  file.marks.write(marks, { at: 0 });
  files.set(fileId, file);
}

async function handlesOf(fileId: FileId): Promise<OpenFile> {
  if (!directory) throw new FileError("file-unreadable", "the store is closed");
  const data = (await directory.getFileHandle(fileId, { create: true })) as SyncFile;
  const marks = (await directory.getFileHandle(fileId + MARKS, { create: true })) as SyncFile;
  const dataHandle = await exclusively(data);
  try {
    return { name: fileId, data: dataHandle, marks: await exclusively(marks) };
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
      const isHeld = cause instanceof DOMException && cause.name === "NoModificationAllowedError";
      if (!isHeld || tries >= HANDLE_TRIES) throw cause;
    }
    await new Promise<void>((resolve) => realClock.after(HANDLE_PAUSE_MS, resolve));
  }
}

const pieceCountOf = ({ sizeBytes, pieceLength }: FileLayout): number => Math.ceil(sizeBytes / pieceLength);

/** The file keeps its name in the directory: not every engine can move one, and none while it is open. */
function rename(fileId: FileId, newId: FileId): void {
  const file = files.get(fileId);
  table.rename(fileId, newId);
  if (!file) return;
  files.delete(fileId);
  files.set(newId, file);
  file.marks.write(new TextEncoder().encode(newId), {
    at: MARKS_HEADER_BYTES + pieceCountOf(table.layoutOf(newId)),
  });
}

function write(fileId: FileId, piece: number, bytes: Uint8Array): void {
  const file = files.get(fileId);
  table.reserve(fileId, piece, bytes.length);
  try {
    if (!file) throw new FileError("file-unreadable", "not open");
    const offsetBytes = piece * table.layoutOf(fileId).pieceLength;
    if (file.data.write(bytes, { at: offsetBytes }) !== bytes.length)
      throw new FileError("storage-full", "short write");
    file.marks.write(Uint8Array.of(1), { at: MARKS_HEADER_BYTES + piece });
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
  if (!file) return;
  file.data.close();
  file.marks.close();
  await directory?.removeEntry(file.name + MARKS);
  await directory?.removeEntry(file.name);
}

async function close(): Promise<void> {
  for (const fileId of table.files()) await drop(fileId);
  directory = null;
  await (await root()).removeEntry(session, { recursive: true });
}

function codeOf(cause: unknown): FileErrorCode {
  if (cause instanceof FileError) return cause.code;
  const isFull = cause instanceof DOMException && cause.name === "QuotaExceededError";
  return isFull ? "storage-full" : "file-unreadable";
}
