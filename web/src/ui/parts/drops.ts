// Files that are dropped or pasted anywhere on the page. What is dropped never takes the browser away from it: left to itself,
// a browser opens a dropped file or link in place of the page, or in a tab in front of it. Text goes into fields as ever.

export interface Dropped {
  readonly files: readonly File[];
  /** Names of folders; a page cannot read those as files. */
  readonly folders: readonly string[];
}

export interface DropWatch {
  /** Files are held over the page. */
  readonly onOver: (isOver: boolean) => void;
  readonly onDropped: (dropped: Dropped) => void;
}

/** Returns what ends it. */
export function watchDrops(page: EventTarget, { onOver, onDropped }: DropWatch): () => void {
  const ended = new AbortController();
  const listen = <E extends Event>(type: string, listener: (event: E) => void): void =>
    page.addEventListener(type, listener as EventListener, { signal: ended.signal });
  /** A picture or a link of the page itself is on its way. */
  let isOwn = false;
  /** The next element is entered before the last one is left: only who leaves the page leaves what was entered last. */
  let entered: EventTarget | null = null;
  const brings = ({ dataTransfer }: DragEvent): boolean =>
    !isOwn && (dataTransfer?.types.includes("Files") ?? false);

  listen("dragstart", () => {
    isOwn = true;
  });
  listen("dragend", () => {
    isOwn = false;
  });
  listen<DragEvent>("dragenter", (event) => {
    entered = event.target;
    if (brings(event)) onOver(true);
  });
  listen<DragEvent>("dragleave", ({ target }) => {
    if (target === entered) onOver(false);
  });
  listen<DragEvent>("dragover", (event) => {
    if (!brings(event) && isField(event.target)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = brings(event) ? "copy" : "none";
  });
  listen<DragEvent>("drop", (event) => {
    onOver(false);
    if (!brings(event) && isField(event.target)) return;
    event.preventDefault();
    if (brings(event) && event.dataTransfer) onDropped(read(event.dataTransfer));
  });
  listen<ClipboardEvent>("paste", (event) => {
    const pasted = event.clipboardData && read(event.clipboardData);
    if (!pasted || pasted.files.length + pasted.folders.length === 0) return;
    event.preventDefault();
    onDropped(pasted);
  });
  return () => ended.abort();
}

const isField = (target: EventTarget | null): boolean =>
  target !== null && "matches" in target && (target as Element).matches(":read-write");

function read({ items }: DataTransfer): Dropped {
  const files: File[] = [];
  const folders: string[] = [];
  for (const item of items) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    if (entry?.isDirectory) folders.push(entry.name);
    else if (file) files.push(file);
  }
  return { files, folders };
}
