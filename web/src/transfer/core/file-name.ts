// A file's name as it may be shown. Pure.

import { safeText } from "../../lib/index.ts";

/** Long enough for any song title, short enough for a row on a phone. */
export const MAX_NAME_CHARS = 120;

/** May return "". */
export const cleanFileName = (name: string): string => safeText(name, MAX_NAME_CHARS);
