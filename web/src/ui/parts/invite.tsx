// The three ways in, together: a QR code, the link as text, the key. The QR code is dark on white in every theme, since
// many scanners cannot read an inverted one; its encoder is fetched when the dialog first opens.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { words } from "../copy/index.ts";
import { Glyph } from "../glyphs.tsx";
import type { ScreenProps } from "../screen-props.ts";
import { useSlice } from "../slice.ts";
import { CopyButton } from "./copy-button.tsx";
import type { QrPath } from "./qr-path.ts";

export function Invite({ view, actions }: ScreenProps) {
  const { link, key, isAlone } = useSlice(view, ({ inviteLink, key, people, files }) => ({
    link: inviteLink,
    key,
    isAlone: people.length === 1 && files.length === 0, // with a song, playing it is the next thing
  }));
  const dialog = useRef<HTMLDialogElement>(null);
  const linkText = useRef<HTMLElement>(null);
  const qr = useSignal<{ of: string; drawn: QrPath | null } | null>(null);
  const open = () => {
    dialog.current?.showModal();
    if (qr.value?.of === link && qr.value.drawn) return;
    import("./qr-path.ts").then(
      ({ qrPath }) => {
        qr.value = { of: link, drawn: qrPath(link) };
      },
      () => {
        qr.value = { of: link, drawn: null }; // the server is away; link and key are here
      },
    );
  };
  const share = () => {
    // Rejects when the person changes their mind, which is no trouble.
    navigator.share({ title: words.product.name, url: link }).catch(() => undefined);
  };
  return (
    <>
      <button
        type="button"
        class={isAlone ? "button button-primary" : "button"}
        aria-haspopup="dialog"
        onClick={open}
      >
        <Glyph name="invite" />
        {words.swarm.invite}
      </button>
      <dialog ref={dialog} class="invite" aria-labelledby="invite-title">
        <div class="invite-head">
          <h2 id="invite-title">{words.invite.title}</h2>
          <button
            type="button"
            class="button-plain"
            aria-label={words.invite.close}
            onClick={() => dialog.current?.close()}
          >
            <Glyph name="close" />
          </button>
        </div>
        <p class="hint">{qr.value && !qr.value.drawn ? words.invite.qrFailed : words.invite.how}</p>
        <div class="qr">{qr.value?.drawn && <QrCode {...qr.value.drawn} />}</div>
        <dl class="invite-text">
          <div>
            <dt>{words.invite.key}</dt>
            <dd class="key" dir="ltr">
              {key}
            </dd>
          </div>
          <div>
            <dt>{words.invite.link}</dt>
            <dd class="link" dir="ltr" ref={linkText}>
              {link}
            </dd>
          </div>
        </dl>
        <div class="invite-acts">
          <CopyButton
            label={words.invite.copy}
            copied={words.invite.copied}
            failed={words.invite.copyFailed}
            copy={() => actions.copyLink()}
            isPrimary
            onFailed={() => linkText.current && getSelection()?.selectAllChildren(linkText.current)}
          />
          {"share" in navigator && (
            <button type="button" class="button" onClick={share}>
              {words.invite.share}
            </button>
          )}
        </div>
      </dialog>
    </>
  );
}

function QrCode({ sideModules, path }: QrPath) {
  return (
    <svg
      role="img"
      aria-label={words.invite.qr}
      viewBox={`0 0 ${sideModules} ${sideModules}`}
      shape-rendering="crispEdges"
    >
      <rect width={sideModules} height={sideModules} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
