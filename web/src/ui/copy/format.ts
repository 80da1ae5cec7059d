// Numbers, lists and plurals in one language, by Intl. Pure; made once per language. Knows no words of its own except
// the units that Intl brings along.

export interface Format {
  /** Whole, or with up to `fractionDigits`. */
  readonly number: (value: number, fractionDigits?: number) => string;
  readonly percent: (percent: number) => string;
  readonly list: (names: readonly string[]) => string;
  /** Keeps a name or a title from mixing with a sentence that runs the other way. */
  readonly fence: (text: string) => string;
  /** Picks the form for a count: `plural(2, { one: "person", other: "people" })`. */
  readonly plural: (count: number, forms: PluralForms) => string;
  readonly bytes: (sizeBytes: number) => string;
  /** `3:07`, or `1:02:09` above an hour: how players everywhere write a position. */
  readonly position: (positionSec: number) => string;
  /** The same to the tenth of a second. */
  readonly finePosition: (positionSec: number) => string;
  readonly milliseconds: (valueMs: number, fractionDigits: number) => string;
}

export type PluralForms = { readonly other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;

const BYTES_PER_KILOBYTE = 1_000;
const BYTES_PER_MEGABYTE = 1_000_000;

/** Names and file names may run right to left inside a left-to-right sentence, or the other way round. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;
const fenced = (text: string): string => `\u2068${text}\u2069`;
const isolate = (text: string): string => (RIGHT_TO_LEFT.test(text) ? fenced(text) : text);

export function makeFormat(locale: string): Format {
  // In a sentence that runs right to left every name may be a stranger, and a fence around one of its own does no harm.
  const fence = isRightToLeft(locale) ? fenced : isolate;
  const rules = new Intl.PluralRules(locale);
  const lists = new Intl.ListFormat(locale, { type: "conjunction" });
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const percents = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const kilobytes = unitFormat(locale, "kilobyte", 0);
  const megabytes = unitFormat(locale, "megabyte", 1);
  const millisecondsByDigits = new Map<number, Intl.NumberFormat>();
  return {
    number: (value, fractionDigits = 0) =>
      fractionDigits === 0
        ? whole.format(value)
        : value.toLocaleString(locale, { maximumFractionDigits: fractionDigits }),
    percent: (percent) => percents.format(percent / 100),
    list: (names) => lists.format(names.map(fence)),
    fence,
    plural: (count, forms) => forms[rules.select(count)] ?? forms.other,
    bytes: (sizeBytes) =>
      sizeBytes < BYTES_PER_MEGABYTE
        ? kilobytes.format(Math.ceil(sizeBytes / BYTES_PER_KILOBYTE))
        : megabytes.format(sizeBytes / BYTES_PER_MEGABYTE),
    position: formatPosition,
    finePosition: (positionSec) =>
      `${formatPosition(positionSec)}.${Math.floor(10 * positionSec + 0.001) % 10}`,
    milliseconds: (valueMs, fractionDigits) => {
      const known = millisecondsByDigits.get(fractionDigits);
      const format = known ?? unitFormat(locale, "millisecond", fractionDigits);
      millisecondsByDigits.set(fractionDigits, format);
      return format.format(valueMs);
    },
  };
}

/** The languages of the page that are written from right to left. */
export const isRightToLeft = (locale: string): boolean => new Intl.Locale(locale).language === "ar";

function unitFormat(locale: string, unit: string, maximumFractionDigits: number): Intl.NumberFormat {
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits });
}

function formatPosition(positionSec: number): string {
  const totalSec = Math.max(0, Math.floor(positionSec));
  const hours = Math.floor(totalSec / 3600);
  const minutes = Math.floor((totalSec % 3600) / 60);
  const twoDigits = (part: number) => String(part).padStart(2, "0");
  const tail = `${hours > 0 ? twoDigits(minutes) : minutes}:${twoDigits(totalSec % 60)}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

const SOUND_EXTENSION = /\.(mp3|m4a|mp4|aac|wav|flac|ogg|oga|opus|aif|aiff|webm|mka)$/i;

/** A file's name as people say it: without the ending that only machines need. */
export const songTitle = (fileName: string): string => isolate(fileName.replace(SOUND_EXTENSION, ""));

/** Formats that every phone is made to play: a file of one that does not play is damaged, and converting is no help. */
export const isCommonFormat = (name: string): boolean => ["MP3", "FLAC", "WAV"].includes(name);
