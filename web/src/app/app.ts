// The page's life: home → joining → joined → left, and back by another tap. Owns the player, the session and the view.
// Everything a tap does starts here, synchronously, because browsers unlock sound only inside the tap.

import { type ReadonlySignal, signal } from "@preact/signals-core";
import { Player, type SoundMove } from "../audio/index.ts";
import { canonicalKey, formatKey, generateKey, isLikelyMistyped, isWeakKey } from "../control/index.ts";
import {
  type Clock,
  KeyError,
  type Memory,
  PartMissing,
  type Random,
  storageOrMemory,
  UnisonoError,
  within,
} from "../lib/index.ts";
import type { SessionFacts, SessionNews, SwarmSession } from "../session/index.ts";
import { cleanName } from "../session/index.ts";
import type { Actions, Banner, Notice, PageConditions, Status, View } from "../view/index.ts";
import {
  EMPTY_VIEW,
  FigureHistory,
  HELP_AFTER_MS,
  helpWithKey,
  makeSnapshot,
  type Phase,
  type Snapshot,
  WaitWatch,
} from "../view/index.ts";
import { inviteLink, KeyReader, readAddress } from "./address.ts";
import { FileQueue } from "./file-queue.ts";
import type { LocalNetwork } from "./local-network.ts";
import type { MediaControls } from "./media-controls.ts";
import { NamedOutputs } from "./named-outputs.ts";
import { Notices } from "./notices.ts";
import { watchPage } from "./page-life.ts";
import { type KeptPieces, letGo, type ParkedSession, type SessionParts } from "./parked-session.ts";
import type { QueueActions } from "./queue-actions.ts";
import { SessionOpening } from "./session-opening.ts";
import type { SoundActions, SoundSettings } from "./sound-settings.ts";
import { StillView } from "./still-view.ts";
import { DelayMemory } from "./storage/delay-memory.ts";
import { Heard } from "./storage/heard.ts";
import { type Identity, leaveIdentity, takeIdentity } from "./storage/identity.ts";
import { forgetFiles, leaveFiles, takeFiles } from "./storage/resume-files.ts";
import { saneDelayMs } from "./storage/speaker-delay.ts";
import { amplitudeOf, readVolume, saneVolume, VOLUME_STORED_AS } from "./storage/volume.ts";
import { WakeLock } from "./wake-lock.ts";

/** Some browsers ask the person first. */
const COPY_LIMIT_MS = 10_000;

