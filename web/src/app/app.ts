// The page's life: home → joining → joined → left, and back by another tap. Owns the player, the session and the view.
// Everything a tap does starts here, synchronously, because browsers unlock sound only inside the tap.

import { type ReadonlySignal, signal } from "@preact/signals-core";
import { canonicalKey, formatKey, generateKey, isWeakKey, KeyStretcher } from "../control/index.ts";
import { type Clock, FileError, type Random, UnisonoError, within } from "../lib/index.ts";
import { Player, type SoundMove } from "../playback/index.ts";
import { inviteLink, readAddress } from "./address.ts";
import { DelayMemory } from "./delay-memory.ts";
import { readFacts, readFigures, type SessionFacts } from "./facts.ts";
import { FigureHistory } from "./figure-history.ts";
import { Heard } from "./heard.ts";
import { type Identity, leaveIdentity, takeIdentity } from "./identity.ts";
import { forgetFiles, leaveFiles, takeFiles } from "./kept-stay.ts";
import { MediaControls } from "./media-controls.ts";
import { NamedOutputs } from "./named-outputs.ts";
import { cleanName } from "./person-name.ts";
import type { SessionEvent } from "./session-event.ts";
import { makeSnapshot, type Phase, type Snapshot } from "./snapshot.ts";
import { saneDelayMs } from "./speaker-delay.ts";
import type { SwarmSession } from "./swarm-session.ts";
import type { Actions, Banner, Notice, Status, View } from "./view.ts";
import { HELP_AFTER_MS, viewHelp, WaitWatch } from "./view-help.ts";
import { NO_DETAILS, viewPieces, viewSession } from "./view-model.ts";
import { amplitudeOf, readVolume, saneVolume, VOLUME_STORED_AS } from "./volume.ts";
import { WakeLock } from "./wake-lock.ts";

/** Some browsers ask the person first. */
const COPY_LIMIT_MS = 10_000;

