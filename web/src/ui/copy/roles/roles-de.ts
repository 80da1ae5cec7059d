// The German words of the roles.

import type { Role } from "../../../view/index.ts";
import { makeFormat } from "../format.ts";
import { decibels } from "./decibels.ts";
import { metres } from "./metres.ts";
import type { RoleWords } from "./roles-en.ts";

const format = makeFormat("de");

const roles: Readonly<Record<Role, string>> = {
  all: "Alles",
  left: "Links",
  right: "Rechts",
  low: "Bass",
  "without-low": "Ohne Bass",
  "front-left": "Vorn links",
  "front-right": "Vorn rechts",
  centre: "Mitte",
  lfe: "Tiefeffekte",
  "surround-left": "Surround links",
  "surround-right": "Surround rechts",
  "back-left": "Hinten links",
  "back-right": "Hinten rechts",
  "back-centre": "Hinten Mitte",
};

const hints: Partial<Readonly<Record<Role, string>>> = {
  all: "Dieses Telefon spielt den ganzen Klang.",
  left: "Nur die linke Seite: Stell dieses Telefon nach links.",
  right: "Nur die rechte Seite: Stell dieses Telefon nach rechts.",
  low: "Nur der Bass: für einen Lautsprecher, der das gut kann.",
  "without-low": "Alles außer dem Bass: für einen kleinen Lautsprecher neben einem, der Bass spielt.",
};

export const roleWords: RoleWords = {
  title: "Rolle",
  roles,
  hint: (role) => hints[role] ?? "Nur dieser Kanal eines Lieds, das ihn hat.",
  plays: (role) => `spielt ${roles[role]}`,
  asked: (role) => `gebeten: ${roles[role]}`,
  roleOf: (name) => `Rolle von ${format.fence(name)}`,
  ask: (name, role) => `${format.list([name])} bittet dieses Telefon, „${roles[role]}“ zu spielen.`,
  askHint:
    "Wenn du es erlaubst, darf es ändern, wer die Musik leitet, bis du gehst. Selbst wählen kannst du immer unter Dieses Telefon.",
  allow: "Erlauben",
  notNow: "Jetzt nicht",
  spread: "Im Raum verteilen",
  spreadHint: "Gibt jedem Telefon einen Teil: links, rechts, und bei dreien den Bass.",
  undo: "Verteilung zurücknehmen",
  room: (parts) => `Wer was spielt: ${format.list(parts)}.`,
  part: (name, role) => `${format.list([name])} ${roles[role]}`,
  tone: "Klang dieses Lautsprechers",
  bass: "Bässe",
  treble: "Höhen",
  gain: "Pegel",
  decibels: (valueDb) => decibels(format, valueDb),
  distance: {
    title: "Wie weit die Telefone auseinander liegen",
    hint: "Ein Versuch: Dieses Telefon und ein anderes zirpen zehn Sekunden lang abwechselnd, und beide hören mit ihren Mikrofonen zu. Was sie hören, bleibt auf ihnen; sie sagen einander nur, wann es ankam. Bitte Ruhe im Raum.",
    measure: (name) => `Abstand zu ${format.fence(name)} messen`,
    of: (name, distanceM, uncertaintyM) =>
      `Abstand zu ${format.fence(name)}: ${metres(format, distanceM)}\u00a0± ${metres(format, uncertaintyM)}`,
    nobody: "Dazu braucht es ein anderes Telefon, auf dem diese Seite zu sehen ist.",
    asks: (name) => `${format.list([name])} möchte wissen, wie weit eure Telefone auseinander liegen.`,
    asksHint:
      "Wenn du es erlaubst, zirpen beide zehn Sekunden lang abwechselnd, und dieses hört mit seinem Mikrofon zu. Was es hört, bleibt auf ihm und wird sofort vergessen.",
    waiting: (name) => `Wartet, bis ${format.list([name])} es erlaubt.`,
    ready: "Gleich zirpen beide Telefone.",
    failure: {
      declined: (name) => `${format.list([name])} möchte jetzt nicht.`,
      busy: (name) => `Das Telefon von ${format.list([name])} misst schon. Versuch es gleich noch einmal.`,
      microphone: (name) =>
        `Das Telefon von ${format.list([name])} hat kein Mikrofon, das diese Seite benutzen darf.`,
      stopped: (name) => `Die Messung wurde auf dem Telefon von ${format.list([name])} beendet.`,
      silent: (name) =>
        `Das Telefon von ${format.list([name])} hat nicht rechtzeitig geantwortet. Ist diese Seite dort zu sehen?`,
      left: (name) => `${format.list([name])} ist nicht mehr da.`,
      unheard: () =>
        "Die Telefone haben einander nicht gut genug gehört. Mach beide lauter oder leg sie näher zusammen und versuch es noch einmal.",
      unsteady: () =>
        "Was zu hören war, ist von Mal zu Mal zu verschieden. Lass beide Telefone liegen und versuch es noch einmal.",
    },
  },
};
