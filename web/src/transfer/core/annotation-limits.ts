// How often a file's annotation may come; how large it may be says protocol/ctl.gen.ts.

/** What a newcomer is told first at once (six files and their rivals), and then what still leaves the channel to others. */
export const ANNOTATION_BURST = 8;
export const ANNOTATIONS_PER_SEC = 4;
/** Receivers allow this much more: messages of several seconds may arrive together after a lost path came back. */
export const ANNOTATION_LENIENCY = 8;
