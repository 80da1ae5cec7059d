// The Japanese words for errors; what a sentence promises is said in ../en.ts.

import type { errorWords as words } from "./en.ts";

export const errorWords: typeof words = (quotedFile) => ({
  "key-empty": () => "先にスウォームキーを入力するか、新しいスウォームを作ってください。",
  "key-too-long": () => "キーとしては長すぎます。確かめるか、新しいリンクをもらってください。",
  "key-mistyped": () =>
    "キーに打ち間違いがあります。確認用の文字が合いません。ほかの人のキーと見比べてください。自分で決めたキーなら、もう一度参加を押してください。",
  "wire-malformed": () =>
    "ほかの端末からの意味の通らないメッセージを無視しました。失われたものはありません。",
  "wire-too-large": () => "ほかの端末からの長すぎるメッセージを無視しました。失われたものはありません。",
  "wire-version": () =>
    "別の端末でこのページの違う版が動いています。一緒に再生するには両方を再読み込みしてください。",
  "wire-unsealed": () =>
    "このスウォームのキーに合わないメッセージを無視しました。ほかの人はこれまでどおり続けられます。",
  "wire-unproven": () =>
    "まだキーを示していない端末からのメッセージを聞きませんでした。少し時間がかかります。",
  "wire-replayed": () => "二重に届いたメッセージを無視しました。失われたものはありません。",
  "file-empty": (fileName) =>
    `${quotedFile(fileName)}は空なので、再生するものがありません。別のファイルを選んでください。`,
  "file-not-audio": (fileName) =>
    `${quotedFile(fileName)}は音声ファイルではありません。曲を選んでください。MP3、FLAC、WAVならたいていの端末で再生できます。`,
  "file-too-large": (fileName) => `${quotedFile(fileName)}は大きすぎて共有できません。4 GBまで使えます。`,
  "file-too-long": (fileName) =>
    `${quotedFile(fileName)}は、この端末のメモリには長すぎます。ほかの端末では再生できるかもしれません。`,
  "file-too-many": (fileName) =>
    `${quotedFile(fileName)}は追加されませんでした。1人10ファイルまでです。先に自分のファイルを1つオフにしてください。`,
  "file-undecodable": (fileName) =>
    `この端末では${quotedFile(fileName)}を再生できません。ほかの端末では再生できるかもしれません。`,
  "file-unreadable": (fileName) =>
    `${quotedFile(fileName)}を読み込めませんでした。まだあることを確かめて、もう一度追加してください。`,
  "file-is-folder": (fileName) =>
    `${quotedFile(fileName)}はフォルダーです。開いて、中の曲をドロップしてください。`,
  "file-failed": (fileName) =>
    `このページで問題が起きたため、${quotedFile(fileName)}は追加されませんでした。もう一度お試しください。直らないときは、ページを再読み込みしてください。`,
  "storage-full": (fileName) =>
    `この端末には${quotedFile(fileName)}を置く場所がありません。ファイルを1つオフにして、もう一度お試しください。`,
  "audio-blocked": () => "ブラウザーが音を止めています。ページのどこかをタップすると鳴ります。",
  "audio-unsupported": () =>
    "このブラウザーではタイミングを合わせて再生できないため、この端末は無音です。曲を受け取り、ほかの端末に渡すことはできます。最新のChrome、Firefox、Safariなら再生もできます。",
});

/** Why the swarm does not take this phone, by the reason's code. */
export const refusals: Readonly<Record<string, string>> = {
  "wrong-version": "このページはサーバーより古いものです。再読み込みしてから、もう一度参加してください。",
  "taken-over":
    "この端末の別のタブがこの席を引き継ぎました。そちらで続けるか、ここでもう一度参加してください。",
  "page-incomplete":
    "ネットワークが切れたため、このページの一部が届きませんでした。ページを再読み込みしてから、もう一度参加してください。",
  "page-failed":
    "このページで問題が起きたため、この端末は参加できませんでした。ページを再読み込みしてから、もう一度参加してください。直らないときは、診断情報をコピーしてサーバーの管理者に送ってください。",
  "not-admitted":
    "別の人があなたのキーなしでこの場所にスウォームを開き、使っています。新しいスウォームを作り、そのリンクを送ってください。",
  "swarm-full": "このスウォームは満員です。だれかが抜けるのを待つか、新しく作ってください。",
};
