// Sound in step: where the loudspeaker is, segments resampled to be exactly there, and the queue that plays them.

export { makeChirp } from "./calibration/chirp.ts";
export { chirpsOf, timetableSec } from "./calibration/timetable.ts";
export { type PlayableSong, playableSongOf } from "./decode/playable-song.ts";
export {
  type ArrivingFile,
  type ByteRange,
  IN_TIME_SHARE,
  type SoundFile,
} from "./decode/sound.ts";
export { fetchPlayerParts, type GivePlayerParts } from "./fetch-player-parts.ts";
export type { AnchorMatch } from "./index/anchor.ts";
export { decodeAnchor, encodeAnchor } from "./index/anchor-annotation.ts";
export { isPlainlyNotAudio } from "./index/sniff.ts";
export type { ByteSource } from "./index/sound-index/file-reader.ts";
export { decodeIndex, isIndexLike } from "./index/sound-index/index-codec.ts";
export { durationSecOf } from "./index/sound-index/sound-index.ts";
export type { Cover, SongTags } from "./index/tags/song-tags.ts";
export { TagReader } from "./index/tags/tag-reader.ts";
export type { Lane } from "./lane-line.ts";

export type { PlaybackReading, PlaybackState, SoundMove } from "./playback-reading.ts";
export { Player } from "./player.ts";
export type { MakePlayerParts } from "./player-parts.ts";
export { makeClicks } from "./render/click.ts";
export type { Timeline } from "./render/segment-planner.ts";
export { FLAT_TRIM, isRole, parseTrim, type Role, type Trim } from "./role.ts";
