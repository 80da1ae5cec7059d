// Draws the table of folders into docs/architecture.md (`make generate`; needs Node 22.18 for TypeScript).

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drawArchitectureInto } from "../src/testing/source-tree.ts";

const page = fileURLToPath(new URL("../../docs/architecture.md", import.meta.url));
writeFileSync(page, drawArchitectureInto(readFileSync(page, "utf8")));
