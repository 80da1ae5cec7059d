// The songs of the swarm: adding, sharing or not, how much is here, and Play for the director.

import { useRef } from "preact/hooks";
import type { Actions, FileView } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { Glyph } from "../glyphs.tsx";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";

export function Files({ view, actions }: ScreenProps) {
  const { files, isDirector, isAlone, isGivingLittle, directorName } = useSlice(view, (shown) => ({
    files: shown.files.map(shownFile),
    isDirector: shown.isDirector,
    isAlone: shown.people.length === 1,
    isGivingLittle: shown.isGivingLittle,
    directorName: shown.people.find((person) => person.isDirector)?.name ?? null,
  }));
  const isEmpty = files.length === 0;
  return (
    <section class="files" aria-labelledby="files-title">
      <div class="section-head">
        <h2 id="files-title">{words.files.title}</h2>
        <AddFiles actions={actions} isPrimary={isEmpty && !isAlone} />
      </div>
      {isEmpty && <p class="empty">{words.files.empty}</p>}
      {/* biome-ignore lint/a11y/noRedundantRoles: WebKit takes the role away when the bullets are gone */}
      <ul class="rows" role="list" aria-labelledby="files-title">
        {files.map((file) => (
          <FileRow
            key={file.fileId}
            file={file}
            isDirector={isDirector}
            isNext={!files.some((other) => other.isChosen)}
            actions={actions}
          />
        ))}
      </ul>
      <p class="hint">
        {words.files.limits}
        {!isEmpty && !isDirector && directorName && ` ${words.files.directorOnly(directorName)}`}
      </p>
      {!isEmpty && <Giving isGivingLittle={isGivingLittle} actions={actions} />}
    </section>
  );
}

function Giving({ isGivingLittle, actions }: { isGivingLittle: boolean; actions: Actions }) {
  return (
    <div class="giving">
      <p class="hint" id="giving-hint">
        {words.files.giveLittleHint(isGivingLittle)}
      </p>
      <button
        type="button"
        role="switch"
        class="switch"
        aria-checked={isGivingLittle}
        aria-describedby="giving-hint"
        onClick={() => actions.setGivingLittle(!isGivingLittle)}
      >
        <span class="switch-track" />
        <span class="switch-word">{words.files.giveLittle}</span>
      </button>
    </div>
  );
}

/** Coarser than the facts: a row is painted when a percent or a second changes, not with each piece of 64 KiB. */
function shownFile(file: FileView): FileView {
  const hundredth = file.sizeBytes / 100;
  const heldBytes = hundredth > 0 ? Math.floor(file.heldBytes / hundredth) * hundredth : 0;
  return { ...file, heldBytes, remainingSec: file.remainingSec && Math.ceil(file.remainingSec) };
}

function AddFiles({ actions, isPrimary }: { actions: Actions; isPrimary: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  const onChange = () => {
    if (!input.current?.files?.length) return;
    actions.addFiles([...input.current.files]);
    input.current.value = ""; // so that the same file can be chosen again
  };
  return (
    <>
      <button
        type="button"
        class={isPrimary ? "button button-primary" : "button"}
        onClick={() => input.current?.click()}
      >
        <Glyph name="plus" />
        {words.files.add}
      </button>
      {/* Opened by the button, which is what people and screen readers meet. iOS greys out songs it has no type for. */}
      <input
        ref={input}
        class="unseen"
        type="file"
        multiple
        accept="audio/*,.mp3,.m4a,.aac,.wav,.flac,.ogg,.opus,.aif,.aiff,.au"
        tabIndex={-1}
        aria-hidden="true"
        onChange={onChange}
      />
    </>
  );
}

interface FileRowProps {
  readonly file: FileView;
  readonly isDirector: boolean;
  /** Nothing is chosen yet: playing something is what to do next. */
  readonly isNext: boolean;
  readonly actions: Actions;
}

function FileRow({ file, isDirector, isNext, actions }: FileRowProps) {
  const { fileId, name, title, artist, coverUrl, isEnabled, isChosen } = file;
  const canPlay = isDirector && isEnabled; // also what this device cannot play: the others may (D19)
  return (
    <li class={isChosen ? "row file file-chosen" : "row file"}>
      <button
        type="button"
        class={canPlay && isNext && file.isSeeded ? "button-round button-primary" : "button-round"}
        aria-label={words.files.play(name)}
        disabled={!canPlay}
        onClick={() => actions.play(fileId)}
      >
        <Glyph name="play" />
      </button>
      {coverUrl !== null && <img class="file-cover" src={coverUrl} alt="" width={44} height={44} />}
      <div class="file-body">
        <p class="file-name" dir="auto">
          {title ?? name}
        </p>
        {title !== null && (
          <p class="meta" dir="auto">
            {artist === null ? name : `${artist} · ${name}`}
          </p>
        )}
        <p class="meta">{fileFacts(file).join(" · ")}</p>
        {file.tooLong && <p class="meta">{words.files.tooLong(file.tooLong)}</p>}
        {file.shortage && <p class="meta">{words.files.short(file.shortage)}</p>}
        {file.silentFor.length > 0 && <p class="meta">{words.files.silentFor(file.silentFor)}</p>}
        {file.shortFor.length > 0 && <p class="meta">{words.files.shortFor(file.shortFor)}</p>}
        {file.isSeeded ? (
          <p class="meta seeded">
            <Glyph name="seeded" />
            {words.files.seeded}
          </p>
        ) : (
          <Fetching file={file} />
        )}
      </div>
      <button
        type="button"
        role="switch"
        class="switch"
        aria-checked={isEnabled}
        aria-label={words.files.enabledName(name)}
        onClick={() => actions.setEnabled(fileId, !isEnabled)}
      >
        <span class="switch-track" />
        <span class="switch-word">{words.files.enabled}</span>
      </button>
    </li>
  );
}

function fileFacts(file: FileView): string[] {
  const facts = [words.files.size(file.sizeBytes)];
  if (file.offeredBy.length > 0) facts.push(words.files.from(file.offeredBy));
  if (file.isDecodable === false) facts.push(words.files.undecodable(file.format));
  else if (file.isPaused) facts.push(words.files.paused);
  else if (file.isPlaying) facts.push(words.files.playing);
  else if (file.isChosen) facts.push(words.files.chosen);
  return facts;
}

function Fetching({ file }: { file: FileView }) {
  const { name, heldBytes, sizeBytes, remainingSec, sources, isEnabled, isOverBudget, hasLostWhole } = file;
  const facts = [words.files.held(heldBytes, sizeBytes)];
  if (isEnabled && hasLostWhole) facts.push(words.files.lostWhole);
  if (!isEnabled) facts.push(words.files.off);
  else if (isOverBudget) facts.push(words.files.noRoom);
  else if (sources.length === 0) facts.push(words.files.waiting);
  else if (remainingSec !== null) facts.push(words.files.remaining(remainingSec));
  return (
    <div class="fetching">
      <progress aria-label={words.files.fetching(name)} value={heldBytes} max={Math.max(1, sizeBytes)} />
      <p class="meta">{facts.join(" · ")}</p>
    </div>
  );
}
