// Draws the table of role transitions as a Mermaid diagram, for docs/spec/director.md. Used by scripts/draw-roles.mjs, which
// writes it, and by the test that fails when the page is stale.

import { ROLE_TRANSITIONS } from "../role-transitions.ts";

const BEGIN = "<!-- drawn from web/src/director/role-transitions.ts by `make generate` -->";
const END = "<!-- end of what is drawn -->";

/** The page with its diagram replaced by that of the table. */
export function drawRolesInto(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error("the page lost the marks around its diagram");
  return `${before}${BEGIN}\n\n${diagram()}\n\n${END}${after}`;
}

function diagram(): string {
  const lines = ROLE_TRANSITIONS.filter(({ from, to }) => from !== "detached" || to !== "detached").map(
    ({ from, to, because }) => `  ${from} --> ${to} : ${because}`,
  );
  return ["```mermaid", "stateDiagram-v2", "  [*] --> detached", ...lines, "```"].join("\n");
}
