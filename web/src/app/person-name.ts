// A person's name as it may be shown. Pure.

import { safeText } from "../lib/index.ts";

export const MAX_NAME_CHARS = 40;

export const cleanName = (name: string): string => safeText(name, MAX_NAME_CHARS);
