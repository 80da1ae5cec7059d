// Texts as bytes of an old encoding, in hexadecimal as Python's codecs write them.

import { describe, expect, it } from "vitest";
import { safeText } from "../../../lib/index.ts";
import { readTags } from "./song-tags.ts";
import {
  comments,
  flac,
  flacBlock,
  frame,
  id3,
  id3v1,
  join,
  riffChunk,
  sound,
  wav,
} from "./testing/tag-bytes.ts";
import { decodeAs, guessEncoding } from "./text-guess.ts";

const WESTERN: readonly [text: string, hex: string][] = [
  ["Motörhead", "4d6f74f67268656164"],
  ["Beyoncé", "4265796f6e63e9"],
  ["Stück", "5374fc636b"],
  ["Déjà Vu", "44e96ae0205675"],
  ["Björk", "426af6726b"],
  ["Sigur Rós", "53696775722052f373"],
  ["Ágætis byrjun", "c167e6746973206279726a756e"],
  ["Þið þekkið", "de69f020fe656b6b69f0"],
  ["Þórður Guðmundsson", "def372f07572204775f06d756e6473736f6e"],
  ["Røyksopp", "52f8796b736f7070"],
  ["Mañana", "4d61f1616e61"],
  ["¿Qué será?", "bf5175e920736572e13f"],
  ["Antonín Dvorák", "416e746f6eed6e2044766f72e16b"],
  ["Hüsker Dü", "48fc736b65722044fc"],
  ["Queensrÿche", "517565656e7372ff636865"],
  ["Blue Öyster Cult", "426c756520d679737465722043756c74"],
  ["Mötley Crüe", "4df6746c6579204372fc65"],
  ["ÄÖÜ", "c4d6dc"],
  ["Où", "4ff9"],
  ["À", "c0"],
  ["Å", "c5"],
  ["Für Elise – Größe", "46fc7220456c6973652096204772f6df65"],
  ["Naïve", "4e61ef7665"],
  ["Guðrún Ýr", "4775f072fa6e20dd72"],
  ["Zoë", "5a6feb"],
  ["L’été indien", "4c92e974e920696e6469656e"],
  ["Être", "ca747265"],
  ["Ça plane pour moi", "c76120706c616e6520706f7572206d6f69"],
  ["Émilie Simon", "c96d696c69652053696d6f6e"],
  ["Coração", "436f7261e7e36f"],
  ["São João", "53e36f204a6fe36f"],
  ["Über", "dc626572"],
  ["Väinämöinen", "56e4696ee46df6696e656e"],
  ["Hyvää päivää", "487976e4e42070e46976e4e4"],
  ["Jökulsárlón", "4af66b756c73e1726cf36e"],
  ["Ñu", "d175"],
  ["R²", "52b2"],
  ["Nº 1", "4eba2031"],
  ["50° Nord", "3530b0204e6f7264"],
  ["© 1999", "a92031393939"],
  ["Sjö", "536af6"],
  ["Öl", "d66c"],
  ["Åäö", "c5e4f6"],
  ["Élégie", "c96ce9676965"],
  ["Fête", "46ea7465"],
  ["ÉTÉ", "c954c9"],
  ["FRANÇOIS", "4652414ec74f4953"],
  ["MÖTÖRHEAD", "4dd654d65248454144"],
  ["Ääretön", "c4e4726574f66e"],
  ["Tõnu Kõrvits", "54f56e75204bf57276697473"],
  ["Weiß", "576569df"],
  ["Straße", "53747261df65"],
  ["“Heroes”", "934865726f657394"],
  ["Don’t Stop", "446f6e92742053746f70"],
  ["Rock’n’roll – Live…", "526f636b926e92726f6c6c2096204c69766585"],
  ["Gòtic", "47f2746963"],
  ["Señor", "5365f16f72"],
  ["Õhtu ilu", "d568747520696c75"],
  ["Jää-äär", "4ae4e42de4e472"],
  ["Yö", "59f6"],
  ["Är du där", "c4722064752064e472"],
  ["œuvre", "9c75767265"],
  ["Nœud", "4e9c7564"],
  ["Æ", "c6"],
  ["Ø", "d8"],
  ["Für", "46fc72"],
  ["Böhse Onkelz", "42f6687365204f6e6b656c7a"],
  ["Die Ärzte", "44696520c4727a7465"],
  ["Sœur", "539c7572"],
  ["Noël Noël", "4e6feb6c204e6feb6c"],
  ["Maïté", "4d61ef74e9"],
  ["Tiësto", "5469eb73746f"],
  ["Antônio Carlos Jobim", "416e74f46e696f204361726c6f73204a6f62696d"],
  ["Águas de Março", "c167756173206465204d6172e76f"],
  ["Björn Åkesson", "426af6726e20c56b6573736f6e"],
];
const SURE: readonly [text: string, encoding: string, hex: string][] = [
  ["Группа крови", "cp1251", "c3f0f3efefe020eaf0eee2e8"],
  ["Кино", "cp1251", "cae8edee"],
  ["Аквариум", "cp1251", "c0eae2e0f0e8f3ec"],
  ["Виктор Цой", "cp1251", "c2e8eaf2eef020d6eee9"],
  ["Земфира", "cp1251", "c7e5ecf4e8f0e0"],
  ["Мумий Тролль", "cp1251", "ccf3ece8e920d2f0eeebebfc"],
  ["Звезда по имени Солнце", "cp1251", "c7e2e5e7e4e020efee20e8ece5ede820d1eeebedf6e5"],
  ["Ария", "cp1251", "c0f0e8ff"],
  ["КИНО - ГРУППА КРОВИ", "cp1251", "cac8cdce202d20c3d0d3cfcfc020cad0cec2c8"],
  ["песня", "cp1251", "efe5f1edff"],
  ["Океан Ельзи", "cp1251", "ceeae5e0ed20c5ebfce7e8"],
  ["Алла Пугачёва", "cp1251", "c0ebebe020cff3e3e0f7b8e2e0"],
  ["DJ Грув", "cp1251", "444a20c3f0f3e2"],
  ["Ленинград", "cp1251", "cbe5ede8ede3f0e0e4"],
  ["Ласковый май", "cp1251", "cbe0f1eaeee2fbe920ece0e9"],
  ["Группа крови", "koi8-r", "e7d2d5d0d0c120cbd2cfd7c9"],
  ["Виктор Цой", "koi8-r", "f7c9cbd4cfd220e3cfca"],
  ["Звезда по имени Солнце", "koi8-r", "fad7c5dac4c120d0cf20c9cdc5cec920f3cfcccec3c5"],
  ["Τα παιδιά του Πειραιά", "cp1253", "d4e120f0e1e9e4e9dc20f4eff520d0e5e9f1e1e9dc"],
  ["Μίκης Θεοδωράκης", "cp1253", "ccdfeae7f220c8e5efe4f9f1dceae7f2"],
  ["Ζορμπάς", "cp1253", "c6eff1ecf0dcf2"],
  ["Χάρις Αλεξίου", "cp1253", "d7dcf1e9f220c1ebe5eedfeff5"],
  ["Θάλασσα πλατιά", "cp1253", "c8dcebe1f3f3e120f0ebe1f4e9dc"],
  ["הבה נגילה", "cp1255", "e4e1e420f0e2e9ece4"],
  ["ירושלים של זהב", "cp1255", "e9f8e5f9ece9ed20f9ec20e6e4e1"],
  ["עברי לידר", "cp1255", "f2e1f8e920ece9e3f8"],
  ["שלמה ארצי", "cp1255", "f9eceee420e0f8f6e9"],
  ["فيروز", "cp1256", "ddedd1e6d2"],
  ["أم كلثوم", "cp1256", "c3e320dfe1cbe6e3"],
  ["إنت عمري", "cp1256", "c5e4ca20dae3d1ed"],
  ["حبيبي يا نور العين", "cp1256", "cdc8edc8ed20edc720e4e6d120c7e1daede4"],
  ["عمرو دياب", "cp1256", "dae3d1e620cfedc7c8"],
  ["ลูกทุ่ง", "cp874", "c5d9a1b7d8e8a7"],
  ["คาราบาว", "cp874", "a4d2c3d2bad2c7"],
  ["เพลงรัก", "cp874", "e0bec5a7c3d1a1"],
  ["ความคิด", "cp874", "a4c7d2c1a4d4b4"],
  ["Zażółć gęślą jaźń", "cp1250", "5a61bff3b3e62067ea9c6cb9206a619ff1"],
  ["Příliš žluťoučký kůň", "cp1250", "50f8ed6c699a209e6c759d6f75e86bfd206bf9f2"],
  ["Łódź", "cp1250", "a3f3649f"],
  ["Kraków", "cp1250", "4b72616bf377"],
  ["Czesław Niemen", "cp1250", "437a6573b36177204e69656d656e"],
  ["Şuşanele", "cp1250", "aa75ba616e656c65"],
  ["Małgośka", "cp1250", "4d61b3676f9c6b61"],
  ["Wszystko się może zdarzyć", "cp1250", "57737a7973746b6f207369ea206d6fbf65207a6461727a79e6"],
  ["Život je jen náhoda", "cp1250", "8e69766f74206a65206a656e206ee1686f6461"],
  ["上を向いて歩こう", "shift_jis", "8fe382f08cfc82a282c495e082b182a4"],
  ["宇多田ヒカル", "shift_jis", "894691bd93638371834a838b"],
  ["さくら", "shift_jis", "82b382ad82e7"],
  ["東京事変", "shift_jis", "938c8b9e8e9695cf"],
  ["First Love 宇多田ヒカル", "shift_jis", "4669727374204c6f766520894691bd93638371834a838b"],
  ["ドラゴンボール", "shift_jis", "8368838983538393837b815b838b"],
  ["中島みゆき", "shift_jis", "9286938782dd82e482ab"],
  ["夜に駆ける", "shift_jis", "96e982c98bec82af82e9"],
  ["東京の歌", "shift_jis", "938c8b9e82cc89cc"],
  ["上を向いて歩こう", "euc_jp", "bee5a4f2b8fea4a4a4c6cae2a4b3a4a6"],
  ["宇多田ヒカル", "euc_jp", "b1a7c2bfc5c4a5d2a5aba5eb"],
  ["강남스타일", "euc_kr", "b0adb3b2bdbac5b8c0cf"],
  ["싸이", "euc_kr", "bdcec0cc"],
  ["사랑했지만", "euc_kr", "bbe7b6fbc7dfc1f6b8b8"],
  ["김광석", "euc_kr", "b1e8b1a4bcae"],
  ["방탄소년단", "euc_kr", "b9e6c5babcd2b3e2b4dc"],
  ["소녀시대", "euc_kr", "bcd2b3e0bdc3b4eb"],
  ["아리랑", "euc_kr", "bec6b8aeb6fb"],
  ["다시 만난 세계", "euc_kr", "b4d9bdc320b8b8b3ad20bcbcb0e8"],
  ["月亮代表我的心", "gbk", "d4c2c1c1b4fab1edced2b5c4d0c4"],
  ["邓丽君", "gbk", "b5cbc0f6befd"],
  ["周杰伦", "gbk", "d6dcbddcc2d7"],
  ["七里香", "gbk", "c6dfc0efcfe3"],
  ["爱你一万年", "gbk", "b0aec4e3d2bbcdf2c4ea"],
  ["东方红", "gbk", "b6abb7bdbaec"],
  ["月亮代表我的心", "big5", "a4ebab47a54eaaeda7daaabaa4df"],
  ["鄧麗君", "big5", "be48c452a767"],
  ["周杰倫", "big5", "a950aa4eaddb"],
  ["青花瓷", "big5", "ab43aae1b2a1"],
  ["七里香", "big5", "a443a8bdadbb"],
  ["愛你一萬年", "big5", "b752a741a440b855a67e"],
];
const HINTED: readonly [text: string, language: string, hex: string][] = [
  ["אהבה", "he", "e0e4e1e4"],
  ["双截棍", "zh-CN", "cbabbdd8b9f7"],
];
/** Too short, or too near to another encoding. */
const UNSURE: readonly [text: string, encoding: string, hex: string][] = [
  ["ДДТ", "cp1251", "c4c4d2"],
  ["Обійми", "cp1251", "cee1b3e9ece8"],
  ["Сплин", "cp1251", "d1efebe8ed"],
  ["Би-2", "cp1251", "c1e82d32"],
  ["אהבה", "cp1255", "e0e4e1e4"],
  ["Dvořák", "cp1250", "44766ff8e16b"],
  ["Wąż", "cp1250", "57b9bf"],
  ["Árvíztűrő tükörfúrógép", "cp1250", "c17276ed7a74fb72f52074fc6bf67266fa72f367e970"],
  ["Karel Gott – Včelka Mája", "cp1250", "4b6172656c20476f747420962056e8656c6b61204de16a61"],
  ["Dziwny jest ten świat", "cp1250", "447a69776e79206a6573742074656e209c77696174"],
  ["糸", "shift_jis", "8e85"],
  ["さくら", "euc_jp", "a4b5a4afa4e9"],
  ["봄날", "euc_kr", "babdb3af"],
  ["双截棍", "gbk", "cbabbdd8b9f7"],
  ["青花瓷", "gbk", "c7e0bba8b4c9"],
  ["雙截棍", "big5", "c2f9ba49b4d2"],
];

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
const guessed = (hex: string, languages = ["en-US"]): string => {
  const bytes = bytesOf(hex);
  return decodeAs(bytes, guessEncoding([bytes], languages));
};

