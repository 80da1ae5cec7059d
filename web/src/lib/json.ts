// JSON from others. The headless peer reads it the same way: src/unisono/peer/json_wire.py. Pure.

/** Throws SyntaxError, also for half a surrogate pair, which no text of UTF-8 can hold. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, /\\ud/i.test(text) ? refuseHalf : undefined);
}

function refuseHalf(_key: string, value: unknown): unknown {
  if (typeof value === "string" && /\p{Cs}/u.test(value)) throw new SyntaxError("half a character");
  return value;
}
