// What the player says of its sound, as it leaves the loudspeaker.
// States: idle (no sound wanted) · locked-audio (needs a tap) · preparing (decoding, or the line does not stand yet) ·
// scheduled (queued, not begun) · playing · interrupted (the platform took the sound).

export type PlaybackState = "idle" | "locked-audio" | "preparing" | "scheduled" | "playing" | "interrupted";

export interface PlaybackReading {
  readonly state: PlaybackState;
  readonly positionSec: number | null;
  readonly errorMs: number | null;
  /** The loudspeaker is within this of where `errorMs` says that it is, in 19 of 20 moments. */
  readonly uncertaintyMs: number | null;
  readonly ratePpm: number | null;
  readonly outputLatencyMs: number | null;
  /** From a plan that arrives to sound at the loudspeaker. */
  readonly startMs: number;
  /** Of the song; this device may have less of it. */
  readonly durationSec: number | null;
  /** What of it this device has decoded, from its beginning (P39). */
  readonly decodedSec: number | null;
  /** How much later sound lies in this device's decode than in the anchor's; null while nothing is loaded. */
  readonly decodeOffsetMs: number | null;
  readonly rejoins: number;
  /** The sound is held back and only a tap of the person brings it back. */
  readonly needsTap: boolean;
  /** How far ahead of the render clock sound is on the card's queue, whatever becomes of the page's scripts. */
  readonly queuedSec: number | null;
  /** Segments that came too late for their start; each was a gap. */
  readonly lateSegments: number;
}

/** The sound is back after the platform had taken it, or it leaves through another output now. */
export type SoundMove = "back" | "rerouted";
