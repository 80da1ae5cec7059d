import { describe, expect, it } from "vitest";
import { ROLES } from "../../../protocol/constants/session.gen.ts";
import { LANGUAGE_TAGS } from "../languages.ts";
import { fetchRoleWords } from "./index.ts";
import { roleWords as english } from "./roles-en.ts";

describe.each(LANGUAGE_TAGS)("the words of roles in %s", async (tag) => {
  const said = await fetchRoleWords(tag);

  it("name every role by a word of its own, and say what each is for", () => {
    expect(new Set(ROLES.map((role) => said.roles[role])).size).toBe(ROLES.length);
    for (const role of ROLES) {
      expect(said.hint(role)).not.toMatch(/undefined/);
      for (const text of [said.plays(role), said.asked(role), said.ask("Bo", role), said.part("Bo", role)])
        expect(text).toContain(said.roles[role]);
    }
    expect(said.ask("Bo", "left")).toContain("Bo");
    expect(said.roleOf("Bo")).toContain("Bo");
    expect(said.room([said.part("Bo", "left")])).toContain("Bo");
  });

  it("write decibels with their sign", () => {
    const plain = [-6, 0, 3].map((valueDb) => said.decibels(valueDb).replace(/[\u2068\u2069]/g, ""));
    expect(plain).toEqual(["−6 dB", "0 dB", "+3 dB"]);
  });

  it("say how far a phone lies, and what came between", () => {
    const plain = (text: string) => text.replace(/[\u2068\u2069]/g, "").replace(/\u00a0/g, " ");
    const { measure, of, asks, waiting, failure } = said.distance;
    const [metre, point] = [tag === "ar" ? "م" : "m", ["de", "es", "fr"].includes(tag) ? "," : "."];
    const figures = `2.31 ${metre} ± 0.08 ${metre}`.replaceAll(".", point);
    expect(plain(of("Bo", 2.314, 0.0812))).toContain(figures);
    const sentences = [of("Bo", 1, 1), measure("Bo"), asks("Bo"), waiting("Bo"), failure.declined("Bo")];
    for (const sentence of sentences) expect(sentence).toContain("Bo");
    for (const say of Object.values(failure)) expect(say("Bo")).toMatch(/[.؟?。]/);
  });

  it("are not the English ones left over", () => {
    if (tag === "en") return;
    const left = Object.entries(english).filter(
      ([key, value]) => typeof value === "string" && value === Reflect.get(said, key),
    );
    expect(left).toEqual([]);
  });
});
