// Storms in which one member claims to direct with any number, at and near every end (D20).

import { describe } from "vitest";
import { describeStorms } from "./testing/storms.ts";

describe("[D20] [G1] [G2] [G3] [G4] after a storm", () => {
  describeStorms("control", 1, 1, "liar");
});