export class App {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #page: Window;
  readonly #stretcher = new KeyStretcher();
  readonly #player: Player;
  readonly #wakeLock = new WakeLock();
  readonly #media = new MediaControls({
    stop: () => this.actions.stop(),
    pause: () => this.actions.pause(),
    play: (fileId) => this.actions.play(fileId),
    seek: (toSec) => this.actions.seek(toSec),
    rejoinAudio: () => this.actions.rejoinAudio(),
  });
  readonly #view = signal<View>(EMPTY_VIEW);
  readonly #history = new FigureHistory();
  #pieces: View["details"]["pieces"] = [];
  readonly #waits = new WaitWatch();
  readonly #delays: DelayMemory;
  readonly #heard: Heard;
  readonly #outputs: NamedOutputs;
  #identity: Identity;
  #phase: Phase = "home";
  #key: string;
  #session: SwarmSession | null = null;
  /** Names the session's store and what a reload leaves beside it. */
  #stay = "";
  #refusal: Banner | null = null;
  #notice: View["notice"] = null;
  #noticeId = 0;
  #volume: number;
  /** Joining again while a former join still stretches its key: only the latest counts. */
  #joinAttempt = 0;

  constructor(clock: Clock, random: Random, page: Window) {
    this.#clock = clock;
    this.#random = random;
    this.#page = page;
    this.#identity = takeIdentity(page.sessionStorage, random);
    this.#player = new Player(
      clock,
      () => this.#refresh(),
      (move) => this.#soundMoved(move),
    );
    this.#delays = new DelayMemory(page.localStorage);
    this.#heard = new Heard(page.localStorage);
    this.#outputs = new NamedOutputs({ devices: page.navigator.mediaDevices }, ({ outputName }) =>
      this.#outputChanged(outputName),
    );
    void this.#outputs.look();
    this.#volume = readVolume(page.localStorage.getItem(VOLUME_STORED_AS));
    this.#player.setVolume(amplitudeOf(this.#volume));
    this.#key = readAddress(page.location).key;
    this.#stretchAhead();
    this.#watchPage();
    this.#refresh();
  }

  get view(): ReadonlySignal<View> {
    return this.#view;
  }

  snapshot(): Snapshot {
    return makeSnapshot(this.#phase, this.#identity.name, this.#facts());
  }

  readonly actions: Actions = {
    join: (typedKey) => this.#join(typedKey),
    newSwarm: () => this.#join(generateKey(this.#random)),
    leave: () => void this.#leave(),
    rename: (name) => this.#rename(name),
    addFiles: (files) => void this.#addFiles(files),
    setEnabled: (fileId, isEnabled) => this.#session?.swarm.setEnabled(fileId, isEnabled),
    play: (fileId) => this.#session?.play(fileId),
    stop: () => this.#session?.stop(),
    pause: () => this.#session?.pause(),
    seek: (toSec) => this.#session?.seek(toSec),
    ringChime: () => this.#player.chime(),
    confirmHeard: () => {
      this.#heard.confirm();
      this.#refresh();
    },
    setVolume: (volume) => this.#setVolume(volume),
    level: () => this.#player.level(),
    startNow: () => this.#session?.startNow(),
    setSpeakerDelay: (delayMs) => this.#setSpeakerDelay(delayMs),
    setGivingLittle: (isGivingLittle) => {
      this.#session?.swarm.setGenerous(!isGivingLittle);
      this.#refresh();
    },
    setClickTest: (isOn) => this.#session?.setClicking(isOn),
    measure: () => this.#session?.liningUp.measure(),
    stopMeasuring: () => this.#session?.liningUp.cancel(),
    applyMeasured: () => this.#session?.liningUp.apply(),
    undoLinedUp: () => this.#session?.liningUp.undo(),
    takeOver: () => this.#session?.takeOver(),
    resign: () => this.#session?.resign(),
    rejoinAudio: () => this.#player.unlock(),
    copyLink: () => this.#copy(inviteLink(this.#page.location, this.#key)),
    copyDiagnostics: () => this.#copy(JSON.stringify(this.snapshot(), null, 2)),
    dismissNotice: (id) => {
      if (this.#notice?.id === id) this.#notice = null;
      this.#refresh();
    },
    isWeakKey,
  };

  #join(typedKey: string): void {
    let canonical: string;
    try {
      this.#player.unlock(); // first and synchronously: iOS unlocks sound only here
      canonical = canonicalKey(typedKey);
    } catch (error) {
      if (!(error instanceof UnisonoError)) throw error;
      this.#say({ code: "error", error: error.code, fileName: null });
      return;
    }
    const tappedLocalMs = this.#clock.nowMs();
    this.#player.chime();
    this.#heard.joined();
    this.#key = formatKey(typedKey);
    this.#refusal = null;
    this.#phase = "joining";
    const link = inviteLink(this.#page.location, this.#key);
    this.#page.history.replaceState(null, "", link.slice(this.#page.location.origin.length));
    const attempt = ++this.#joinAttempt;
    this.#history.clear();
    void this.#wakeLock.take();
    void this.#session?.close();
    this.#session = null;
    this.#refresh();
    // Until there is a session nothing else looks at the view again.
    this.#clock.after(HELP_AFTER_MS, () => this.#refresh());
    this.#open(canonical, attempt, tappedLocalMs).catch((error: unknown) => {
      console.warn(`could not join: ${String(error)}`); // a part of the page that the network kept back
      if (attempt !== this.#joinAttempt) return;
      this.#refusal = { code: "refused", reason: "page-incomplete" };
      void this.#leave();
    });
  }

  async #open(canonical: string, attempt: number, tappedLocalMs: number): Promise<void> {
    const [{ keysOfSession, openBestStore, SwarmSession }, stretched] = await Promise.all([
      import("./stay.ts"),
      this.#stretcher.stretch(canonical),
    ]);
    const keys = keysOfSession(stretched, this.#identity.sessionSeed);
    // A reload of this tab in this swarm finds its pieces again; another tab or swarm never does.
    const stay = `${keys.userId.slice(0, 16)}-${keys.swarmId.slice(0, 16)}`;
    const { store } = await openBestStore({ clock: this.#clock, session: stay });
    if (attempt !== this.#joinAttempt) {
      await store.close();
      return;
    }
    this.#stay = stay;
    const { epoch } = this.#identity;
    this.#identity = { ...this.#identity, epoch: epoch + 1 };
    this.#session = new SwarmSession({
      clock: this.#clock,
      random: this.#random,
      keys,
      epoch,
      server: readAddress(this.#page.location).server,
      player: this.#player,
      store,
      name: this.#identity.name,
      tappedLocalMs,
      onEvent: (event) => this.#tell(event),
      onChange: () => this.#refresh(),
    });
    const keepsake = takeFiles(this.#page.sessionStorage, stay);
    if (keepsake) void this.#session.swarm.restore(keepsake);
    this.#session.setVisible(this.#page.document.visibilityState === "visible");
    const { outputName } = this.#outputs;
    // An output that got its name only now was set without one.
    this.#session.setSpeakerDelay(this.#delays.delayMsOf(outputName) ?? this.#delays.delayMsOf(null) ?? 0);
  }

  async #leave(): Promise<void> {
    this.#joinAttempt += 1;
    const session = this.#session;
    this.#session = null;
    forgetFiles(this.#page.sessionStorage);
    this.#phase = "left";
    this.#refresh();
    await Promise.all([session?.close(), this.#wakeLock.release(), this.#player.close()]);
  }

  #rename(name: string): void {
    const clean = cleanName(name);
    if (clean === "") return;
    this.#identity = { ...this.#identity, name: clean };
    this.#session?.rename(clean);
    this.#refresh();
  }

  async #addFiles(files: readonly File[]): Promise<void> {
    for (const file of files) {
      try {
        await this.#session?.addFile(file);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        this.#say({ code: "error", error: error.code, fileName: file.name });
      }
    }
    this.#refresh();
  }

  #setSpeakerDelay(delayMs: number): void {
    const saneMs = saneDelayMs(delayMs);
    this.#delays.remember(this.#outputs.outputName, saneMs);
    this.#session?.setSpeakerDelay(saneMs);
  }

  /** Another loudspeaker: with its own delay where one is remembered; without a name only the person can tell. */
  #outputChanged(outputName: string | null): void {
    if (!this.#session) return;
    const knownMs = outputName === null ? null : this.#delays.delayMsOf(outputName);
    const isSame = knownMs === this.#session.speakerDelayMs;
    if (outputName !== null) this.#session.setSpeakerDelay(knownMs ?? 0);
    if (!isSame) this.#say({ code: "output-changed", outputName, isKnown: knownMs !== null });
  }

  #setVolume(volume: number): void {
    this.#volume = saneVolume(volume);
    this.#page.localStorage.setItem(VOLUME_STORED_AS, String(this.#volume));
    this.#player.setVolume(amplitudeOf(this.#volume));
    this.#refresh();
  }

  async #copy(text: string): Promise<boolean> {
    try {
      await within(this.#clock, COPY_LIMIT_MS, this.#page.navigator.clipboard.writeText(text));
    } catch {
      return false; // no clipboard on plain http or without permission: the text stays selectable
    }
    this.#say({ code: "copied" });
    return true;
  }

  #tell(event: SessionEvent): void {
    const nameOf = (userId: string) =>
      this.#facts()?.people.find((person) => person.userId === userId)?.name ?? "";
    switch (event.code) {
      case "refused":
        this.#refusal = { code: "refused", reason: event.refusal };
        void this.#leave();
        break;
      case "left":
        if (event.name) this.#say({ code: "left", name: event.name });
        break;
      case "director-changed": {
        const isMe = event.userId === this.#session?.me;
        const formerName = event.former && nameOf(event.former);
        if (event.former)
          this.#say({ code: "director-changed", name: nameOf(event.userId), isMe, formerName });
        break;
      }
      case "bad-piece":
        this.#say({ code: "bad-piece", name: nameOf(event.from), fileName: event.fileName });
        break;
      case "source-silent":
        this.#say({ code: "source-silent", name: nameOf(event.from), fileName: event.fileName });
        break;
      case "peer-dropped":
        if (event.reason === "version") this.#say({ code: "error", error: "wire-version", fileName: null });
        else if (event.reason === "unproven") this.#say({ code: "link-unproven", name: nameOf(event.from) });
        else this.#say({ code: "peer-dropped", name: nameOf(event.from) });
        break;
      case "measured":
        this.#say({ code: "measured" });
        break;
      case "lined-up":
        this.#setSpeakerDelay(event.delayMs);
        if (event.by && event.by !== this.#session?.me)
          this.#say({ code: "lined-up", name: nameOf(event.by) });
        break;
      case "file-refused":
        this.#say({ code: "error", error: event.error, fileName: event.fileName });
        break;
      default:
        break; // seen in the lists
    }
  }

  #soundMoved(move: SoundMove): void {
    this.#session?.soundChanged();
    if (move !== "rerouted" || !this.#session) return;
    console.info(`another output: ${this.#player.read().outputLatencyMs} ms`);
    if (this.#notice?.notice.code === "output-changed") return; // the browser told first, perhaps by name
    this.#say({ code: "output-changed", outputName: null, isKnown: false });
  }

  #say(notice: Notice): void {
    this.#noticeId += 1;
    this.#notice = { id: this.#noticeId, notice };
    this.#refresh();
  }

  #facts(): SessionFacts | null {
    return this.#session && readFacts(this.#session, this.#player, this.#clock.nowMs());
  }

  #refresh(): void {
    const facts = this.#facts();
    const localMs = this.#clock.nowMs();
    const isNetworkUp = this.#page.navigator.onLine;
    if (this.#phase === "joining" && facts?.nodeId) this.#phase = "joined";
    if (facts && this.#history.note(localMs, readFigures(facts)))
      this.#pieces = viewPieces(facts, this.#session?.swarm.pieceMaps ?? []);
    if (facts && facts.plan.state !== "stopped") this.#heard.musicBegan();
    const session = facts
      ? viewSession(facts, { history: this.#history.points, pieces: this.#pieces }, isNetworkUp)
      : {};
    const status: Status = session.status ?? { code: "joining", stage: "key" };
    this.#view.value = {
      ...EMPTY_VIEW,
      banner: this.#refusal,
      ...session,
      status,
      help: viewHelp(status, facts, this.#waits.lastedMs(status, localMs), isNetworkUp),
      phase: this.#phase,
      key: this.#key,
      isKeyWeak: this.#key !== "" && isWeakKey(this.#key),
      inviteLink: this.#key === "" ? "" : inviteLink(this.#page.location, this.#key),
      myName: this.#identity.name,
      volume: this.#volume,
      asksIfHeard: this.#heard.isAsking,
      notice: this.#notice,
      isSecureContext: this.#page.isSecureContext,
    };
    this.#media.show(this.#view.value);
  }

  /** Begins the slow part of joining while the person still looks at the button. */
  #stretchAhead(): void {
    import("./stay.ts").catch((error: unknown) => {
      console.warn(`could not load ahead: ${String(error)}`); // the tap tries again
    });
    if (this.#key === "") return;
    this.#stretcher.stretch(canonicalKey(this.#key)).catch((error: unknown) => {
      console.warn(`could not prepare the key ahead: ${String(error)}`); // the tap tries again
    });
  }

  #watchPage(): void {
    const { document } = this.#page;
    document.addEventListener("visibilitychange", () => {
      const isVisible = document.visibilityState === "visible";
      this.#session?.setVisible(isVisible);
      if (!isVisible) return;
      this.#player.askForSound();
      void this.#wakeLock.retake();
    });
    this.#page.addEventListener("online", () => this.#session?.wake(true));
    this.#page.addEventListener("offline", () => this.#refresh());
    this.#page.addEventListener("pageshow", () => this.#session?.wake());
    // A headset was plugged or pulled; insecure pages are not told.
    (this.#page.navigator.mediaDevices as MediaDevices | undefined)?.addEventListener("devicechange", () => {
      this.#player.askForSound();
      this.#session?.wake();
    });
    this.#page.addEventListener("hashchange", () => {
      if (this.#phase === "joining" || this.#phase === "joined") return;
      this.#key = readAddress(this.#page.location).key;
      this.#stretchAhead();
      this.#refresh();
    });
    this.#page.addEventListener("pagehide", () => {
      leaveIdentity(this.#page.sessionStorage, this.#identity);
      if (this.#session) leaveFiles(this.#page.sessionStorage, this.#stay, this.#session.swarm.keepsake());
      this.#session?.sayGoodbye();
    });
    // Any tap may be the one that brings the sound back: the platform may have taken it at any time.
    document.addEventListener("pointerdown", () => {
      if (this.#session && !this.#player.isUnlocked) this.#player.unlock();
    });
  }
}

const EMPTY_VIEW: View = {
  phase: "home",
  key: "",
  isKeyWeak: false,
  inviteLink: "",
  myName: "",
  status: { code: "joining", stage: "key" },
  help: null,
  banner: null,
  notice: null,
  isSecureContext: true,
  isOnline: false,
  people: [],
  files: [],
  isDirector: false,
  canStop: false,
  canStartNow: false,
  needsTapToRejoin: false,
  nowPlaying: null,
  transport: null,
  volume: 1,
  asksIfHeard: false,
  speakerDelayMs: 0,
  isClickTestOn: false,
  measuring: { code: "ready", hindrance: null, failure: null },
  linedUp: null,
  isGivingLittle: false,
  details: NO_DETAILS,
};
