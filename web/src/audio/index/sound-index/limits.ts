// What bounds an index, so that a crafted file costs no more memory than a real one: far more than songs have.

/** No song is longer than a day; at a point a second an index of it has 86 400 of them. */
export const MAX_DURATION_SEC = 24 * 3_600;
/** More than any set of joined files. */
export const MAX_RUNS = 1_000;
/** Before every slice; Vorbis' codebooks take some kilobytes. */
export const MAX_PREFIX_BYTES = 1 << 16;
/** Between the frames that packets have and the times that a container states: files that were joined are off by 1 in 1000. */
export const MAX_DRIFT = 1 / 64;
/** Four hours at a point a second: of what is longer they lie further apart, so that an index fits one message to a neighbour. */
export const MAX_POINTS = 14_400;
/** Thirteen bits of an ADTS header are for the size, header included; AAC itself allows less. */
export const MAX_PACKET_BYTES = 8_184;
