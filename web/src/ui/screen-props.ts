// What every screen and section is given.

import type { ReadonlySignal } from "@preact/signals";
import type { Actions, View } from "../view/index.ts";

export interface ScreenProps {
  readonly view: ReadonlySignal<View>;
  readonly actions: Actions;
}
