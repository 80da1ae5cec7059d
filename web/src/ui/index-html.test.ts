// index.html paints the join screen's head before any script runs; these keep the two from growing apart.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { words } from "./copy/index.ts";
import { stringPath } from "./strings.tsx";

const html = readFileSync(new URL("../../index.html", import.meta.url), "utf8");

describe("index.html", () => {
  it("says the product's name and promise without a script (P2)", () => {
    expect(html).toContain(`<title>${words.product.name}</title>`);
    expect(html).toContain(`<p class="promise">${words.product.promise}</p>`);
  });

  it("draws the strings that the join screen draws, so that nothing jumps", () => {
    for (const index of [0, 1, 2, 3, 4]) expect(html).toContain(`d="${stringPath(index, 5, "tight")}"`);
  });

  it("holds nothing that the content security policy forbids, and asks nobody else for anything", () => {
    expect(html).not.toMatch(/\sstyle=|<style|\son\w+=|https?:\/\//);
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
  });
});
