// A file's name as it may be shown. Pure.

import { safeText } from "../../lib/index.ts";

/** Long enough for any song title, short enough for a row on a phone. */
export const MAX_NAME_CHARS = 120;
/** What may arrive: cleaning can shorten a name, so a little more than is kept, but never a novel. */
export const MAX_WIRE_NAME_CHARS = 512;

/** May return "". */
export const cleanFileName = (name: string): string => safeText(name, MAX_NAME_CHARS);
