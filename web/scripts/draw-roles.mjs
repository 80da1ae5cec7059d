// Draws the director's state diagram into docs/spec/director.md (`make generate`; needs Node 22.18 for TypeScript).

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drawRolesInto } from "../src/director/testing/draw-roles.ts";

const page = fileURLToPath(new URL("../../docs/spec/director.md", import.meta.url));
writeFileSync(page, drawRolesInto(readFileSync(page, "utf8")));
