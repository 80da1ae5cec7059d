// What is needed only once somebody joins: loaded while the join screen is being looked at, not before it works.

export { keysOfSession } from "../control/index.ts";
export { readFacts, SwarmSession } from "../session/index.ts";
export { openBulkHome, prepareBulkHome } from "../transfer/index.ts";
export { noticeOf, readFigures, viewHelp, viewPieces, viewSession } from "../view/index.ts";
export { LocalNetwork } from "./local-network.ts";
export { MediaControls } from "./media-controls.ts";
export { queueActions } from "./queue-actions.ts";
export { SoundSettings } from "./sound-settings.ts";
