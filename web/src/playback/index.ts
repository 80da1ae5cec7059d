// Sound in step: where the loudspeaker is, segments resampled to be exactly there, and the queue that plays them.

export type { AnchorMatch } from "./anchor.ts";
export { decodeAnchor, encodeAnchor } from "./anchor-note.ts";
export { makeChirp } from "./calibration/chirp.ts";
export { chirpsOf, timetableSec } from "./calibration/timetable.ts";
export { makeClicks } from "./click.ts";
export { wholeFileDecoder } from "./decode.ts";
export { type PlaybackReading, type PlaybackState, Player, type SoundMove } from "./player.ts";
export type { Timeline } from "./segment-planner.ts";
export { isPlainlyNotAudio } from "./sniff.ts";
export type { Cover, SongTags } from "./tags/song-tags.ts";
export { TagReader } from "./tags/tag-reader.ts";
