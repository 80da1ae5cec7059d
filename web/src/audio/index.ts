// Sound in step: where the loudspeaker is, segments resampled to be exactly there, and the queue that plays them.

export { makeChirp } from "./calibration/chirp.ts";
export { chirpsOf, timetableSec } from "./calibration/timetable.ts";
export { makeSounds } from "./decode/file-sounds.ts";
export type { ArrivingFile, ByteRange, MakeSounds, SoundFile } from "./decode/sound.ts";
export type { AnchorMatch } from "./index/anchor.ts";
export { decodeAnchor, encodeAnchor } from "./index/anchor-annotation.ts";
export { isPlainlyNotAudio } from "./index/sniff.ts";
export type { ByteSource } from "./index/sound-index/file-reader.ts";
export { isIndexLike } from "./index/sound-index/index-codec.ts";
export type { Cover, SongTags } from "./index/tags/song-tags.ts";
export { TagReader } from "./index/tags/tag-reader.ts";
export { type PlaybackReading, type PlaybackState, Player, type SoundMove } from "./player.ts";
export { makeClicks } from "./render/click.ts";
export type { Timeline } from "./render/segment-planner.ts";
