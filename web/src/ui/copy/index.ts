// The words of the language in use. A further language is one file that `satisfies Copy`, chosen here.

import { type Copy, en } from "./en.ts";

export type { Copy };
export const words: Copy = en;
