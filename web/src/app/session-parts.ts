// What is needed only once somebody joins: loaded while the join screen is being looked at, not before it works.

export { keysOfSession } from "../control/index.ts";
export { openBestStore } from "../transfer/index.ts";
export { readFacts, readFigures } from "./facts.ts";
export { LocalNetwork } from "./local-network.ts";
export { SwarmSession } from "./swarm-session.ts";
export { viewPieces, viewSession } from "./view-model.ts";
