// The other storms of chaos.test.ts.

import { describe } from "vitest";
import { describeStorms } from "./testing/storms.ts";

describe("[G1] [G2] [G3] [G4] after a storm", () => {
  describeStorms("control", 4_001, 12);
});