describe("[P57] letters of many countries", () => {
  it.each(WESTERN)("%s stays what it always was", (text, hex) => {
    for (const languages of [
      [],
      ["en-US"],
      ["ru", "en"],
      ["ja"],
      ["zh-CN", "zh-TW"],
      ["ko"],
      ["pl"],
      ["tr"],
      ["el"],
      ["th"],
    ]) {
      expect(guessed(hex, languages)).toBe(text);
    }
  });

  it.each(SURE)("%s in %s is known for sure", (text, _, hex) => {
    expect(guessed(hex)).toBe(text);
  });

  it.each(HINTED)("%s is known where the device speaks %s", (text, language, hex) => {
    expect(guessed(hex, [language])).toBe(text);
  });

  it.each(UNSURE)("%s in %s is never read as anything else", (text, _, hex) => {
    const western = new TextDecoder("windows-1252").decode(bytesOf(hex));
    expect([text, "", western]).toContain(guessed(hex));
  });

  it("are guessed from all texts of a file together", () => {
    const [ddt, song] = ["c4c4d2", "d7f2ee20f2e0eaeee520eef1e5edfc"].map(bytesOf) as [Uint8Array, Uint8Array];
    expect(guessEncoding([ddt], ["en"])).toBe("windows-1252");
    expect(guessEncoding([ddt, song], ["en"])).toBe("windows-1251");
  });

  it("are UTF-8 where they have its form, also where a field of thirty bytes ends within a letter", () => {
    const title = new TextEncoder().encode("Beyoncé – Déjà Vu");
    expect(readTags(id3(3, 0, frame("TIT2", join([0], title)), sound))?.title).toBe("Beyoncé – Déjà Vu");
    const long = new TextEncoder().encode("Группа крови на рукаве");
    expect(readTags(join(sound, id3v1(long.subarray(0, 30))))?.title).toBe("Группа крови на");
    const cut = new TextEncoder().encode("xГруппа крови на рукаве");
    expect(readTags(join(sound, id3v1(cut.subarray(0, 30))))?.title).toBe("xГруппа крови на");
    expect(guessed("4265796f6e63e9")).toBe("Beyoncé");
  });

  it("are UTF-8 behind a byte order mark, also where all of them are ASCII", () => {
    const bytes = Uint8Array.of(0xef, 0xbb, 0xbf, 0x42, 0x6f, 0x6d);
    expect(guessEncoding([bytes], ["en-US"])).toBe("utf-8");
    expect(safeText(decodeAs(bytes, "utf-8"), 10)).toBe("Bom");
  });

  it("are nobody's where nothing is sure, and the file's name is shown", () => {
    const noise = Uint8Array.of(0xff, 0xd8, 0x81, 0xfe, 0x8d, 0x90, 0xa0, 0x9d, 0xff);
    expect(readTags(join(sound, id3v1(noise, "Ada")))).toMatchObject({ title: null, artist: "Ada" });
  });

  it.each<[string, (title: Uint8Array) => Uint8Array]>([
    ["ID3v1", (title) => join(sound, id3v1(title))],
    ["ID3v2", (title) => id3(3, 0, frame("TIT2", join([0], title)), sound)],
    ["ID3v2 that announces UTF-8", (title) => id3(4, 0, frame("TIT2", join([3], title)), sound)],
    ["RIFF INFO", (title) => wav(riffChunk("LIST", join("INFO", riffChunk("INAM", title))))],
    ["Vorbis comments", (title) => flac(flacBlock(4, comments(join("TITLE=", title)), true))],
  ])("are read alike from %s", (_, file) => {
    const titles = [
      "d1f2f3eafc20edeef7fc",
      "8fe382f08cfc82a282c495e0",
      "4d6f74f672686561 64".replace(" ", ""),
    ].map((hex) => readTags(file(bytesOf(hex)))?.title);
    expect(titles).toEqual(["Стукь ночь", "上を向いて歩", "Motörhead"]);
  });
});
