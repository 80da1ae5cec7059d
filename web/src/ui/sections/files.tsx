// The songs of the swarm: adding, sharing or not, how much is here; to the queue for everyone, and Play for the director.

import { useRef } from "preact/hooks";
import type { Actions, FileView } from "../../view/index.ts";
import { words } from "../copy/index.ts";
import { Glyph } from "../glyphs.tsx";
import { Facts, SignButton, Switch } from "../parts/controls.tsx";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";

export function Files({ view, actions }: ScreenProps) {
  const { files, isDirector, isAlone, isIdle, cannotAdd } = useSlice(view, (shown) => ({
    files: shown.files,
    isDirector: shown.isDirector,
    isAlone: shown.people.length === 1,
    isIdle: shown.playerControls === null && shown.queue.entries.length === 0,
    cannotAdd: shown.queue.cannotAdd !== null,
  }));
  const isEmpty = files.length === 0;
  /** Nothing is chosen yet: playing the first song that is here is what to do next. */
  const next = isIdle && isDirector ? files.find(({ isSeeded, isEnabled }) => isSeeded && isEnabled) : null;
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
            key={file.rowId}
            file={file}
            canPlay={isDirector && file.isEnabled} // also what this device cannot play: the others may (D19)
            isNext={file === next}
            cannotAdd={cannotAdd}
            actions={actions}
          />
        ))}
      </ul>
      <p class="hint">{words.files.limits}</p>
    </section>
  );
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
  readonly canPlay: boolean;
  readonly isNext: boolean;
  readonly cannotAdd: boolean;
  readonly actions: Actions;
}

function FileRow({ file, canPlay, isNext, cannotAdd, actions }: FileRowProps) {
  const { fileId, name, title, artist, coverUrl, isEnabled, isChosen } = file;
  const toQueue = (place: "end" | "next", label: string) => (
    <SignButton
      glyph={place === "end" ? "queueEnd" : "queueNext"}
      label={label}
      isOff={cannotAdd}
      onPress={() => actions.queueFile(fileId, place)}
    />
  );
  return (
    <li class={isChosen ? "row file file-chosen" : "row file"}>
      <SignButton
        glyph="play"
        label={words.files.play(name)}
        class={isNext ? "button-round button-primary" : "button-round"}
        isOff={!canPlay}
        onPress={() => actions.play(fileId)}
      />
      {coverUrl !== null && <img class="file-cover" src={coverUrl} alt="" width={44} height={44} />}
      <div class="row-body">
        <p class="file-name" dir="auto">
          {title ?? name}
        </p>
        {title !== null && <span class="unseen">{name}</span>}
        <Facts facts={title && artist ? [artist, ...fileFacts(file)] : fileFacts(file)} />
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
      <div class="acts">
        {toQueue("end", words.queue.add(name))}
        {toQueue("next", words.queue.addNext(name))}
        <Switch
          isOn={isEnabled}
          word={words.files.enabled}
          label={words.files.enabledName(name)}
          onFlip={(isOn) => actions.setEnabled(fileId, isOn)}
        />
      </div>
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
  const { name, held, remainingSec, sources, isEnabled, isOverBudget, hasLostWhole } = file;
  const facts = [words.files.held(held)];
  if (isEnabled && hasLostWhole) facts.push(words.files.lostWhole);
  if (!isEnabled) facts.push(words.files.off);
  else if (isOverBudget) facts.push(words.files.noRoom);
  else if (sources.length === 0) facts.push(words.files.waiting);
  else if (remainingSec !== null) facts.push(words.files.remaining(remainingSec));
  return (
    <div class="fetching">
      <progress aria-label={words.files.fetching(name)} value={held.percent} max={100} />
      <p class="meta">{facts.join(" · ")}</p>
    </div>
  );
}
