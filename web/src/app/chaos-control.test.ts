// The other storms of chaos.test.ts.

import { describeStorms } from "./testing/storms.ts";

describeStorms("control", 4_001, 12);
