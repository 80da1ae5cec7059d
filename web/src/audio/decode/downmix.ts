// Two channels out of any number, by one matrix (rule P35), so that a page and a headless peer in one room play the same mix; and, for a
// device whose role is one of them, that channel by itself. Pure. Places are named as in the rule: the front pair, centre, low
// frequencies, side pair, back pair, single back centre. vectors/roles.json holds the headless peer (downmix.py) to the same.

import type { ChannelName } from "../role.ts";

export type Place = "L" | "R" | "C" | "LFE" | "Ls" | "Rs" | "Lb" | "Rb" | "Cs";

const SQRT_HALF = Math.SQRT1_2;

/** What a place gives to the left and to the right, by ITU-R BS.775. */
const GAINS: Readonly<Record<Place, readonly [number, number]>> = {
  L: [1, 0],
  R: [0, 1],
  C: [SQRT_HALF, SQRT_HALF],
  LFE: [0, 0],
  Ls: [SQRT_HALF, 0],
  Rs: [0, SQRT_HALF],
  Lb: [SQRT_HALF, 0],
  Rb: [0, SQRT_HALF],
  Cs: [0.5, 0.5],
};

const NAMES: Readonly<Record<Place, ChannelName>> = {
  L: "front-left",
  R: "front-right",
  C: "centre",
  LFE: "lfe",
  Ls: "surround-left",
  Rs: "surround-right",
  Lb: "back-left",
  Rb: "back-right",
  Cs: "back-centre",
};

const places = (text: string): readonly Place[] => text.split(" ") as Place[];

/** By the number of channels, from three on. */
const USUAL = [
  "L R C",
  "L R Lb Rb",
  "L R C Ls Rs",
  "L R C LFE Ls Rs",
  "L R C LFE Cs Ls Rs",
  "L R C LFE Lb Rb Ls Rs",
].map(places);
/** As the Vorbis specification has it. Firefox 153 hands it on like that; the others put it right. */
const VORBIS = [
  "L C R",
  "L R Lb Rb",
  "L C R Ls Rs",
  "L C R Ls Rs LFE",
  "L C R Ls Rs Cs LFE",
  "L C R Ls Rs Lb Rb LFE",
].map(places);
const AAC_OF_FOUR = places("L R C Cs");
/** The lowest bits of a WAV's channel mask; two bits for places between the front ones have no name here. */
const MASK = places("L R C LFE Lb Rb ? ? Cs Ls Rs");

export interface LayoutHints {
  /** Codec of what was decoded. */
  readonly codec: "vorbis" | "aac" | null;
  /** `dwChannelMask` of an extensible WAV; 0 where there is none. */
  readonly mask: number;
  /** This engine leaves Vorbis in its own order. */
  readonly isVorbisRaw: boolean;
}

/** Which channel is which; null where nobody knows, for then every channel counts the same. */
export function placesOf(count: number, { codec, mask, isVorbisRaw }: LayoutHints): readonly Place[] | null {
  const masked = MASK.filter((_, bit) => mask & (1 << bit));
  const isKnown = masked.every((place) => place in GAINS) && mask >>> MASK.length === 0;
  if (isKnown && masked.length === count) return masked;
  if (codec === "aac" && count === 4) return AAC_OF_FOUR;
  return (codec === "vorbis" && isVorbisRaw ? VORBIS : USUAL)[count - 3] ?? null;
}

/** The channels that a device may play by themselves; none where nobody knows which they are. */
export const namesOf = (layout: readonly Place[] | null): ChannelName[] =>
  layout?.map((place) => NAMES[place]) ?? [];

/** Two channels, and behind them a copy of the one that is isolated, where there is one of that name. */
export function downmixWith(
  isolated: ChannelName | null,
  ...[count, frames, channelAt, layout]: Parameters<typeof downmix>
): Float32Array<ArrayBuffer>[] {
  const mixed = downmix(count, frames, channelAt, layout);
  const at = isolated ? namesOf(layout).indexOf(isolated) : -1;
  return at < 0 ? mixed : [...mixed, new Float32Array(channelAt(at))];
}

/** Two loudspeakers at most: a phone has no more. `channelAt` may hand out the decoder's own memory, which is left as it is. */
export function downmix(
  count: number,
  frames: number,
  channelAt: (index: number) => Float32Array,
  layout: readonly Place[] | null,
): Float32Array<ArrayBuffer>[] {
  const sides = layout ? [0, 1] : [0];
  return sides.map((side) => {
    const mixed = new Float32Array(frames);
    for (let index = 0; index < count; index++) {
      const place = layout?.[index];
      const gain = place ? (GAINS[place][side] ?? 0) : 1 / count;
      if (gain !== 0) addTo(mixed, channelAt(index), gain);
    }
    return mixed;
  });
}

function addTo(mixed: Float32Array, channel: Float32Array, gain: number): void {
  for (let frame = 0; frame < mixed.length; frame++) {
    mixed[frame] = (mixed[frame] as number) + gain * (channel[frame] as number);
  }
}