export class App {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #page: Window;
  readonly #opening: SessionOpening;
  readonly #player: Player;
  readonly #wakeLock = new WakeLock();
  /** null before the first join: nothing plays that they could stand for. */
  #media: MediaControls | null = null;
  readonly #view = signal<View>(EMPTY_VIEW);
  readonly #history = new FigureHistory();
  #pieces: View["details"]["pieces"] = [];
  readonly #waits = new WaitWatch();
  readonly #still = new StillView();
  readonly #keyReader = new KeyReader();
  readonly #delays: DelayMemory;
  readonly #heard: Heard;
  readonly #outputs: NamedOutputs;
  /** What rests from one page of this tab to the next, and what this device remembers. */
  readonly #tabMemory: Memory;
  readonly #deviceMemory: Memory;
  readonly #files = new FileQueue({
    taker: () => this.#session,
    onRefused: (error, fileName) => this.#say({ code: "error", error, fileName }),
  });
  #identity: Identity;
  #phase: Phase = "home";
  #key: string;
  #session: SwarmSession | null = null;
  /** null before the first join. */
  #parts: SessionParts | null = null;
  #sound: SoundSettings | null = null;
  /** The session's store, named as what a reload leaves beside it. */
  #kept: KeptPieces | null = null;
  #parked: ParkedSession | null = null;
  #refusal: Banner | null = null;
  /** What went wrong here, for the diagnostics. */
  #failure: string | null = null;
  readonly #notices = new Notices(() => this.#changed());
  #volume: number;
  /** The last key made here: nobody else can have meant another one. */
  #madeKey: string | null = null;
  /** A key that looks mistyped and was asked about: joining with it once more means it. */
  #suspectKey: string | null = null;
  /** null before the first join. */
  #localNetwork: LocalNetwork | null = null;
  /** Joining again while a former join still stretches its key: only the latest counts. */
  #joinAttempt = 0;

  /** `fetchParts` brings what is needed only after joining. */
  constructor(clock: Clock, random: Random, page: Window, fetchParts: () => Promise<SessionParts>) {
    this.#clock = clock;
    this.#opening = new SessionOpening(clock, fetchParts);
    this.#random = random;
    this.#page = page;
    this.#tabMemory = storageOrMemory(() => page.sessionStorage);
    this.#deviceMemory = storageOrMemory(() => page.localStorage);
    this.#identity = takeIdentity(this.#tabMemory, random);
    this.#player = new Player(
      clock,
      () => this.#changed(),
      (move) => this.#soundMoved(move),
    );
    this.#delays = new DelayMemory(this.#deviceMemory);
    this.#heard = new Heard(this.#deviceMemory);
    this.#outputs = new NamedOutputs({ devices: page.navigator.mediaDevices }, ({ outputName }) =>
      this.#outputChanged(outputName),
    );
    void this.#outputs.look();
    this.#volume = readVolume(this.#deviceMemory.getItem(VOLUME_STORED_AS));
    this.#player.setVolume(amplitudeOf(this.#volume));
    this.#key = readAddress(page.location).key;
    this.#opening.prepare(this.#key);
    this.#watchPage();
    this.#changed();
  }

  get view(): ReadonlySignal<View> {
    return this.#view;
  }

  snapshot(): Snapshot {
    return makeSnapshot(this.#phase, this.#identity.name, this.#facts(), this.#failure);
  }

  /** Those of the queue come with the session's parts: before, nothing can be tapped that needs them. */
  readonly actions: Actions = {
    join: (typedKey) => this.#join(typedKey),
    newSwarm: () => {
      this.#madeKey = generateKey(this.#random);
      this.#join(this.#madeKey);
    },
    leave: () => void this.#leave(),
    rename: (name) => this.#rename(name),
    addFiles: (files, folders) => this.#addFiles(files, folders),
    setEnabled: (fileId, isEnabled) => this.#session?.swarm.setEnabled(fileId, isEnabled),
    play: (fileId) => this.#session?.play(fileId),
    stop: () => this.#session?.stop(),
    pause: () => this.#session?.pause(),
    seek: (toSec) => this.#session?.seek(toSec),
    ringChime: () => this.#player.chime(),
    confirmHeard: () => {
      this.#heard.confirm();
      this.#changed();
    },
    setVolume: (volume) => this.#setVolume(volume),
    level: () => this.#player.level(),
    startNow: () => this.#session?.startNow(),
    setSpeakerDelay: (delayMs) => this.#setSpeakerDelay(delayMs),
    setGivingLittle: (isGivingLittle) => {
      this.#session?.swarm.setGenerous(!isGivingLittle);
      this.#changed();
    },
    setClickTest: (isOn) => this.#session?.setClicking(isOn),
    measure: () => this.#session?.calibration.measure(),
    cancelCalibration: () => this.#session?.calibration.cancel(),
    applyCalibration: () => this.#session?.calibration.apply(),
    undoCalibration: () => this.#session?.calibration.undo(),
    measureDistance: (userId) => this.#session?.distance.measure(userId),
    answerDistance: (answer) => this.#session?.distance.answer(answer),
    takeOver: () => this.#session?.takeOver(),
    resign: () => this.#session?.resign(),
    rejoinAudio: () => void this.#unlockSound(),
    copyLink: () => this.#copy(inviteLink(this.#page.location, this.#key)),
    copyDiagnostics: () => this.#copy(JSON.stringify(this.snapshot(), null, 2)),
    dismissNotice: (id) => this.#notices.dismiss(id),
    isWeakKey,
  } satisfies Omit<Actions, keyof QueueActions | keyof SoundActions> as Actions;

  #join(typedKey: string): void {
    let canonical: string;
    let canSound: boolean;
    try {
      canSound = this.#unlockSound(); // first and synchronously: iOS unlocks sound only here
      canonical = canonicalKey(typedKey);
      if (isLikelyMistyped(typedKey) && canonical !== this.#suspectKey) {
        this.#suspectKey = canonical;
        throw new KeyError("key-mistyped", "the check character does not fit");
      }
    } catch (error) {
      if (!(error instanceof UnisonoError)) throw error;
      this.#say({ code: "error", error: error.code, fileName: null });
      return;
    }
    this.#notices.clear(); // what came to nothing is being tried again
    if (canSound) {
      this.#player.chime();
      this.#heard.joined();
    } else {
      this.#say({ code: "error", error: "audio-unsupported", fileName: null });
    }
    this.#key = formatKey(typedKey);
    const link = inviteLink(this.#page.location, this.#key);
    this.#page.history.replaceState(null, "", link.slice(this.#page.location.origin.length));
    void this.#session?.close();
    this.#enter(canonical, null);
  }

  /** G11: whether this browser can sound at all. Inside a tap. */
  #unlockSound(): boolean {
    try {
      this.#player.unlock();
    } catch (error) {
      console.warn(`this page stays silent: ${String(error)}`);
      return false;
    }
    return true;
  }

  #enter(canonical: string, parked: ParkedSession | null): void {
    const attempt = ++this.#joinAttempt;
    const beganLocalMs = this.#clock.nowMs();
    this.#session = null;
    this.#kept = parked?.kept ?? null;
    this.#refusal = null;
    this.#failure = null;
    this.#phase = "joining";
    this.#history.clear();
    void this.#wakeLock.take();
    this.#changed();
    // Until there is a session nothing else looks at the view again.
    this.#clock.after(HELP_AFTER_MS, () => this.#changed());
    this.#open(canonical, attempt, beganLocalMs, parked).catch((error: unknown) => {
      console.warn(`could not join: ${String(error)}`);
      if (attempt !== this.#joinAttempt) return;
      this.#failure = String(error);
      const reason = error instanceof PartMissing ? "page-incomplete" : "page-failed"; // G8
      this.#refusal = { code: "refused", reason };
      void this.#leave();
    });
  }

  async #open(
    canonical: string,
    attempt: number,
    beganLocalMs: number,
    parked: ParkedSession | null,
  ): Promise<void> {
    const isWanted = () => attempt === this.#joinAttempt;
    const opened = await this.#opening.open(canonical, this.#identity, parked, isWanted);
    if (!opened) return;
    const { parts, keys, kept } = opened;
    this.#parts = parts;
    Object.assign(
      this.actions,
      parts.queueActions(() => this.#session),
      this.#settings(parts).actions,
    );
    this.#media ??= new parts.MediaControls(this.actions);
    this.#localNetwork ??= new parts.LocalNetwork(this.#page, () => this.#changed());
    this.#kept = kept;
    const { epoch } = this.#identity;
    this.#identity = { ...this.#identity, epoch: epoch + 1 };
    this.#session = new parts.SwarmSession({
      clock: this.#clock,
      random: this.#random,
      keys,
      epoch,
      server: readAddress(this.#page.location).server,
      player: this.#player,
      home: kept.home,
      name: this.#identity.name,
      role: this.#settings(parts).role,
      tappedLocalMs: beganLocalMs,
      onEvent: (event) => this.#tell(event),
      onChange: (isQuiet) => {
        if (!this.#still.holds(isQuiet, this.#session?.swarm, this.#player, this.#clock)) this.#changed();
      },
    });
    const resumeState = takeFiles(this.#tabMemory, kept.session);
    if (resumeState) void this.#session.swarm.restore(resumeState);
    this.#session.setVisible(this.#page.document.visibilityState === "visible");
    const { outputName } = this.#outputs;
    // An output that got its name only now was set without one.
    this.#session.setSpeakerDelay(this.#delays.delayMsOf(outputName) ?? this.#delays.delayMsOf(null) ?? 0);
    void this.#files.goOn();
  }

  #settings(parts: SessionParts): SoundSettings {
    this.#sound ??= new parts.SoundSettings({
      memory: this.#deviceMemory,
      outputName: () => this.#outputs.outputName,
      player: this.#player,
      session: () => this.#session,
      onChange: () => this.#changed(),
    });
    return this.#sound;
  }

  async #leave(): Promise<void> {
    this.#joinAttempt += 1;
    const closed = this.#session?.close() ?? (this.#kept && letGo(this.#clock, this.#kept.home));
    this.#session = null;
    this.#kept = null;
    this.#files.clear();
    forgetFiles(this.#tabMemory);
    this.#phase = "left";
    this.#changed();
    await Promise.all([closed, this.#wakeLock.release(), this.#player.close()]);
  }

  #rename(name: string): void {
    const clean = cleanName(name);
    if (clean === "") return;
    this.#identity = { ...this.#identity, name: clean };
    this.#session?.rename(clean);
    this.#changed();
  }

  #addFiles(files: readonly File[], folders: readonly string[] = []): void {
    this.#notices.clear(); // words about files that were added before are past
    for (const fileName of folders) this.#say({ code: "error", error: "file-is-folder", fileName });
    this.#files.add(files);
    const isWaiting = this.#phase === "home" || this.#phase === "left";
    if (files.length > 0 && isWaiting) this.#say({ code: "files-wait" });
  }

  #setSpeakerDelay(delayMs: number): void {
    const saneMs = saneDelayMs(delayMs);
    this.#delays.remember(this.#outputs.outputName, saneMs);
    this.#session?.setSpeakerDelay(saneMs);
  }

  /** Another loudspeaker: with its own delay where one is remembered; without a name only the person can tell. */
  #outputChanged(outputName: string | null): void {
    if (!this.#session) return;
    this.#sound?.outputChanged();
    const knownMs = outputName === null ? null : this.#delays.delayMsOf(outputName);
    const isSame = knownMs === this.#session.speakerDelayMs;
    if (outputName !== null) this.#session.setSpeakerDelay(knownMs ?? 0);
    if (!isSame) this.#say({ code: "output-changed", outputName, isKnown: knownMs !== null });
  }

  #setVolume(volume: number): void {
    this.#volume = saneVolume(volume);
    this.#player.setVolume(amplitudeOf(this.#volume));
    this.#deviceMemory.setItem(VOLUME_STORED_AS, String(this.#volume));
    this.#changed();
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

  #tell(event: SessionNews): void {
    if (event.code === "refused") {
      this.#refusal = { code: "refused", reason: event.refusal };
      void this.#leave();
      return;
    }
    if (event.code === "lined-up") this.#setSpeakerDelay(event.delayMs);
    const nameOf = (userId: string) =>
      this.#facts()?.people.find((person) => person.userId === userId)?.name ?? "";
    const notice = this.#parts?.noticeOf(event, this.#session?.me ?? null, nameOf);
    if (notice) this.#say(notice);
  }

  #soundMoved(move: SoundMove): void {
    this.#session?.soundChanged();
    if (move !== "rerouted" || !this.#session) return;
    console.info(`another output: ${this.#player.read().outputLatencyMs} ms`);
    if (this.#notices.shown?.notice.code === "output-changed") return; // the browser told first, perhaps by name
    this.#say({ code: "output-changed", outputName: null, isKnown: false });
  }

  #say(notice: Notice): void {
    this.#notices.say(notice);
  }

  #facts(): SessionFacts | null {
    return (
      this.#session && (this.#parts?.readFacts(this.#session, this.#player, this.#clock.nowMs()) ?? null)
    );
  }

  /** After anything has changed: first what the page remembers of it, then what people see of that. */
  #changed(): void {
    const localMs = this.#clock.nowMs();
    const facts = this.#facts();
    if (facts) this.#observe(facts, localMs);
    const conditions = this.#conditions();
    const course = { history: this.#history.points, pieces: this.#pieces };
    const parts = facts && this.#parts;
    const session: Partial<View> = parts ? parts.viewSession(facts, course, conditions) : {};
    const status: Status = session.status ?? { code: "joining", stage: "key" };
    this.#waits.watch(status, localMs);
    this.#still.made(status, this.#session?.swarm, localMs);
    const { isKeyWeak, inviteLink } = this.#keyReader.of(this.#page.location, this.#key);
    const lastedMs = this.#waits.lastedMs(localMs);
    this.#view.value = {
      ...EMPTY_VIEW,
      banner: this.#refusal,
      ...session,
      status,
      help: parts ? parts.viewHelp(status, facts, lastedMs, conditions) : helpWithKey(lastedMs),
      phase: this.#phase,
      key: this.#key,
      isKeyWeak,
      inviteLink,
      myName: this.#identity.name,
      volume: this.#volume,
      trim: this.#sound?.trim ?? EMPTY_VIEW.trim,
      asksIfHeard: this.#heard.isAsking,
      notice: this.#notices.shown,
      isSecureContext: this.#page.isSecureContext,
    };
    if (this.#phase !== "joined" || !this.#player.isStarting) this.#media?.show(this.#view.value); // P97
  }

  /** What the page remembers of a session as it goes on. */
  #observe(facts: SessionFacts, localMs: number): void {
    if (this.#phase === "joining" && facts.nodeId) this.#phase = "joined";
    if (facts.plan.state !== "stopped") this.#heard.musicBegan();
    this.#sound?.keep(facts.role);
    const parts = this.#parts;
    if (!parts || !this.#history.record(localMs, parts.readFigures(facts))) return;
    this.#pieces = parts.viewPieces(facts, this.#session?.swarm.pieceMaps ?? []);
  }

  #conditions(): PageConditions {
    const { location, navigator } = this.#page;
    return {
      isNetworkUp: navigator.onLine,
      isNearbyBarred: this.#localNetwork?.isNearbyBarred ?? false,
      isServerBarred: this.#localNetwork?.isBarred(this.#keyReader.of(location, this.#key).server) ?? false,
      isKeyGiven: this.#key !== this.#madeKey,
    };
  }

  #watchPage(): void {
    watchPage(this.#page, {
      seen: (isVisible) => {
        this.#session?.setVisible(isVisible);
        if (!isVisible) return;
        this.#player.askForSound();
        void this.#wakeLock.retake();
      },
      woke: (isNewNetwork) => this.#session?.wake(isNewNetwork),
      networkLost: () => this.#changed(),
      left: (mayReturn) => this.#goAway(mayReturn),
      returned: () => this.#comeBack(),
      soundDevicesChanged: () => {
        this.#player.askForSound();
        this.#session?.wake();
      },
      addressChanged: () => {
        if (this.#phase === "joining" || this.#phase === "joined") return;
        this.#key = readAddress(this.#page.location).key;
        this.#opening.prepare(this.#key);
        this.#changed();
      },
      touched: () => {
        if (this.#session && !this.#player.isUnlocked) this.#unlockSound();
      },
    });
  }

  /** The others are told first: all else may be cut short. */
  #goAway(mayReturn: boolean): void {
    const session = this.#session;
    session?.sayLeave();
    leaveIdentity(this.#tabMemory, this.#identity);
    if (session && this.#kept) leaveFiles(this.#tabMemory, this.#kept.session, session.swarm.resumeState());
    if (!mayReturn || (this.#phase !== "joining" && this.#phase !== "joined")) return;
    // G6: no socket and no connection outlives the time aside; the store does.
    this.#joinAttempt += 1;
    this.#session = null;
    this.#phase = "joining";
    this.#parked = { canonical: canonicalKey(this.#key), kept: this.#kept, closing: session?.close(true) };
    this.#kept = null;
  }

  /** G6: as after a reload, but without a tap. Another page of this tab may have used the identity meanwhile. */
  #comeBack(): void {
    this.#identity = takeIdentity(this.#tabMemory, this.#random);
    this.#player.askForSound();
    const parked = this.#parked;
    this.#parked = null;
    if (parked) this.#enter(parked.canonical, parked);
  }
}
