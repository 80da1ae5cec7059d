import { describe, expect, it } from "vitest";
import { isNotFetched } from "./parked-session.ts";

describe("[G8] a join that failed", () => {
  it.each([
    ["Chromium", "Failed to fetch dynamically imported module: http://party.test/assets/session-parts-x.js"],
    ["Firefox", "error loading dynamically imported module: http://party.test/assets/session-parts-x.js"],
    ["WebKit", "Importing a module script failed."],
  ])("is the network's fault where %s could not fetch a part of the page", (_, message) => {
    expect(isNotFetched(new TypeError(message))).toBe(true);
  });

  it.each([
    new TypeError("undefined is not an object"),
    new DOMException("The operation is insecure.", "SecurityError"),
    new Error("module"),
    "no error at all",
  ])("is the page's own fault otherwise: %s", (cause) => {
    expect(isNotFetched(cause)).toBe(false);
  });
});
