// A person's name as it may be shown. Pure.

import { safeText } from "../../lib/index.ts";
import { MAX_PERSON_NAME_CHARS } from "../../protocol/constants/session.gen.ts";

export const cleanName = (name: string): string => safeText(name, MAX_PERSON_NAME_CHARS);
